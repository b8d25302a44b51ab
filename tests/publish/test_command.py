"""`genlib publish` and `genlib notice`, as a person types them."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from small import LONG_AGO, Small

from genlib import cli, notice
from genlib.errors import Refused
from genlib.register import audit
from genlib.register.vault import create_keys
from genlib.release import open_release


@pytest.fixture
def workbench(small: Small, monkeypatch: pytest.MonkeyPatch) -> Small:
    """A register of six."""
    return keyed(small.people(6), monkeypatch)


def keyed(small: Small, monkeypatch: pytest.MonkeyPatch) -> Small:
    """The register with keys of two people, and the settings that say where."""
    create_keys(
        small.home / "keys.json",
        user="steward",
        password="correct horse",
        publisher=("publisher", "battery staple"),
    )
    (small.home / "password").write_text("battery staple")
    for name, value in {
        "HOME": small.home,
        "USER": "publisher",
        "PASSWORD_FILE": small.home / "password",
    }.items():
        monkeypatch.setenv(f"GENLIB_{name}", str(value))
    return small


def test_publish_says_what_it_made_and_leaves_a_trace(
    workbench: Small, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.run(["publish", "satisfaction", "customer_analysis"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [re.sub(r"\d{4}-\S+", "ID", line) for line in lines] == [
        f"{purpose} ID 6 people, left out: nobody; k = 6"
        for purpose in ("satisfaction", "customer_analysis")
    ]
    [events] = workbench.register.scan(
        "audit_event", ["user", "purpose", "action", "people", "detail"], ordered_by="id"
    )
    last = events.row(-1, named=True)
    assert (last["user"], last["purpose"], last["action"], last["people"]) == (
        "publisher",
        "customer_analysis",
        "publish",
        6,
    )
    assert json.loads(last["detail"])["release"] in lines[1]
    assert audit.verify(workbench.register) == 3


def test_publish_makes_all_by_default(workbench: Small) -> None:
    assert cli.run(["publish"]) == 0
    assert sorted(path.parent.name for path in (workbench.home / "releases").glob("*/current")) == [
        "campaign_history",
        "customer_analysis",
        "satisfaction",
    ]


def test_an_empty_register_is_not_published_over_the_release_before(
    workbench: Small,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert cli.run(["publish", "satisfaction"]) == 0
    current = workbench.home / "releases" / "satisfaction" / "current"
    before = current.read_text()
    empty = Small(tmp_path / "empty")
    monkeypatch.setenv("GENLIB_REGISTER", empty.register.url)
    capsys.readouterr()
    said = refusal(capsys, 2, "publish")
    assert said.startswith("genlib: nobody is in the register at sqlite:")
    assert "load it first: genlib register load FOLDER" in said
    assert current.read_text() == before
    assert [event.action for event in audit.list_events(empty.register)] == ["key use"]


def test_a_release_without_anybody_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    keyed(Small(tmp_path).people(6, restricted_from=LONG_AGO), monkeypatch)
    assert cli.run(["publish", "satisfaction"]) == 0
    said = capsys.readouterr()
    assert "0 people, left out: 6 restricted" in said.out
    assert said.err.endswith(
        "nobody is in this release of satisfaction: everybody in the register was left out\n"
    )


FULL = """
import resource, sys
from genlib import cli
# a file cannot grow, as on a full disk
resource.setrlimit(resource.RLIMIT_FSIZE, (500_000, 500_000))
sys.exit(cli.run(["publish", "customer_analysis"]))
"""


def test_a_full_disk_is_told_in_the_systems_words_and_leaves_the_release_before(
    workbench: Small,
) -> None:
    assert cli.run(["publish", "customer_analysis"]) == 0
    invoice = {"issued_on": LONG_AGO.date(), "due_on": LONG_AGO.date(), "product_line": "filter"}
    noise = np.random.default_rng(1).integers(0, 2**62, 80_000).tolist()
    workbench.add(
        "invoice",
        *(
            {"id": number, "customer_id": 1, "amount_cents": cents, **invoice}
            for number, cents in enumerate(noise)
        ),
    )
    [current] = (workbench.home / "releases").glob("*/current")
    before = current.read_text()
    done = subprocess.run([sys.executable, "-c", FULL], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (
        1,
        "",
        "genlib: the system says: File too large\n",
    )
    assert (current.read_text(), list(current.parent.glob(".tmp-*"))) == (before, [])


def test_a_release_that_cannot_be_audited_is_not_there(
    workbench: Small, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("genlib.register.key_use.tell_act", lambda *_: None)
    monkeypatch.setattr("genlib.register.audit.digest_event", lambda *_: None)
    assert cli.run(["publish", "satisfaction"]) == 4
    assert [path.name for path in (workbench.home / "releases" / "satisfaction").iterdir()] == [
        ".lock"
    ]


def refusal(capsys: pytest.CaptureFixture[str], code: int, *words: str) -> str:
    assert cli.run(words) == code
    said = capsys.readouterr()
    assert (said.out, said.err.count("\n")) == ("", 1)
    return said.err


def test_an_unknown_purpose_is_refused_before_anything_is_made(
    workbench: Small, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "no such release purpose" in refusal(capsys, 2, "publish", "satisfaction", "marketing")
    assert not (workbench.home / "releases").exists()


def test_a_notice_that_was_changed_under_its_version_is_published_and_read_by_nobody(
    workbench: Small, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.run(["publish", "satisfaction"]) == 0
    current = workbench.home / "releases" / "satisfaction" / "current"
    before = current.read_text()
    path = workbench.home / "notice.toml"
    changed = notice.DEFAULT.read_text(encoding="utf-8").replace("min_count = 5", "min_count = 3")
    path.write_text(changed, encoding="utf-8")
    monkeypatch.setenv("GENLIB_NOTICE", str(path))
    capsys.readouterr()
    said = refusal(capsys, 3, "publish", "satisfaction")
    assert "the notice was changed but its version was not" in said
    assert current.read_text() == before
    with pytest.raises(Refused, match="raise `version`"):
        open_release("satisfaction")
    path.write_text(re.sub(r"(?m)^version = .*", 'version = "2026-9"', changed), encoding="utf-8")
    assert open_release("satisfaction").manifest.notice_digest == notice.load(notice.DEFAULT).digest
    assert cli.run(["publish", "satisfaction"]) == 0
    manifest = open_release("satisfaction").manifest
    assert (manifest.notice_version, manifest.notice_digest) == ("2026-9", notice.load(path).digest)


def test_a_folder_of_releases_that_is_a_link_is_refused(
    workbench: Small, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "elsewhere").mkdir()
    (workbench.home / "releases").symlink_to(tmp_path / "elsewhere")
    assert "is a symbolic link" in refusal(capsys, 3, "publish", "satisfaction")
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_releases_open_to_a_group_by_setting(
    workbench: Small, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GENLIB_GROUP_READABLE", "true")
    assert cli.run(["publish", "satisfaction"]) == 0
    modes = {
        (path.is_dir(), path.stat().st_mode & 0o777)
        for path in (workbench.home / "releases").rglob("*")
        if path.name != ".lock"
    }
    assert modes == {(True, 0o750), (False, 0o640)}


def test_a_notice_that_is_not_there_is_wrong_usage(
    workbench: Small, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("GENLIB_NOTICE", str(workbench.home / "none.toml"))
    assert "no notice can be read at" in refusal(capsys, 2, "publish")


def test_the_steward_cannot_publish(
    workbench: Small, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The identity key and the pseudonym key lie in two hands."""
    monkeypatch.setenv("GENLIB_USER", "steward")
    assert "this user has no slot for the pseudonym key" in refusal(capsys, 3, "publish")


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


def test_every_fault_of_a_notice_is_listed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from genlib.notice import DEFAULT

    text = (
        DEFAULT.read_text(encoding="utf-8")
        .replace("k = 5", "k = 1")
        .replace('purposes = ["billing", "credit"]', 'purposes = ["fun"]')
    )
    (tmp_path / "notice.toml").write_text(
        text.replace("left_on = {", "shoe_size = {"), encoding="utf-8"
    )
    monkeypatch.setenv("GENLIB_NOTICE", str(tmp_path / "notice.toml"))
    assert cli.run(["notice", "check"]) == 4
    said = capsys.readouterr()
    assert said.out.count("fault: ") == 5
    assert "the notice has 5 faults" in said.err
