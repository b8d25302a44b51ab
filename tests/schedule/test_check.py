"""A schedule is checked with line and cure."""

import pytest
from approving import approve
from planning import settings_in
from workbench import ROOT

from genlib.cli import run as command
from genlib.errors import BadInput, UsageError
from genlib.schedule.reading import load_plan

DELIVERY = """\
[delivery]
server = "localhost"
sender = "reports@company.example"
link = "https://reports.company.example/"
internal = ["company.example"]
"""
ENTRY = """\
[[report]]
name = "customers"
report = "customer_analysis"
starts = 2026-11-01
every = "month"
"""


@pytest.fixture
def settings(tmp_path):
    return settings_in(tmp_path)


def load(settings, text):
    settings.schedule.write_text(text, encoding="utf-8")
    return load_plan(settings)


def test_a_schedule_is_read_whole(settings):
    plan = load(
        settings,
        DELIVERY
        + '[sources.shop]\nfiles = "exports"\nfeed = "invoice_list"\n'
        + ENTRY
        + 'refresh = ["shop"]\npublish = ["customer_analysis"]\n'
        + 'each = { region = ["01", "06"] }\nrecipients = { fi = ["johto@company.example"] }\n',
    )
    (only,) = plan.entries
    assert only.each == {"region": ("01", "06")}
    assert only.recipients == {"fi": ("johto@company.example",)}
    assert plan.sources["shop"].feed == "invoice_list"


def test_the_schedule_of_this_project_is_in_order(capsys):
    assert command(["schedule", "check"]) == 0
    said = capsys.readouterr().out
    assert "schedule.toml is in order: 3 reports" in said


@pytest.mark.parametrize(
    ("added", "line", "cure"),
    [
        ('languages = ["fr"]', 6, "languages are fi, sv and en"),
        ('evry = "month"', 6, "there is no evry; there are name, report"),
        ('cron = "0 6 * * *"', 5, "say either every"),
        ("day = 31", 6, "day is from 1 to 28"),
        ('day = "1"', 6, "day is a whole number"),
        ("keep_months = 37", 6, "keep_months is from 1 to 36, the keep_months of .reports."),
        ("keep_months = -1", 6, "keep_months is from 1 to 36"),
        ('at = "25:00"', 6, "at is a time of day"),
        ('parameters = { regoin = "01" }', 6, "unknown parameter regoin; the report takes period"),
        ('parameters = { period = "2026-10" }', 6, "period is given by the schedule itself"),
        ('each = { region = ["03"] }', 6, "parameter region is all or the two digits"),
        ('each = { region = ["01"], kind = ["consumer"] }', 6, "each names one parameter"),
        ('publish = ["sales"]', 6, "publish names releases of the notice"),
        ('refresh = ["shop"]', 6, "names a source that is not in"),
        ('recipients = { fi = ["johto@company.example"] }', 6, "add a section .delivery."),
        ('[report.recipients]\nfi = "johto@company.example"', 6, "recipients is a table of lists"),
        ('each = { region = ["*", "01"] }', 6, r'"\*" stands alone, for every campaign or'),
        ('each = { comparison = ["*"] }', 6, r'"\*" stands alone, for every campaign or'),
        ('each = { campaign = ["*"] }', 6, r'"\*" stands alone, for every campaign or'),
        ('parameters = { region = "*" }', 6, r'"\*" is no value; each may have it'),
    ],
)
def test_a_fault_is_told_with_its_line_and_what_to_do(settings, added, line, cure):
    with pytest.raises(BadInput, match=rf"schedule.toml line {line}: .*{cure}"):
        load(settings, ENTRY + added)


@pytest.mark.parametrize(
    ("added", "cure"),
    [
        ('recipients = { sv = ["johto@company.example"] }', "recipients are by language"),
        ('recipients = { fi = ["johto@elsewhere.example"] }', "neither in internal nor"),
        ('on_failure = ["a@b"]', "a recipient is a plain address"),
        ("send_file = true", "name domains in delivery.files_to"),
    ],
)
def test_mail_goes_to_known_domains_alone(settings, added, cure):
    with pytest.raises(BadInput, match=cure):
        load(settings, DELIVERY + ENTRY + added)


def test_each_may_be_every_campaign_or_every_region(settings):
    campaigns = ENTRY.replace("customer_analysis", "campaign_history")
    (one,) = load(settings, campaigns + "each = { campaign = ['*'] }").entries
    assert one.each == {"campaign": ("*",)}
    load(settings, ENTRY + "each = { region = ['*'] }")


def test_an_entry_that_lacks_something_is_told_where_it_begins(settings):
    with pytest.raises(BadInput, match=r"line 2: report is missing \(and 1 more"):
        load(settings, '\n[[report]]\nname = "customers"\n')


def test_a_line_of_cron_that_never_comes_is_refused(settings):
    text = ENTRY.replace('every = "month"', 'cron = "0 6 30 2 *"')
    with pytest.raises(BadInput, match="line 5: cron is five fields"):
        load(settings, text)


def test_two_entries_of_one_name_are_refused(settings):
    with pytest.raises(BadInput, match="line 2: two entries have this name"):
        load(settings, ENTRY + ENTRY)


SECOND = ENTRY.replace('"customers"', '"board"')
AS_PATH = f'"{ROOT}/notebooks/customer_analysis.ipynb"'


@pytest.mark.parametrize(
    "second",
    [
        SECOND.replace('"customer_analysis"', AS_PATH),
        SECOND + 'parameters = { region = "all" }\n',
        SECOND + 'parameters = { region = "all" }\neach = { region = ["06"] }\n',
    ],
)
def test_two_entries_that_write_one_report_in_two_ways_are_refused(settings, second):
    with pytest.raises(BadInput, match="line 8: customers makes this report too"):
        load(settings, ENTRY + second)


def test_entries_that_share_a_notebook_or_write_one_report_alike_are_in_order(settings):
    others = [
        SECOND.replace('"board"', '"staff"') + 'day = 3\neach = { region = ["06"] }\n',
        SECOND + 'languages = ["sv"]\n',
        SECOND.replace('"board"', '"quarter"').replace('"month"', '"quarter"'),
        SECOND.replace('"board"', '"pirkanmaa"') + 'parameters = { region = "06" }\n',
    ]
    assert len(load(settings, ENTRY + "".join(others)).entries) == 5


@pytest.mark.parametrize(
    ("added", "cure"),
    [
        ('languages = ["fi", "sv", "fi"]', "names a language twice"),
        ('each = { region = ["06", "06"] }', "the whole comes anyway"),
        ('each = { region = ["all", "06"] }', "the whole comes anyway"),
        ('parameters = { region = "06" }\neach = { region = ["06"] }', "the whole comes anyway"),
    ],
)
def test_an_entry_that_would_make_a_report_twice_is_refused(settings, added, cure):
    with pytest.raises(BadInput, match=cure):
        load(settings, ENTRY + added + "\n")


@pytest.mark.parametrize(
    ("added", "other"),
    [
        ("pdf = true\n", ""),
        ("", "keep_months = 3\n"),
        ('publish = ["customer_analysis"]\n', ""),
        ('publish = ["customer_analysis"]\n', 'publish = ["satisfaction"]\n'),
        ("", 'day = 3\nlanguages = ["sv", "fi"]\npdf = true\n'),
    ],
)
def test_entries_of_one_report_that_want_it_made_otherwise_are_refused(settings, added, other):
    """It is made once: what the later entry asks for would be left out without a word."""
    with pytest.raises(BadInput, match="customers makes this report too and says another"):
        load(settings, ENTRY + added + SECOND + other)


def test_entries_that_meet_in_one_campaign_are_made_in_one_way(settings):
    of_all = ENTRY.replace("customer_analysis", "campaign_history")
    each = of_all + 'each = { campaign = ["*"] }\n'
    one = of_all.replace('"customers"', '"board"') + 'parameters = { campaign = "2026-09-A" }\n'
    with pytest.raises(BadInput, match="says another pdf, but it is made once"):
        load(settings, each + one + "pdf = true\n")
    assert len(load(settings, each + one + "day = 3\n").entries) == 2
    other = of_all.replace('"customers"', '"board"') + 'parameters = { comparison = "year_ago" }\n'
    assert len(load(settings, each + other + "pdf = true\n").entries) == 2


def test_no_schedule_is_said_so(settings):
    with pytest.raises(UsageError, match="no schedule can be read at"):
        load_plan(settings)


def test_every_fault_is_listed_and_the_exit_code_is_that_of_bad_input(
    settings, tmp_path, monkeypatch, capsys
):
    settings.schedule.write_text(ENTRY + 'day = 31\nlanguages = ["fr"]\n', encoding="utf-8")
    monkeypatch.setenv("GENLIB_SCHEDULE", str(settings.schedule))
    assert command(["schedule", "check"]) == 4
    said = capsys.readouterr()
    assert said.out.count("schedule.toml line") == 2
    assert "has 2 faults" in said.err


def test_a_notebook_that_nobody_approved_is_told_and_is_no_fault(
    settings, tmp_path, monkeypatch, capsys
):
    text = (ROOT / "notebooks/customer_analysis.ipynb").read_text(encoding="utf-8")
    path = tmp_path / "my own.ipynb"
    path.write_text(text.replace("# Customer analysis", "# Mine"), encoding="utf-8")
    own = ENTRY.replace('"customers"', '"own"').replace('"customer_analysis"', '"my own.ipynb"')
    settings.schedule.write_text(ENTRY + own, encoding="utf-8")
    monkeypatch.setenv("GENLIB_HOME", str(settings.home))
    monkeypatch.setenv("GENLIB_SCHEDULE", str(settings.schedule))
    assert command(["schedule", "check"]) == 0
    warning = (
        "schedule.toml line 8: nobody has approved this notebook: a second person reads it and "
        f"runs genlib report approve '{path}'\n"
    )
    said = capsys.readouterr().out
    assert said.count("nobody has approved") == 1
    assert warning in said
    assert "is in order" not in said
    approve(path, settings)
    assert command(["schedule", "check"]) == 0
    assert capsys.readouterr().out.endswith("schedule.toml is in order: 2 reports\n")
