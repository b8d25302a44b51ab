"""What a person takes along: provided and observed data on consent or contract, no other."""

from __future__ import annotations

import json
from typing import Any

import polars as pl
import pytest
from answering import Desk
from everything import BOUGHT, MARKS, OTHER, OWN

from genlib import notice as notices
from genlib.errors import Refused, UsageError
from genlib.register.columns import SOURCES
from genlib.register.schema import table
from genlib.rights.gathering import Holdings, find_ways, list_owned
from genlib.rights.handing import RECEIPT
from genlib.rights.portability import SOURCES as PROVIDED
from genlib.rights.portability import list_portable, select_portable
from genlib.rights.requests import find_request


@pytest.fixture(scope="module")
def exported(filled: Desk) -> dict[str, Any]:
    return filled.take(filled.ask("portability"))


def test_what_the_person_gave_goes_along(exported: dict[str, Any]) -> None:
    tables = exported["tables"]
    assert set(tables) == {"customer", "permission", "invoice", "interaction", "feedback"}
    assert tables["customer"][0]["family_name"] == f"{MARKS[OWN]}nen"
    assert tables["feedback"][0]["comment"] == f"{MARKS[OWN]} <moittii> & kysyy"
    assert tables["invoice"][0]["amount_cents"] == 123473


def test_nothing_of_another_goes_along(exported: dict[str, Any]) -> None:
    text = json.dumps(exported, ensure_ascii=False)
    assert MARKS[OTHER] not in text
    assert "123479" not in text


def test_nothing_computed_or_concluded_goes_along() -> None:
    computed = {"index_of", "digest_of", "redacted_from", "guarded"}
    for name in find_ways():
        stored = table(name).columns
        for column in list_portable(name, notices.load()):
            assert not computed & stored[column].info.keys()
    concluded = {"campaign_contact", "survey_answer", "held_back", "follow_up"}
    assert concluded & make_rows("DATA_SUBJECT").keys() == set()


def make_rows(source: str) -> dict[str, pl.DataFrame]:
    """A row of such a source in each table that goes along."""
    columns = {name: list_portable(name, notices.load()) for name in list_owned()}
    return {
        name: pl.DataFrame({one: [source if one == "source" else "consent"] for one in names})
        for name, names in columns.items()
        if names
    }


@pytest.mark.parametrize("source", SOURCES)
def test_a_row_goes_along_by_its_source(source: str) -> None:
    portable = select_portable(Holdings((1,), make_rows(source)), notices.load())
    is_provided = source in PROVIDED
    assert {rows.height for rows in portable.tables.values()} == {int(is_provided)}
    assert portable.left_out == (0 if is_provided else len(portable.tables))


def test_prohibitions_rest_on_the_law_and_stay() -> None:
    tables = make_rows("DATA_SUBJECT")
    prohibited = tables["permission"].with_columns(act=pl.lit("prohibition"))
    both = pl.concat([tables["permission"], prohibited])
    portable = select_portable(Holdings((1,), {**tables, "permission": both}), notices.load())
    assert portable.tables["permission"]["act"].to_list() == ["consent"]


def test_nothing_goes_along_before_the_identity_check(filled: Desk) -> None:
    number = filled.ask("portability", confirmed=False)
    with pytest.raises(Refused, match="identity check"):
        filled.take(number)
    with pytest.raises(UsageError, match="another kind"):
        filled.take(filled.ask("inspection"))


def test_who_has_provided_nothing_is_refused_as_the_law_says(filled: Desk) -> None:
    number = filled.ask("portability", customer=BOUGHT)
    with pytest.raises(Refused, match="not_provided"):
        filled.take(number)
    assert find_request(filled.officer.register, number).decision is None


def test_the_receipt_tells_how_much_and_nothing_of_it(filled: Desk) -> None:
    number = filled.ask("portability")
    filled.take(number)
    text = (filled.office.find_folder(number) / RECEIPT).read_text(encoding="utf-8")
    receipt = json.loads(text)
    assert (receipt["decision"], receipt["law"], receipt["rows"]) == ("granted", ["GDPR 20"], 5)
    assert MARKS[OWN] not in text
