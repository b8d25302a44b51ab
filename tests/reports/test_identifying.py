import pytest

from genlib.reports.identifying import identifying, masked


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("131052-952X", "personal identity code"),
        ("010203A925K", "personal identity code"),
        ("region 131052-952x", "personal identity code"),
        ("aino@posti.example", "e-mail address"),
        ("049 123 4567", "long number"),
        ("+358 49 1234567", "long number"),
        ("1234567", "long number"),
        ("1234567-8", "long number"),
        ("FI21 1234 5600 0007 85", "long number"),
        ("ca1-0123456789abcdefghjkmnpqrs", "pseudonym"),
    ],
)
def test_names_the_kind_of_identifier(text, kind):
    assert identifying(text) == kind


@pytest.mark.parametrize(
    "text",
    [
        "2026-10",
        "2026-Q3",
        "2026",
        "2026-10-31",
        "01",
        "091",
        "all",
        "25-34",
        "KEVAT-2026-01",
        "previous",
        "",
    ],
)
def test_periods_codes_and_bands_are_no_identifiers(text):
    assert identifying(text) is None


def test_masks_what_it_finds_and_leaves_the_rest():
    assert (
        masked("Got unexpected extra argument (131052-952X aino@posti.example)")
        == "Got unexpected extra argument (… …"
    )
