"""Every command says the level that it needs, and refuses whoever has not got it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from workbench import ROOT

from genlib import notice
from genlib.cli import root, run
from genlib.register import vault
from genlib.register.database import open_register
from genlib.register.levels import LEVELS, PRIVACY_OFFICER, PUBLISHER, STEWARD
from genlib.register.schema import Base

STATED = re.compile(r"Level: (?P<said>[^.]*)\.")
BY_SLOT = re.compile(r"(privacy_officer|steward|publisher)(, and publisher for the pseudonyms)?")


def find_commands() -> dict[str, Any]:
    """All commands by their words."""
    found = {}
    for name, group in root().commands.items():
        context = group.make_context(name, ["--help"], resilient_parsing=True)
        command = context.command
        inner = command.commands if hasattr(command, "commands") else {"": command}
        for word, one in inner.items():
            found[f"{name} {word}".strip()] = one
    return found


COMMANDS = find_commands()
NEEDS = {}
for words, command in COMMANDS.items():
    said = STATED.search(" ".join((command.help or "").split()))
    NEEDS[words] = said["said"] if said else ""
SLOTS = {words: needed for words, needed in NEEDS.items() if BY_SLOT.fullmatch(needed)}


@pytest.mark.notice("N8.8")
@pytest.mark.parametrize("words", COMMANDS)
def test_every_command_says_its_level(words: str) -> None:
    first = re.split(r"[,; ]", NEEDS[words])[0]
    assert first in {"none", "any", "the", *LEVELS}, words


@pytest.mark.notice("N8.6")
def test_the_levels_are_those_of_the_notice() -> None:
    assert list(notice.load().levels) == list(LEVELS)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A register, its keys - erja is the privacy officer, bertta the publisher, carl a steward -
    and a file of pseudonyms."""
    home = tmp_path_factory.mktemp("levels")
    (home / "password").write_text("a good password")
    (home / "file").write_text("pseudonym\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(vault, "COST", {"time": 1, "memory_kib": 64, "lanes": 1})
        word = "a good password"
        vault.create_keys(
            home / "keys.json", user="erja", password=word, publisher=("bertta", word)
        )
        vault.add_user(
            home / "keys.json",
            user="erja",
            password=word,
            new=("carl", word),
            levels=["steward"],
        )
        patch.setenv("GENLIB_HOME", str(home))
        assert run(["register", "create"]) == 0
    return home


VALUES = {
    "folder": str(ROOT / "data/sample"),
    "inputs": str(ROOT / "data/sample"),
    "pseudonyms": "PSEUDONYMS",
    "told_on": "2026-11-24",
    "by": "email",
    "to": "marketing",
    "channel": "email",
    "kind": "DM",
}
"""What a parameter is given by its name; else 1, which is a number and a text."""
MORE = {
    "register release-hold": ["--unknown"],
    "audience export": ["--basis", "contract", "--evidence", "x", "--country", "FI"],
}


def write_line(words: str, home: Path) -> list[str]:
    """A command line with something for everything that must be said."""
    line = [*words.split(), *MORE.get(words, [])]
    for parameter in COMMANDS[words].params:
        value = VALUES.get(str(parameter.name), "1").replace("PSEUDONYMS", str(home / "file"))
        option = [] if parameter.param_type_name == "argument" else parameter.opts[:1]
        line += [*option, value] if parameter.required else []
    return line


def read_rows(home: Path) -> dict[str, list[Any]]:
    """All that a register holds, but for its audit trail."""
    with open_register(f"sqlite:///{home}/register.sqlite").engine.connect() as connection:
        return {
            one.name: list(connection.execute(one.select()))
            for one in Base.metadata.sorted_tables
            if one.name != "audit_event"
        }


@pytest.mark.notice("N8.7")
@pytest.mark.parametrize("words", SLOTS)
def test_whoever_has_not_the_level_is_refused_and_told_whom_to_ask(
    words: str, home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    needed = BY_SLOT.fullmatch(NEEDS[words])[1]
    user, whom = {
        STEWARD.name: ("bertta", "carl, erja"),
        PRIVACY_OFFICER.name: ("carl", "erja"),
        PUBLISHER.name: ("carl", "bertta"),
    }[needed]
    monkeypatch.setenv("GENLIB_HOME", str(home))
    monkeypatch.setenv("GENLIB_USER", user)
    monkeypatch.setenv("GENLIB_PASSWORD_FILE", str(home / "password"))
    before = read_rows(home)
    line = write_line(words, home)
    code = run(line)
    said = capsys.readouterr().err
    assert (code, said.count("\n")) == (3, 1), (line, said)
    assert f"needs the level {needed} for this; ask {whom} (genlib keys add NAME" in said
    assert read_rows(home) == before


def test_a_name_in_the_environment_is_no_identity(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "guess").write_text("not erja's words")
    monkeypatch.setenv("GENLIB_HOME", str(home))
    monkeypatch.setenv("GENLIB_USER", "erja")
    guess = ["--password-file", str(tmp_path / "guess")]
    assert run(["subject", "requests", *guess]) == 3
    assert run(["subject", "requests", "--password-file", str(home / "password")]) == 0
