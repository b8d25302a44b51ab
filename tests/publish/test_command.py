"""`genlib publish` and `genlib notice`, as a person types them."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from small import Small

from genlib import cli
from genlib.register import audit
from genlib.register.vault import create_keys


@pytest.fixture
def workbench(small: Small, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Small:
    """A register of six, keys of two people, and the settings that say where."""
    small.people(6)
    create_keys(small.home / "keys.json", user="steward", password="correct horse", publisher=("publisher", "battery staple"))
    (small.home / "password").write_text("battery staple")
    for name, value in {"HOME": small.home, "USER": "publisher", "PASSWORD_FILE": small.home / "password"}.items():
        monkeypatch.setenv(f"GENLIB_{name}", str(value))
    return small


def test_publish_says_what_it_made_and_leaves_a_trace(workbench: Small, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["publish", "satisfaction", "customer_analysis"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [re.sub(r"\d{4}-\S+", "ID", line) for line in lines] == [
        f"{purpose} ID 6 people, left out: nobody; k = 6" for purpose in ("satisfaction", "customer_analysis")
    ]
    [events] = workbench.register.scan("audit_event", ["user", "purpose", "action", "people", "detail"], ordered_by="id")
    last = events.row(-1, named=True)
    assert (last["user"], last["purpose"], last["action"], last["people"]) == ("publisher", "customer_analysis", "publish", 6)
    assert json.loads(last["detail"])["release"] in lines[1]
    assert audit.verify(workbench.register) == 2


def test_publish_makes_all_by_default(workbench: Small) -> None:
    assert cli.run(["publish"]) == 0
    assert sorted(path.parent.name for path in (workbench.home / "releases").glob("*/current")) == [
        "campaign_history",
        "customer_analysis",
        "satisfaction",
    ]


def refusal(capsys: pytest.CaptureFixture[str], code: int, *words: str) -> str:
    assert cli.run(words) == code
    said = capsys.readouterr()
    assert (said.out, said.err.count("\n")) == ("", 1)
    return said.err


def test_an_unknown_purpose_is_refused_before_anything_is_made(workbench: Small, capsys: pytest.CaptureFixture[str]) -> None:
    assert "no such release purpose" in refusal(capsys, 2, "publish", "satisfaction", "marketing")
    assert not (workbench.home / "releases").exists()


def test_the_steward_cannot_publish(workbench: Small, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """The identity key and the pseudonym key lie in two hands."""
    monkeypatch.setenv("GENLIB_USER", "steward")
    assert "steward has no slot for the pseudonym key" in refusal(capsys, 3, "publish")


def test_the_notice_in_force_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["notice", "show"]) == 0
    shown = capsys.readouterr().out
    told = (
        "Vesuritie 6, 90820 Kello",
        "Data protection officer",
        "(N4.10)",
        "birth_year (age_band)",
        "comment (redacted)",
        "Accounting Act",
    )
    assert [word for word in told if word not in shown] == []


def test_the_notice_is_in_order(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["notice", "check"]) == 0
    assert "is in order" in capsys.readouterr().out


def test_every_fault_of_a_notice_is_listed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    from genlib.notice import DEFAULT

    text = DEFAULT.read_text(encoding="utf-8").replace("k = 5", "k = 1").replace('purposes = ["billing", "credit"]', 'purposes = ["fun"]')
    (tmp_path / "notice.toml").write_text(text.replace("left_on = {", "shoe_size = {"), encoding="utf-8")
    monkeypatch.setenv("GENLIB_NOTICE", str(tmp_path / "notice.toml"))
    assert cli.run(["notice", "check"]) == 1
    said = capsys.readouterr()
    assert said.out.count("fault: ") == 5
    assert "the notice has 5 faults" in said.err
