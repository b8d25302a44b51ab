import pytest

from genlib.errors import CellFailed
from genlib.reports.gate import MIME, numbered, read


def made() -> dict:
    data = {"text/html": "<p>12</p>", MIME: {"kind": "chart", "tables": ["growth"], "words": []}}
    return {"output_type": "display_data", "metadata": {}, "data": data}


def with_data(**data) -> dict:
    output = made()
    output["data"].update({key.replace("_", "/"): value for key, value in data.items()})
    return output


def stopped(output: dict) -> str:
    with pytest.raises(CellFailed, match="cell 4 shows ") as caught:
        read({"outputs": [output]}, 4)
    return caught.value.error


def test_an_output_of_present_is_read_without_its_plain_copy():
    (output,) = read({"outputs": [with_data(text_plain="Chart()")]}, 4)
    assert (output.cell, output.html) == (4, "<p>12</p>")
    assert output.output["data"] == {
        "text/html": "<p>12</p>",
        MIME: {"kind": "chart", "tables": ["growth"]},
    }


@pytest.mark.parametrize(
    ("output", "kind"),
    [
        ({"output_type": "stream", "name": "stdout", "text": "Virtanen"}, "stream"),
        (
            {"output_type": "error", "ename": "ValueError", "evalue": "Virtanen", "traceback": []},
            "error",
        ),
        (
            {"output_type": "execute_result", "data": {"text/plain": "Virtanen"}, "metadata": {}},
            "text/plain",
        ),
        (
            {
                "output_type": "execute_result",
                "data": {"text/html": "<b>Virtanen</b>", "text/plain": ""},
                "metadata": {},
            },
            "text/html, text/plain",
        ),
        (
            {
                "output_type": "display_data",
                "data": {"application/vnd.jupyter.widget-view+json": {}},
                "metadata": {},
            },
            "application/vnd.jupyter.widget-view+json",
        ),
        (with_data(image_png="AAAA"), "image/png"),
    ],
)
def test_anything_else_stops_with_its_kind(output, kind):
    assert stopped(output) == kind


def test_no_message_repeats_the_output():
    with pytest.raises(CellFailed) as caught:
        read({"outputs": [{"output_type": "stream", "name": "stdout", "text": "Virtanen"}]}, 4)
    assert "Virtanen" not in str(caught.value)


def test_cells_are_numbered_as_the_author_sees_them():
    tags = [[], ["parameters"], ["injected-parameters"], []]
    cells = [{"cell_type": "code", "metadata": {"tags": tag}} for tag in tags]
    assert [place for place, _ in numbered({"cells": cells})] == [1, 2, 2, 3]
