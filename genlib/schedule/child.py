"""A task in a process of its own, so that it can be stopped and cannot take the scheduler along."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from contextlib import suppress
from multiprocessing import get_context, parent_process
from multiprocessing.connection import Connection
from threading import Thread
from typing import Any

from genlib.schedule.outcome import FAILED, Outcome, judge_error

Act = Callable[..., Outcome]


KILLED = Outcome(FAILED, "the process was stopped from outside", error="Killed", may_pass=True)


class Child:
    """`act(*arguments)` in a new process; a module's own function, whose arguments travel there."""

    def __init__(self, act: Act, *arguments: Any) -> None:
        context = get_context("spawn")
        self._pipe, other = context.Pipe()
        self._process = context.Process(target=_do, args=(other, act, arguments))
        self._process.start()
        other.close()

    def wait(self, seconds: float) -> Outcome | None:
        """How it ended; None if it goes on after so many seconds."""
        if not self._pipe.poll(seconds):
            return None
        try:
            outcome: Outcome = self._pipe.recv()
        except (EOFError, ConnectionError):
            return KILLED
        return outcome

    def stop(self) -> None:
        """End it, with what it started; nothing if it has ended."""
        if self._process.is_alive() and self._process.pid:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.kill()
        self._process.join()
        self._pipe.close()


class Here:
    """A short task, done in this process when it is waited for."""

    def __init__(self, act: Act, *arguments: Any) -> None:
        self._act = act
        self._arguments = arguments

    def wait(self, seconds: float) -> Outcome | None:
        """How it ended."""
        return judge(self._act, self._arguments)

    def stop(self) -> None:
        """There is nothing to stop."""


def _do(pipe: Connection, act: Act, arguments: tuple[Any, ...]) -> None:
    _stand_alone()
    pipe.send(judge(act, arguments))


def _stand_alone() -> None:
    """A process of its own group, which a terminal's ^C does not reach: its scheduler ends it. If
    that is killed, it ends by itself: the task is soon another's, who must find nobody at it."""
    os.setsid()
    Thread(target=_end_with_scheduler, daemon=True).start()


def _end_with_scheduler() -> None:
    scheduler = parent_process()
    if scheduler:
        scheduler.join()
        os.killpg(0, signal.SIGKILL)


def judge(act: Act, arguments: tuple[Any, ...]) -> Outcome:
    """How an act ends, whatever it raises."""
    try:
        return act(*arguments)
    except Exception as error:  # its message may hold a value: only its class is told
        return judge_error(error)
