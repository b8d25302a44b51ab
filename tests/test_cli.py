"""The command line as a person meets it: help, exit codes, one line for every error and no value in
any."""

import subprocess
import sys
import types
from pathlib import Path

import pytest
import typer
from typer.core import TyperGroup

import genlib.cli
from genlib import errors
from genlib.cli import GROUPS, root, run

SENTINEL = "131052-952X"


@pytest.fixture
def breaking(monkeypatch, tmp_path):
    """Puts a command `demo` in place that raises what it is given, where there is no register."""
    monkeypatch.setenv("GENLIB_HOME", str(tmp_path))

    def put(error: BaseException) -> None:
        def broken() -> None:
            raise error

        app = typer.Typer()
        app.command()(broken)
        monkeypatch.setattr(
            genlib.cli, "import_module", lambda name: types.SimpleNamespace(app=app)
        )

    return put


def leaves(command=None, path: tuple[str, ...] = ("genlib",)):
    """Every command that does something, with its words."""
    command = command or root()
    if not isinstance(command, TyperGroup):
        yield path, command
        return
    for name, member in command.commands.items():
        loaded = member.make_context(name, [], resilient_parsing=True).command
        yield from leaves(loaded, (*path, name))


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (errors.GenlibError("x"), 1),
        (errors.UsageError("x"), 2),
        (errors.Refused("x"), 3),
        (errors.WrongPassword("x"), 3),
        (errors.BadInput("x"), 4),
        (errors.ReportFailed("x"), 5),
    ],
)
def test_each_error_has_its_exit_code_and_one_line(breaking, capsys, error, code):
    breaking(error)
    assert run(["demo"]) == code
    assert capsys.readouterr() == ("", "genlib: x\n")


def test_a_message_of_two_lines_is_told_in_one(breaking, capsys):
    breaking(errors.UsageError("one\n  two"))
    run(["demo"])
    assert capsys.readouterr().err == "genlib: one two\n"


def test_a_message_holds_nothing_that_a_terminal_obeys_and_it_ends(breaking, capsys):
    breaking(errors.UsageError("\x1b[31mred\x07 " + "long " * 1000))
    run(["demo"])
    told = capsys.readouterr().err
    assert told.startswith("genlib: [31mred long")
    assert told.endswith(" …\n")
    assert len(told) < 1_600


def test_what_the_system_refuses_is_told_in_its_words_without_the_file(breaking, capsys):
    breaking(OSError(28, "No space left on device", SENTINEL))
    assert run(["demo"]) == 1
    assert capsys.readouterr().err == "genlib: the system says: No space left on device\n"


def test_what_nobody_expected_is_told_by_class_and_place_without_its_message(breaking, capsys):
    breaking(ValueError(SENTINEL))
    assert run(["demo"]) == 1
    told = capsys.readouterr().err
    assert told.startswith("genlib: unexpected ValueError at genlib/cli/__init__.py:")
    assert SENTINEL not in told
    assert "Traceback" not in told


def test_debug_shows_the_traceback(breaking, capsys, monkeypatch):
    monkeypatch.setenv("GENLIB_DEBUG", "1")
    breaking(ValueError("x"))
    assert run(["demo"]) == 1
    assert "Traceback" in capsys.readouterr().err


def test_an_unknown_command_is_wrong_usage_with_a_suggestion(capsys):
    assert run(["repotr"]) == 2
    assert "'report'" in capsys.readouterr().err


def test_an_identifier_typed_by_mistake_is_not_repeated(capsys):
    assert run(["report", "list", SENTINEL]) == 2
    assert SENTINEL not in capsys.readouterr().err


def test_bare_groups_show_their_help(capsys):
    assert run(["report"]) == 2
    assert "Usage: genlib report" in capsys.readouterr().out


def test_version(capsys):
    assert run(["--version"]) == 0
    assert capsys.readouterr().out == f"genlib {genlib.__version__}\n"


def test_help_lists_every_group(capsys):
    assert run(["--help"]) == 0
    shown = capsys.readouterr().out
    assert [name for name in root().commands if name not in shown] == []


def test_every_module_of_commands_has_its_group():
    modules = {
        path.stem
        for path in Path(genlib.cli.__file__).parent.glob("*.py")
        if not path.stem.startswith("_")
    }
    assert modules == set(root().commands) <= set(GROUPS)


@pytest.mark.parametrize(
    ("path", "command"), [pytest.param(p, c, id=" ".join(p[1:])) for p, c in leaves()]
)
def test_every_command_has_help_with_an_example(path, command):
    assert f"Example: {' '.join(path)}" in command.help


def test_the_readme_names_every_group():
    readme = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
    assert [name for name in root().commands if f"genlib {name}" not in readme] == []


def test_help_loads_no_room():
    heavy = "('genlib', 'polars', 'papermill')"
    code = (
        "import sys, genlib.cli; genlib.cli.run(['--help']); print(*sorted(m for m in "
        f"sys.modules if m.startswith({heavy})))"
    )
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.splitlines()[-1]
    assert (
        loaded
        == "genlib genlib.cli genlib.errors genlib.lazy genlib.reports genlib.reports.identifying"
    )
