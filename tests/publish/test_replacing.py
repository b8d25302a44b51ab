"""A kept release is made anew without who was erased: whole, k-anonymous, and never half."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import polars as pl
import pytest
from small import KEY, NOW, Small

from genlib import notice as notices
from genlib.errors import Refused, ReleaseNotFound
from genlib.publish import folder
from genlib.publish.pseudonym import pseudonyms
from genlib.publish.replacing import Removal, remove_from_releases
from genlib.release import Manifest, Release, open_release
from genlib.settings import load

PURPOSE = "satisfaction"
LADDER = notices.load().anonymity.ladder
AFTER = NOW + dt.timedelta(days=1)


@pytest.fixture
def small(tmp_path: Path) -> Small:
    """Six people of Helsinki, five of Oulu, each with an invitation and an answer."""
    made = Small(tmp_path).people(11)
    with made.register.writing() as connection:
        connection.exec_driver_sql("UPDATE customer SET postal_code = '90100' WHERE id > 6")
    day = NOW.date()
    kind = {"kind": "satisfaction", "promise": "confidential", "opened_on": day}
    made.add("survey", {"id": 1, "code": "S", "name": "S"} | kind)
    made.add(
        "survey_question",
        {"id": 1, "survey_id": 1, "code": "q", "scale": "nps_0_10", "text_fi": "?"},
    )
    asked = {"survey_id": 1, "channel": "email", "sent_at": NOW, "delivered": True}
    numbers = range(1, 12)
    made.add("survey_invitation", *(asked | {"id": n, "customer_id": n} for n in numbers))
    answer = {"question_id": 1, "score": 9}
    return made.add("survey_answer", *(answer | {"invitation_id": n} for n in numbers))


def remove(small: Small, *ids: int) -> dict[str, str]:
    removal = Removal(ids, AFTER, LADDER)
    return remove_from_releases(small.home / "releases", PURPOSE, KEY, removal)


def read(small: Small, release_id: str) -> Release:
    path = small.home / "releases" / PURPOSE / release_id
    manifest = Manifest.from_json((path / "manifest.json").read_text(encoding="utf-8"))
    return Release(path, manifest)


def test_all_rows_of_the_person_go_and_the_rest_stays(small: Small) -> None:
    before = small.publish(PURPOSE)
    [(old, new)] = remove(small, 1).items()
    after = read(small, new)
    assert old == before.id
    assert not before.path.exists()
    names = pseudonyms(pl.Series([1]), KEY, purpose=PURPOSE)
    customers = after["customer"].collect()
    assert customers.filter(pl.col("pseudonym").is_in(names.implode())).is_empty()
    rows = {name: after[name].collect().height for name in after.tables}
    assert rows == dict(after.manifest.rows)
    assert {rows["customer"], rows["survey_invitation"], rows["survey_answer"]} == {10}
    manifest = after.manifest
    assert (manifest.people, manifest.left_out["erased"], manifest.k["reached"]) == (10, 1, 5)
    assert manifest.published_at == before.manifest.published_at
    assert folder.read_current(after.path.parent) == new


def test_whoever_is_now_among_fewer_than_k_is_coarsened_or_goes_too(small: Small) -> None:
    small.publish(PURPOSE)
    [new] = remove(small, 7).values()
    after = read(small, new)
    regions = after["customer"].collect()["region"].value_counts().rows()
    assert sum(count for _, count in regions) == after.manifest.people
    assert min(count for _, count in regions) >= 5
    assert after["survey_answer"].collect().height == after.manifest.people


def test_whoever_is_in_no_release_changes_none(small: Small) -> None:
    before = small.publish(PURPOSE)
    assert remove(small, 99) == {}
    assert remove(small) == {}
    assert before.path.exists()


def test_a_release_of_after_the_erasure_is_of_somebody_who_came_back(small: Small) -> None:
    later = small.publish(PURPOSE, now=AFTER + dt.timedelta(hours=1))
    assert remove(small, 1) == {}
    assert later.path.exists()


def test_the_old_id_says_what_is_in_its_place(
    small: Small, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GENLIB_HOME", str(small.home))
    small.publish(PURPOSE)
    [(old, new)] = remove(small, 1).items()
    [newest] = remove(small, 2).values()
    for gone in (old, new):
        with pytest.raises(ReleaseNotFound, match=f"erased; in its place is {newest}"):
            open_release(PURPOSE, gone, settings=load())
    assert open_release(PURPOSE, settings=load()).id == newest


def test_nothing_is_done_while_another_publishes(small: Small) -> None:
    before = small.publish(PURPOSE)
    with folder.staged(before.path.parent), pytest.raises(Refused, match="another run"):
        remove(small, 1)
    assert before.path.exists()


@pytest.mark.parametrize("step", ["place", "point", "drop"])
def test_what_was_stopped_is_done_by_the_next(
    small: Small, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    """Stopped before each step: a whole release is the current one, then the new one is."""
    small.publish(PURPOSE)
    with monkeypatch.context() as stopped:
        stopped.setattr(folder, step, stop)
        with pytest.raises(KeyboardInterrupt):
            remove(small, 1)
    home = small.home / "releases" / PURPOSE
    assert read(small, folder.read_current(home))["customer"].collect().height in {10, 11}
    [new] = remove(small, 1).values()
    assert folder.read_current(home) == new
    assert [path.parent.name for path in home.glob("*/manifest.json")] == [new]


def stop(*words: object) -> None:
    raise KeyboardInterrupt
