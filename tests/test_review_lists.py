"""What a reviewer reads in lists: why in full, who was contacted repeatedly, two campaigns side by
side."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any

import polars as pl
import pytest
from polars.testing import assert_frame_equal
from reviewed import write_contacts

import genlib
from genlib.errors import CellFailed, UsageError
from genlib.permission import REASONS
from genlib.present.words import Words, catalogue
from genlib.release import Release
from genlib.reports.gate import read
from genlib.reviewing import Review
from genlib.reviewing.why import explain_cases

BOTH = ("2026-9", "2026-10")


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> Release:
    return write_contacts(tmp_path_factory.mktemp("lists")).publish("campaign_history")


def read_page(review: Review) -> Any:
    """The data that the lists are drawn from."""
    script = re.search(r"json\">(.*?)</script>", review.to_html())
    return json.loads(script.group(1))  # type: ignore[union-attr]


def read_rows(listed: dict[str, Any]) -> list[list[Any]]:
    columns = [[one["words"][code] for code in one["codes"]] for one in listed["columns"]]
    return [list(row) for row in zip(*columns, strict=True)]


def test_a_person_who_was_contacted_again_is_counted(release: Release) -> None:
    found = genlib.review(release)
    assert found.repeats.drop("pseudonym", "first", "last").rows() == [(2, 2, 2)]
    assert found.repeats["pseudonym"].to_list() == found.cases["pseudonym"].unique().to_list()
    assert found.repeats["first"].dt.month().to_list() == [9]


def test_repeats_are_of_what_the_review_is_narrowed_to(release: Release) -> None:
    assert genlib.review(release, campaign="2026-9").repeats.is_empty()
    assert genlib.review(release, period="2026-10").repeats.is_empty()


def test_a_review_without_a_case_shows_who_was_contacted_again(release: Release) -> None:
    pseudonym = genlib.review(release).cases["pseudonym"][0]
    found = genlib.review(release, verdict="allowed", pseudonym=pseudonym)
    assert found.cases.is_empty()
    assert [set(bundle) for bundle in found._bundles()] == [{"text/plain", "text/html"}]
    (person,) = read_rows(read_page(found)["lists"][1])
    assert pseudonym in person


def test_two_campaigns_stand_side_by_side(release: Release) -> None:
    pair = genlib.review(release, campaign=BOTH, verdict="allowed", most=1).pair
    assert pair is not None
    rows = [
        ("refused", None, 1, 1),
        ("refused", "consent_missing", 1, 1),
        ("allowed", None, 1, 1),
        ("allowed", "consent", 1, 0),
        ("allowed", "opt_out_channel", 0, 1),
    ]
    columns = ["verdict", "reason", "first", "second"]
    assert_frame_equal(pair.totals, pl.DataFrame(rows, columns, orient="row"), check_dtypes=False)
    assert pair.people.drop("pseudonym").rows() == [(1, 1, 1, 1)]


def test_one_campaign_has_nothing_beside_it(release: Release) -> None:
    found = genlib.review(release, campaign="2026-9")
    assert found.pair is None
    assert [one["title"] for one in read_page(found)["lists"]] == [
        "Cases",
        "Contacted more than once",
    ]


def test_a_pair_without_a_case_is_compared_all_the_same(release: Release) -> None:
    everybody = release["customer"].select("pseudonym").collect()["pseudonym"]
    contacted = genlib.review(release, campaign=BOTH).cases["pseudonym"]
    nobody_s = [one for one in everybody if one not in set(contacted)]
    assert nobody_s
    found = genlib.review(release, campaign=BOTH, pseudonym=nobody_s[0])
    assert [set(bundle) for bundle in found._bundles()] == [{"text/plain", "text/html"}]


@pytest.mark.parametrize(
    ("campaign", "message"),
    [
        (("2026-9", "2026-9"), "two different ones"),
        (("2026-9", "2026-10", "all"), "two different ones"),
        (("2026-9", "all"), "name two"),
        ("2026-8", "campaign"),
    ],
)
def test_campaigns_that_cannot_be_reviewed(release: Release, campaign: Any, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        genlib.review(release, campaign=campaign)


def test_why_is_told_in_full(release: Release) -> None:
    cases = genlib.review(release, verdict="all").cases
    explained = explain_cases(cases, Words("en")).rows(named=True)
    by_reason = dict(zip(cases["reason"].cast(pl.String), explained, strict=True))
    assert by_reason["consent_missing"] == {
        "decided": "no act of will decided it",
        "notice": "N11.1",
        "law": "917/2014 s. 200(1)",
        "cure": "a consent for the channel, or the same message through: letter",
        "handled": "no",
    }
    assert by_reason["consent"]["decided"] == "consent: e-mail, given 2020-01-01, through: other"
    assert (by_reason["consent"]["cure"], by_reason["consent"]["handled"]) == ("", "")


@pytest.mark.parametrize(
    ("verdict", "said"), [("refused", ["luvaton"] * 2), ("allowed", ["sallittu"] * 2)]
)
def test_a_single_contact_is_told_of_in_the_singular(
    release: Release, verdict: str, said: list[str]
) -> None:
    found = genlib.review(release, verdict=verdict, language="fi")
    listed = read_page(found)["lists"][0]
    assert [row[4] for row in read_rows(listed)] == said
    assert found.to_dict()["vconcat"][4]["encoding"]["color"]["scale"]["domain"][:2] == [
        "sallittu",
        "luvaton",
    ]


def test_the_pseudonym_of_a_history_stands_on_a_line_of_its_own(release: Release) -> None:
    history = genlib.review(release).to_dict()["vconcat"][-1]
    assert history["title"]["text"]["expr"] == "['All contacts of that person', person.pseudonym]"


def test_an_ended_act_is_told_with_its_end(release: Release) -> None:
    case = genlib.review(release, verdict="allowed", campaign="2026-9").cases
    ended = case.with_columns(act_ended_on=pl.date(2026, 8, 31), act_via=pl.lit("web"))
    assert explain_cases(ended, Words("fi"))["decided"].to_list() == [
        "suostumus: sähköposti, annettu 2020-01-01, päättynyt 2026-08-31, tapa: verkko"
    ]


def test_every_law_has_words() -> None:
    laws = {("law", reason.law) for reason in REASONS.values() if reason.law}
    assert laws - catalogue("en").keys() == set()


def test_exceptions_stay_before_all_others(release: Release) -> None:
    listed = read_page(genlib.review(release, verdict="all"))["lists"][0]
    assert listed["first"] == [0, 0, 1, 1]
    assert [row[4] for row in read_rows(listed)] == ["not allowed"] * 2 + ["allowed"] * 2


def test_times_are_the_company_s_and_what_is_left_out_is_said(release: Release) -> None:
    listed = read_page(genlib.review(release, most=1))["lists"][0]
    assert [row[0] for row in read_rows(listed)] == ["2026-10-05 03:00"]
    assert listed["notes"] == [
        "Exceptions stay first. Times are those of Europe/Helsinki.",
        "The first 1 of 2 cases, exceptions first and then the newest; narrow the period or name a "
        "campaign to see the others",
    ]


def test_a_long_list_of_people_says_where_it_ends(release: Release) -> None:
    found = genlib.review(release)
    many = replace(found, repeats=pl.concat([found.repeats] * 2001))
    listed = read_page(many)["lists"][1]
    assert len(read_rows(listed)) == 2000
    assert listed["notes"] == ["The first 2,000 of 2,001 people, those with most exceptions first"]


def test_the_strips_draw_the_first_cases_of_a_long_list(release: Release) -> None:
    found = genlib.review(release)
    many = replace(found, cases=pl.concat([found.cases] * 2501))
    assert many.to_dict()["title"].startswith("The first 5,000 of 5,002 cases")
    assert len(read_rows(read_page(many)["lists"][0])) == 5002


def test_the_strips_and_the_list_of_cases_share_what_is_chosen(release: Release) -> None:
    shown = [genlib.review(release)._bundles() for _ in range(2)]
    fields, strips, lists = shown[0]
    ids = re.findall(r'id="([^"]+)"', fields["text/html"])
    params = strips["application/vnd.vegalite.v5+json"]["params"]
    elements = [one["bind"] for one in params if one["name"] in {"case", "person"}]
    assert [f"#{one}" for one in ids] == [
        bind["element"] for each in elements for bind in each.values()
    ]
    assert f'"link":"{ids[0].removesuffix("-case")}"' in lists["text/html"]
    assert shown[0][0] != shown[1][0]  # the same review twice on a page


def test_no_word_of_the_data_ends_the_script(release: Release) -> None:
    found = genlib.review(release)
    named = replace(found, cases=found.cases.with_columns(name=pl.lit("</script><b>")))
    assert named.to_html().count("</script>") == 2
    assert "</script><b> · 2026-10" in read_page(named)["lists"][0]["columns"][2]["words"]


def test_the_gate_stops_the_lists(release: Release) -> None:
    lists = genlib.review(release)._bundles()[2]
    output = {"output_type": "display_data", "data": lists, "metadata": {}}
    with pytest.raises(CellFailed, match="shows text/html"):
        read({"outputs": [output]}, 3)
