import json
import re
from pathlib import Path

import nbformat
import pytest
from catalogued import keep
from small import ZONE

from genlib.present.words import Words
from genlib.reports import catalogue, index, prose
from genlib.reports.run import report_names

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"


def write_status(reports: Path) -> None:
    """A schedule's word: one report late, one refused, one in order."""
    task = {"kind": "report", "key": "report customer_analysis 2026-11 fi {}", "period": "2026-11"}
    task |= {"language": "fi", "run": None, "reason": "the files of shop are old <b>"}
    states = [("waiting", True), ("refused", False), ("done", False)]
    tasks = [task | {"status": status, "late": late} for status, late in states]
    (reports / "status.json").write_text(json.dumps({"tasks": tasks}), encoding="utf-8")


def links(page: Path) -> list[str]:
    return re.findall(r'href="([^"#][^"]*)"', page.read_text(encoding="utf-8"))


def test_the_newest_good_run_of_each_slot_is_linked(tmp_path):
    for run_id in ("2026-1", "2026-2"):
        keep(tmp_path, run_id, "good")
    keep(tmp_path, "2026-3", "good", language="sv")
    found = links(index.write(tmp_path, ZONE))
    assert [link for link in found if link.endswith("report.html")] == [
        "campaign_history/2026-10/fi/2026-2/report.html",
        "campaign_history/2026-10/sv/2026-3/report.html",
    ]
    assert all((tmp_path / link).exists() for link in found)


def test_a_failed_run_is_listed_until_its_slot_is_good_again(tmp_path):
    keep(tmp_path, "2026-1", "good")
    keep(tmp_path, "2026-2", "failed")
    assert "campaign_history/2026-10/fi/2026-2/report.ipynb" in links(index.write(tmp_path, ZONE))
    keep(tmp_path, "2026-3", "good")
    assert not [link for link in links(index.write(tmp_path, ZONE)) if "2026-2" in link]


def test_of_a_part_that_failed_twice_the_newest_run_is_listed_with_what_it_was_narrowed_to(
    tmp_path,
):
    for run_id in ("2026-1", "2026-2"):
        keep(tmp_path, run_id, "failed", slug="region-01")
    page = index.render(tmp_path, catalogue.runs(tmp_path), ZONE, "en")
    assert re.findall("</span> ([^<]+)</th>", page) == ["Campaign history, region: Uusimaa"]
    assert "/2026-2/" in page
    status = {"kind": "report", "period": "2026-11", "language": "fi", "run": None, "late": True}
    key = 'report customer_analysis 2026-11 fi {"region": "06"}'
    tasks = [status | {"key": key, "status": "waiting", "reason": "old"}]
    (tmp_path / "status.json").write_text(json.dumps({"tasks": tasks}), encoding="utf-8")
    page = index.render(tmp_path, catalogue.runs(tmp_path), ZONE, "en")
    assert "</span> Customer analysis, region: Pirkanmaa</th>" in page


@pytest.mark.parametrize(
    ("language", "why"),
    [
        ("fi", "Asiakkaita on liian vähän omaan raporttiin."),
        ("sv", "Kunderna är för få för en egen rapport."),
        ("en", "Too few customers for a report of their own."),
    ],
)
def test_a_part_of_too_few_customers_is_refused_and_no_failure(tmp_path, language, why):
    run = keep(tmp_path, "2026-1", "failed", slug="region-01")
    manifest = {**run.manifest, "error": "TooFewCustomers"}
    (run.folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    page = index.render(tmp_path, catalogue.runs(tmp_path), ZONE, language)
    said = " ".join(re.sub("<[^>]+>", " ", page).split())
    assert (
        f"{Words(language).translate('refused')} {Words(language).translate('Campaign history')}"
        in said
    )
    assert why in said


def test_an_empty_catalogue_has_a_page(tmp_path):
    assert index.write(tmp_path / "reports", ZONE).exists()


def test_what_was_chosen_is_said_in_words_and_the_time_is_the_companys(tmp_path):
    keep(tmp_path, "2026-1", "good", slug="region-01")
    page = index.render(tmp_path, catalogue.runs(tmp_path), ZONE)
    assert "Uusimaa" in page
    assert "1.11.2026 06.00" in page
    overseas = index.render(tmp_path, catalogue.runs(tmp_path), "America/New_York")
    assert "1.11.2026 00.00" in overseas


def test_what_a_run_was_asked_for_cannot_break_the_page(tmp_path):
    keep(tmp_path, "2026-1", "good", slug="region-01")
    manifest = next(tmp_path.glob("**/manifest.json"))
    manifest.write_text(manifest.read_text().replace('"region": "01"', '"region": "<script>"'))
    page = index.render(tmp_path, catalogue.runs(tmp_path), ZONE)
    assert "&lt;script&gt;" in page
    assert page.count("<script>") == 1  # its own


def test_what_is_late_or_refused_stands_on_top_with_why(tmp_path):
    keep(tmp_path, "2026-1", "good")
    write_status(tmp_path)
    page = index.write(tmp_path, ZONE).read_text(encoding="utf-8")
    assert page.index("Vaatii huomiota") < page.index("Kampanjahistoria")
    assert re.findall(r'class="state">([^<]+)', page) == ["myöhässä", "hylätty"]
    assert page.count("the files of shop are old &lt;b&gt;") == 2


def test_a_status_that_cannot_be_read_says_nothing(tmp_path):
    keep(tmp_path, "2026-1", "good")
    (tmp_path / "status.json").write_text("[")
    assert "Vaatii huomiota" not in index.write(tmp_path, ZONE).read_text(encoding="utf-8")


def test_languages_of_a_report_stand_in_one_row_and_the_newest_period_first(tmp_path):
    keep(tmp_path, "2026-1", "good", period="2026-09")
    keep(tmp_path, "2026-2", "good", period="2026-Q3")
    for language in ("fi", "sv", "en"):
        keep(tmp_path, f"2026-3-{language}", "good", language=language)
    page = index.write(tmp_path, ZONE).read_text(encoding="utf-8")
    periods = re.findall(r'data-text="[^"]*"><th scope="row">([^<]+)', page)
    assert periods == ["lokakuu\u00a02026", "syyskuu\u00a02026", "heinä–syyskuu\u00a02026"]
    languages = re.findall(r'hreflang="(..)">', page.partition("<main>")[2])
    assert languages[:3] == ["fi", "sv", "en"]
    assert (tmp_path / "index.sv.html").exists()
    assert "Kampanjhistorik" in (tmp_path / "index.sv.html").read_text(encoding="utf-8")


@pytest.mark.parametrize("language", ["fi", "sv"])
def test_the_index_can_be_said_in_every_language(tmp_path, monkeypatch, language):
    said = []
    monkeypatch.setattr(
        Words, "translate", lambda self, message, **values: said.append(message) or message
    )
    for report in ("customer_analysis", "satisfaction_survey", "campaign_history"):
        keep(tmp_path, f"2026-1-{report}", "good", report=report)
    keep(tmp_path, "2026-2", "failed", language="sv")
    keep(tmp_path, "2026-3", "good", language="en")
    write_status(tmp_path)
    index.write(tmp_path, ZONE)
    monkeypatch.undo()
    assert Words(language).missing(said) == []


@pytest.mark.parametrize("language", ["fi", "sv"])
@pytest.mark.parametrize("name", report_names())
def test_every_paragraph_of_a_report_can_be_said_in_every_language(name, language):
    messages = prose.messages(nbformat.read(NOTEBOOKS / f"{name}.ipynb", as_version=4))
    assert Words(language).missing(messages) == []


def entitle(run: catalogue.Run, title: str) -> None:
    """Give a run's notebook a heading."""
    manifest = run.folder / "manifest.json"
    facts = json.loads(manifest.read_text(encoding="utf-8")) | {"title": title}
    manifest.write_text(json.dumps(facts), encoding="utf-8")


def write_status_of(folder: Path, report: str) -> None:
    """The status of a schedule that has this report in the place of another."""
    write_status(folder)
    status = (folder / "status.json").read_text(encoding="utf-8")
    ordered = status.replace("report customer_analysis", f"report {report}")
    (folder / "status.json").write_text(ordered, encoding="utf-8")


def test_a_report_of_ones_own_is_called_by_its_title(tmp_path):
    for run_id, status in (("2026-1", "good"), ("2026-2", "failed")):
        run = keep(tmp_path, run_id, status, report="good", language="sv")
        entitle(run, "Kuuralehdet <1>")
    write_status_of(tmp_path, "../my own/good.ipynb")
    page = index.render(tmp_path, catalogue.runs(tmp_path), ZONE)
    assert page.count("Kuuralehdet &lt;1&gt;") == len(
        ["choice", "heading", "failed", "late", "refused"]
    )
    assert ">good<" not in page
    assert "good.ipynb" not in page


def test_a_report_is_called_by_its_title_in_the_language_of_the_page(tmp_path):
    titles = {"sv": "Betalning", "fi": "Maksut", "en": "Payments"}
    for language, title in titles.items():
        entitle(keep(tmp_path, "2026-1", "good", report="own", language=language), title)
    entitle(keep(tmp_path, "2026-2", "good", report="own", period="2026-11"), "Maksutapa")
    runs = catalogue.runs(tmp_path)
    heads = {
        one: re.search("<h2>(.*)</h2>", index.render(tmp_path, runs, ZONE, one)) for one in titles
    }
    assert {one: head[1] for one, head in heads.items()} == titles | {"fi": "Maksutapa"}
    assert 'data-text="maksutapa marraskuu' in index.render(tmp_path, runs, ZONE, "fi")


def test_a_column_that_no_row_fills_is_not_there(tmp_path):
    keep(tmp_path, "2026-1", "good")
    keep(tmp_path, "2026-2", "good", report="satisfaction_survey")
    assert "Rajaukset" not in index.render(tmp_path, catalogue.runs(tmp_path), ZONE)
    keep(tmp_path, "2026-3", "good", slug="region-01")
    page = index.render(tmp_path, catalogue.runs(tmp_path), ZONE)
    assert page.count('<th scope="col">Rajaukset') == 1
    assert page.count('<td data-head="Rajaukset">') == len(["with a choice", "without"])


def test_the_heading_of_a_draft_is_nothing_for_readers(tmp_path):
    run = keep(tmp_path, "2026-1", catalogue.DRAFT, report="customer")
    entitle(run, "Kuuralehdet")
    write_status_of(tmp_path, "customer.ipynb")
    page = index.render(tmp_path, catalogue.runs(tmp_path), ZONE)
    assert "Kuuralehdet" not in page
    assert "customer" in page
