"""Every requirement of the notice has what satisfies it, and the tests that are said to prove one
bear its id: the list and the markers cannot drift apart.

The tests are read, not run: `@pytest.mark.notice("N9.3")` above a function of tests/ pairs it with
N9.3 of genlib/notice/requirements.toml.
"""

from __future__ import annotations

import ast
import copy
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from genlib import notice
from genlib.cli import run
from genlib.notice.requirements import (
    CLAUSES,
    Requirement,
    build_requirements,
    find_open,
    look_up,
    read_requirements,
)

ROOT = Path(__file__).parents[1]
LENGTHS = {
    **{"N0": 1, "N1": 2, "N2": 1, "N3": 1, "N4": 25, "N5": 9},
    **{"N6": 12, "N7": 8, "N8": 9, "N9": 7, "N10": 13, "N11": 19},
}
"""Requirements of each clause; clause 0 begins at N0.1."""
OPEN: list[str] = []
"""What nothing satisfies yet: told by `genlib notice check`; taken out here when paired."""
TEXT = notice.DEFAULT.read_text(encoding="utf-8")
PARSED = tomllib.loads(TEXT)


def read_markers(path: Path) -> Iterator[tuple[str, str]]:
    """(test, id) of every marker in a file of tests."""
    text = path.read_text(encoding="utf-8")
    tree = ast.parse(text if "pytest.mark.notice" in text else "")
    for node in tree.body:
        if isinstance(node, ast.FunctionDef):
            for decorator in node.decorator_list:
                for name in list_ids(decorator):
                    yield f"{path.relative_to(ROOT).as_posix()}::{node.name}", name


def list_ids(decorator: ast.expr) -> list[str]:
    """The ids of a `pytest.mark.notice`, none of another decorator."""
    if isinstance(decorator, ast.Call) and ast.unparse(decorator.func) == "pytest.mark.notice":
        return [ast.literal_eval(argument) for argument in decorator.args]
    return []


def test_all_107_requirements_are_listed_in_order() -> None:
    expected = [
        f"{clause}.{number}"
        for clause, length in LENGTHS.items()
        for number in range(1, length + 1)
    ]
    assert len(expected) == 107
    assert [one.id for one in read_requirements()] == expected
    assert list(CLAUSES) == list(LENGTHS)


def test_the_notice_cites_requirements_that_there_are() -> None:
    cited = set(re.findall(r"\bN\d+\.\d+\b", TEXT))
    assert cited - {one.id for one in read_requirements()} == set()
    assert len(cited) > 50


def test_the_list_and_the_markers_say_the_same() -> None:
    """Each named test exists and bears the id; each marker is in the list."""
    listed = {(test, one.id) for one in read_requirements() for test in one.tests}
    files = sorted((ROOT / "tests").rglob("test_*.py"))
    borne = {marker for path in files for marker in read_markers(path)}
    assert listed - borne == set()
    assert borne - listed == set()


def test_a_test_with_a_marker_is_one_that_pytest_runs() -> None:
    files = {test.partition("::")[0] for one in read_requirements() for test in one.tests}
    names = {test.partition("::")[2] for one in read_requirements() for test in one.tests}
    assert [file for file in files if not (ROOT / file).is_file()] == []
    assert [name for name in names if not name.startswith("test_")] == []


def test_what_is_open_is_known_and_told_with_exit_code_3(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert find_open(notice.load(notice.DEFAULT), read_requirements()) == OPEN
    assert run(["notice", "check"]) == (3 if OPEN else 0)
    shown = capsys.readouterr()
    assert [one.id for one in read_requirements() if f"  {one.id} " not in shown.out] == []
    assert shown.out.count("open: nothing satisfies it yet") == len(OPEN)
    assert ", ".join(OPEN) in shown.err
    assert "locked steel cabinet" in shown.out


def test_a_value_that_is_missing_in_the_notice_in_use_opens_its_requirement(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = [line for line in TEXT.splitlines() if not line.startswith("RELEVANT_CONNECTION")]
    text = "\n".join(lines).replace('["RELEVANT_CONNECTION"]', '["CONSENT"]')
    (tmp_path / "notice.toml").write_text(text, encoding="utf-8")
    monkeypatch.setenv("GENLIB_NOTICE", str(tmp_path / "notice.toml"))
    assert run(["notice", "check"]) == 3
    shown = capsys.readouterr()
    assert "missing in the notice: grounds.RELEVANT_CONNECTION" in shown.out
    assert re.search(r"open: (.*, )?N4\.4\b", shown.err)


@pytest.mark.parametrize(
    ("entry", "is_open"),
    [
        ({}, True),
        ({"tests": ["tests/test_x.py::test_x"]}, False),
        ({"values": ["controller.street"]}, False),
        ({"values": ["tables.customer.columns.phone.self_service"]}, False),
        ({"values": ["tables.customer.columns.shoe_size"]}, True),
        ({"values": ["purposes.fun"], "tests": ["tests/test_x.py::test_x"]}, True),
        ({"duty": {"whose": "IT", "what": "names users"}}, False),
    ],
)
def test_a_requirement_needs_a_test_a_value_or_a_duty(entry: dict[str, Any], is_open: bool) -> None:
    [one] = build_requirements({"N1.1": {"text": "A sentence.", **entry}})
    assert one.is_open(notice.load(notice.DEFAULT)) is is_open


def test_no_paper_is_a_statement_and_a_blank_name_is_none() -> None:
    raw = copy.deepcopy(PARSED) | {"paper": []}
    raw["controller"]["name"] = " "
    terms = notice.build(raw)
    assert look_up(terms, "paper") == ()
    assert not Requirement("N8.1", "", values=("paper",)).is_open(terms)
    assert Requirement("N1.1", "", values=("controller.name",)).is_open(terms)


@pytest.mark.notice("N8.1", "N8.2")
@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("is_locked = true", "is_locked = false", "paper 1 is not locked; lock it"),
        ('fi = "toimiston arkistohuone"', 'fi = ""', "paper 1: place.fi is empty"),
        (
            'retention = "evidence"\nentrants',
            'retention = "ever"\nentrants',
            "paper 1: unknown retention ever",
        ),
        (
            '{ who = "privacy officer", since',
            '{ who = " ", since',
            "paper 1: say of each who may enter",
        ),
    ],
)
def test_paper_that_is_not_locked_or_open_to_nobody_named_is_a_fault(
    old: str, new: str, fault: str
) -> None:
    assert old in TEXT
    terms = notice.build(tomllib.loads(TEXT.replace(old, new, 1)))
    assert any(one.startswith(fault) for one in terms.faults())
    raw = copy.deepcopy(PARSED)
    raw["paper"][0]["entrants"] = []
    assert "paper 1: nobody is named who may enter (N8.2)" in list(notice.build(raw).faults())
