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


class Child:
    """`act(*arguments)` in a new process; a module's own function, whose arguments travel there."""

    def __init__(self, act: Act, *arguments: Any) -> None:
        context = get_context("spawn")
        self._answer, giver = context.Pipe(duplex=False)
        self._process = context.Process(target=_do, args=(giver, act, arguments))
        self._process.start()
        giver.close()

    def wait(self, seconds: float) -> Outcome | None:
        """How it ended; None if it goes on after so many seconds."""
        if not self._answer.poll(seconds):
            return None
        try:
            outcome: Outcome = self._answer.recv()
        except EOFError:
            return Outcome(
                FAILED, "the process was stopped from outside", error="Killed", may_pass=True
            )
        return outcome

    def stop(self) -> None:
        """End it, with what it started; nothing if it has ended."""
        if self._process.is_alive() and self._process.pid:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.kill()
        self._process.join()
        self._answer.close()


class Here:
    """A short task, done in this process when it is waited for."""

    def __init__(self, act: Act, *arguments: Any) -> None:
        self._act = act
        self._arguments = arguments

    def wait(self, seconds: float) -> Outcome | None:
        """How it ended."""
        return _judge(self._act, self._arguments)

    def stop(self) -> None:
        """There is nothing to stop."""


def _do(giver: Connection, act: Act, arguments: tuple[Any, ...]) -> None:
    """In a group of its own, which a terminal's ^C does not reach: the scheduler stops it."""
    os.setsid()
    Thread(target=_end_with_scheduler, daemon=True).start()
    giver.send(_judge(act, arguments))


def _end_with_scheduler() -> None:
    """A task whose scheduler was killed is soon another's, who must find nobody at it."""
    scheduler = parent_process()
    if scheduler:
        scheduler.join()
        os.killpg(0, signal.SIGKILL)


def _judge(act: Act, arguments: tuple[Any, ...]) -> Outcome:
    try:
        return act(*arguments)
    except Exception as error:  # its message may hold a value: only its class is told
        return judge_error(error)
