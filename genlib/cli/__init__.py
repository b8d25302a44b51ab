"""The command line: groups that load when they are called, one line on stderr for every error, the
exit code of its kind."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Sequence
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any

import typer
from typer.core import TyperGroup
from typer.exceptions import Abort, TyperException

import genlib
from genlib.errors import GenlibError, Refused, WrongPassword
from genlib.reports.identifying import masked

GROUPS = {
    "demo": "Make a synthetic register, three releases and three reports to look at.",
    "register": "Create, load and check the register.",
    "feed": "Check what the systems of the company send, before it is kept.",
    "keys": "Make the key file and give people their own slot in it.",
    "publish": "Publish a pseudonymised release for one purpose.",
    "report": "Run a report, list the catalogue of reports, or take one back.",
    "schedule": "Make the reports that are due, and say how it stands.",
    "subject": "Requests of customers: deadlines, identity, consents, corrections, erasure.",
    "retention": "Remove what was kept as long as the notice says.",
    "audience": "The customers whom a campaign may contact, and why not the others.",
    "audit": "Show, verify and export the audit trail.",
    "notice": "Show and check the privacy notice, and write it out for customers and authorities.",
}


LONGEST = 1_500
"""Characters of a message."""


class _Group(TyperGroup):
    """A group known by name and help; its module is imported when it is called."""

    def make_context(
        self, info_name: str | None, args: list[str], parent: Any = None, **extra: Any
    ) -> Any:
        command = typer.main.get_command(import_module(f"genlib.cli.{self.name}").app)
        if isinstance(command, TyperGroup):
            command.help = self.help
        command.params = [
            option for option in command.params if not str(option.name).endswith("_completion")
        ]
        return command.make_context(info_name, args, parent=parent, **extra)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"genlib {genlib.__version__}")
        raise typer.Exit


def _root(
    version: bool = typer.Option(
        False, "--version", callback=_version, is_eager=True, help="Show the version."
    ),
) -> None:
    """A workbench for a customer register: pseudonymised releases in, protected reports out."""


def root() -> TyperGroup:
    """The command tree."""
    app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False)
    app.callback()(_root)
    group = typer.main.get_command(app)
    assert isinstance(group, TyperGroup)  # noqa: S101 - an app with a callback is a group
    for name, summary in GROUPS.items():
        group.add_command(_Group(name=name, help=summary))
    return group


def run(arguments: Sequence[str]) -> int:
    """Run one command line and return its exit code: 0 done, 2 wrong usage, 3 refused, 4 bad input,
    5 a report failed, 1 else."""
    try:
        code = root().main(list(arguments), prog_name="genlib", standalone_mode=False)
    except GenlibError as error:
        _tell_refusal(error, arguments)
        return _say(str(error), error.exit_code)
    except TyperException as error:
        return (
            error.exit_code
            if type(error).__name__ == "NoArgsIsHelpError"
            else _say(_usage(error), error.exit_code)
        )
    except Abort:
        return _say("stopped", 130)
    except OSError as error:
        return (
            _say(f"the system says: {os.strerror(error.errno)}", 1)
            if error.errno
            else _unexpected(error)
        )
    except Exception as error:  # the last resort: whatever broke, its message may hold a value
        return _unexpected(error)
    return code if isinstance(code, int) else 0


def _tell_refusal(error: GenlibError, arguments: Sequence[str]) -> None:
    """A refusal in the audit trail, by its class; it stands even if it cannot be told. Who opened a
    key in vain is told where it was tried (`key_use`)."""
    if error.exit_code != Refused.exit_code or isinstance(error, WrongPassword):
        return
    with suppress(Exception):
        from genlib.register.key_use import tell_act
        from genlib.settings import load

        detail = {"error": type(error).__name__, "command": _name_command(arguments)}
        tell_act(load(), "refused", detail)


def _name_command(arguments: Sequence[str]) -> str:
    """The words that are names of commands; nothing else that was typed."""
    group = arguments[0] if arguments and arguments[0] in GROUPS else ""
    command = typer.main.get_command(import_module(f"genlib.cli.{group}").app) if group else None
    members = command.commands if isinstance(command, TyperGroup) else {}
    member = next((word for word in arguments[1:] if word in members), "")
    return f"{group} {member}".strip()


def main() -> None:
    """The console script."""
    sys.exit(run(sys.argv[1:]))


def _say(text: str, code: int) -> int:
    """In one line that ends, without what a terminal would obey."""
    seen = "".join(one if one.isprintable() else " " for one in text)
    line = " ".join(seen.split())
    typer.echo(f"genlib: {line if len(line) <= LONGEST else line[:LONGEST] + ' …'}", err=True)
    return code


def _usage(error: TyperException) -> str:
    """The complaint with where to read on; identifiers typed by mistake are masked."""
    context = getattr(error, "ctx", None)
    return masked(error.format_message()) + (
        f" (see {context.command_path} --help)" if context else ""
    )


def _unexpected(error: Exception) -> int:
    if os.environ.get("GENLIB_DEBUG") == "1":
        traceback.print_exception(error)
    home = Path(genlib.__file__).parent
    frames = [
        f
        for f in traceback.extract_tb(error.__traceback__)
        if Path(f.filename).is_relative_to(home)
    ]
    where = (
        f"genlib/{Path(frames[-1].filename).relative_to(home)}:{frames[-1].lineno}"
        if frames
        else "the start"
    )
    return _say(f"unexpected {type(error).__name__} at {where}; GENLIB_DEBUG=1 shows more", 1)
