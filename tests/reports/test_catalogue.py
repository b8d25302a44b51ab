import stat
from dataclasses import asdict
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genlib.errors import Refused
from genlib.private import GROUP, OWNER
from genlib.reports import catalogue
from genlib.reports.catalogue import Slot

SLOT = Slot("campaign_history", "2026-10", "fi")


def keep(tmp_path, run_id: str, status: str = "good", slot: Slot = SLOT) -> catalogue.Run:
    files = {"report.ipynb": b"{}"} | ({"report.html": b"<p>"} if status == "good" else {})
    return catalogue.keep(
        tmp_path, slot, files, {"run_id": run_id, "status": status, "slot": asdict(slot)}
    )


def test_a_run_lies_whole_in_its_slot(tmp_path):
    run = keep(tmp_path, "2026-11-01T040000Z-aaaaaa")
    assert run.folder == tmp_path / "campaign_history/2026-10/fi/2026-11-01T040000Z-aaaaaa"
    assert sorted(path.name for path in run.folder.iterdir()) == [
        "manifest.json",
        "report.html",
        "report.ipynb",
    ]
    assert (run.html.name, run.pdf) == ("report.html", None)


def test_a_crash_before_the_rename_leaves_nothing_to_be_seen(tmp_path):
    keep(tmp_path, "2026-11-01T040000Z-aaaaaa")
    draft = tmp_path / SLOT.folder / ".2026-11-02T040000Z-bbbbbb"
    draft.mkdir()
    (draft / "manifest.json").write_text("{")
    assert [run.id for run in catalogue.runs(tmp_path)] == ["2026-11-01T040000Z-aaaaaa"]
    catalogue.sweep(tmp_path, catalogue.UNFINISHED, older_than=draft.stat().st_mtime + 1)
    assert not draft.exists()


def test_what_was_to_be_kept_until_today_goes(tmp_path):
    for run_id, until in (
        ("2026-11-01T040000Z-aaaaaa", "2029-12-01"),
        ("2026-12-01T040000Z-bbbbbb", "2030-01-01"),
    ):
        told = {"run_id": run_id, "status": "good", "slot": asdict(SLOT), "kept_until": until}
        catalogue.keep(tmp_path, SLOT, {"report.ipynb": b"{}"}, told)
    catalogue.prune(tmp_path, today="2029-12-01")
    assert [run.id for run in catalogue.runs(tmp_path)] == ["2026-12-01T040000Z-bbbbbb"]
    assert len(list((tmp_path / SLOT.folder).iterdir())) == 1


@pytest.mark.parametrize("content", [b"{", b"[1]", b"{}", b"\xff"])
def test_a_run_whose_manifest_is_broken_does_not_hide_the_others(content, tmp_path):
    keep(tmp_path, "2026-11-01T040000Z-aaaaaa")
    (keep(tmp_path, "2026-11-02T040000Z-bbbbbb").folder / "manifest.json").write_bytes(content)
    assert [run.id for run in catalogue.runs(tmp_path)] == ["2026-11-01T040000Z-aaaaaa"]


def test_a_run_that_finds_no_room_leaves_no_draft(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(catalogue, "write_file", full)
    with pytest.raises(OSError, match="No space left"):
        keep(tmp_path, "2026-11-01T040000Z-aaaaaa")
    assert list((tmp_path / SLOT.folder).iterdir()) == []


def test_newest_takes_one_run_of_each_slot(tmp_path):
    for run_id, status in [("2026-1", "good"), ("2026-2", "good"), ("2026-3", "failed")]:
        keep(tmp_path, run_id, status)
    keep(tmp_path, "2026-4", slot=Slot("campaign_history", "2026-10", "fi", "region-01"))
    found = catalogue.runs(tmp_path)
    assert [run.id for run in catalogue.newest(found, "good")] == ["2026-2", "2026-4"]
    assert [run.id for run in catalogue.newest(found, "failed")] == ["2026-3"]


def test_only_what_differs_from_its_default_is_chosen():
    defaults = {"period": "2026-10", "language": "fi", "region": "all", "base": 10}
    assert catalogue.chosen(defaults, defaults) == {}
    assert catalogue.chosen({**defaults, "period": "2026", "region": "01"}, defaults) == {
        "region": "01"
    }


def test_what_is_chosen_is_in_the_slug():
    values = {"period": "2026", "language": "sv", "region": "01"}
    assert catalogue.slot_of("x", values, {"region": "01"}) == Slot("x", "2026", "sv", "region-01")


@given(st.text(), st.text())
def test_unlike_parameters_have_unlike_slugs_that_are_plain_folder_names(one, other):
    slugs = [catalogue.slot_of("x", {}, {"region": value}).slug for value in (one, other)]
    assert (slugs[0] == slugs[1]) == (one == other)
    assert not any("/" in slug or len(slug) > 100 for slug in slugs)


def test_runs_sort_by_time_and_never_meet():
    now = datetime(2026, 11, 1, 4, 0, 1, tzinfo=UTC)
    assert catalogue.new_id(now).startswith("2026-11-01T040001Z-")
    assert catalogue.new_id(now) != catalogue.new_id(now)


def test_replace_leaves_no_draft(tmp_path):
    catalogue.replace(tmp_path / "index.html", b"old")
    catalogue.replace(tmp_path / "index.html", b"new")
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"new"]


def test_what_a_killed_writer_of_the_index_left_is_swept(tmp_path):
    (tmp_path / ".index.html.0a1b2c").write_bytes(b"half")
    catalogue.replace(tmp_path / "index.html", b"new")
    assert [path.name for path in tmp_path.iterdir()] == ["index.html"]


def test_no_folder_of_the_catalogue_is_a_link(tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "reports").mkdir()
    (tmp_path / "reports" / SLOT.report).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(Refused, match="is a symbolic link"):
        keep(tmp_path / "reports", "2026-11-01T040000Z-aaaaaa")
    assert list((tmp_path / "elsewhere").iterdir()) == []


@pytest.mark.parametrize(("access", "modes"), [(OWNER, {0o700, 0o600}), (GROUP, {0o750, 0o640})])
def test_a_run_is_for_those_whom_the_settings_name(tmp_path, access, modes):
    told = {"run_id": "2026-1", "status": "good", "slot": asdict(SLOT)}
    catalogue.keep(tmp_path / "reports", SLOT, {"report.html": b"<p>"}, told, access)
    places = [tmp_path / "reports", *(tmp_path / "reports").rglob("*")]
    assert {stat.S_IMODE(path.stat().st_mode) for path in places} == modes
