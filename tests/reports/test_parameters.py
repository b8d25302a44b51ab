import pytest

from genlib.errors import UsageError
from genlib.reports.parameters import parameters_of, purposes_of, read_pairs, settle

CELL = """\
period: str = "2026-10"  # month, quarter or year
base: int = 10
share: float = 0.5
strict: bool = False
channel: str = "all"  # one channel
"""


def notebook(source: str = CELL) -> dict:
    return {
        "cells": [{"cell_type": "code", "metadata": {"tags": ["parameters"]}, "source": source}]
    }


def test_reads_name_annotation_default_and_comment():
    found = parameters_of(notebook())
    assert [(p.name, p.annotation, p.default, p.comment) for p in found.values()] == [
        ("period", "str", "2026-10", "month, quarter or year"),
        ("base", "int", 10, ""),
        ("share", "float", 0.5, ""),
        ("strict", "bool", False, ""),
        ("channel", "str", "all", "one channel"),
    ]


def test_a_notebook_without_the_cell_takes_none():
    assert parameters_of({"cells": []}) == {}


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ("period = '2026'", "line 1 of the parameters cell"),
        ("period: str", "line 1 of the parameters cell"),
        ("period: str = str(1)", "period of the notebook needs a literal default"),
        ("period: list[str] = []", r"period of the notebook is list\[str\]"),
        ("channel: Literal['all', 'email'] = 'all'", "it may be str, int, float, bool"),
    ],
)
def test_refuses_a_cell_that_is_not_typed_literals(source, says):
    with pytest.raises(UsageError, match=says):
        parameters_of(notebook(source))


def test_settles_given_over_default_in_the_order_of_the_cell():
    values = settle(parameters_of(notebook()), {"base": 12, "share": 1, "period": "2026"})
    assert values == {"period": "2026", "base": 12, "share": 1.0, "strict": False, "channel": "all"}
    assert list(values) == ["period", "base", "share", "strict", "channel"]


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (
            {"perjod": "2026"},
            "unknown parameter perjod; the report takes period, base, share, strict, channel",
        ),
        ({"period": 202610}, "parameter period is str, not int"),
        ({"base": "ten"}, "parameter base is int, not str"),
        ({"base": True}, "parameter base is int, not bool"),
        ({"channel": None}, "parameter channel is str, not NoneType"),
        ({"period": "131052-952X"}, "parameter period looks like a personal identity code"),
        ({"base": 491234567}, "parameter base looks like a long number"),
    ],
)
def test_refuses_what_the_cell_does_not_allow(given, says):
    with pytest.raises(UsageError, match=says):
        settle(parameters_of(notebook()), given)


@pytest.mark.parametrize(
    "given", [{"131052-952X": "1"}, {"period": "131052-952X"}, {"period": "aino@posti.example"}]
)
def test_no_error_repeats_what_was_given(given):
    with pytest.raises(UsageError) as caught:
        settle(parameters_of(notebook()), given)
    assert not {"131052-952X", "aino@posti.example"} & set(
        str(caught.value).replace(";", " ").split()
    )


def test_reads_texts_of_the_command_line_by_type():
    pairs = ["period=2026-Q3", "base=12", "share=0.25", "strict=yes", "channel=email"]
    assert read_pairs(parameters_of(notebook()), pairs) == {
        "period": "2026-Q3",
        "base": 12,
        "share": 0.25,
        "strict": True,
        "channel": "email",
    }


def test_a_text_that_does_not_read_as_its_type_is_refused():
    known = parameters_of(notebook())
    with pytest.raises(UsageError, match="parameter base is int, not str"):
        settle(known, read_pairs(known, ["base=ten"]))


def test_a_pair_needs_its_equals_sign():
    with pytest.raises(UsageError, match="-p name=value"):
        read_pairs({}, ["period"])


def cells(*sources: str) -> dict:
    return {"cells": [{"cell_type": "code", "source": source} for source in sources]}


def test_the_releases_that_a_notebook_opens_are_known():
    opened = cells(
        "release = genlib.open_release('satisfaction')",
        "a, b = open_release('campaign_history'), genlib.open_release('satisfaction', '2026')",
        "open_release(name)",
        "%not python",
    )
    assert purposes_of(opened) == ["campaign_history", "satisfaction"]
