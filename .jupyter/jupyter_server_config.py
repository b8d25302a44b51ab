"""What `make lab` opens, the tour; the tiles of its launcher; and what it keeps of a notebook: its
text and code, and not what it showed. Rows of a release stay in the release."""

from pathlib import Path
from typing import Any

from jupyter_server.services.contents.largefilemanager import AsyncLargeFileManager


class Forgetful(AsyncLargeFileManager):
    """Saves notebooks without their outputs; the page that shows them has them until it is
    closed."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.register_pre_save_hook(without_outputs)


def without_outputs(model: dict[str, Any], **_: Any) -> None:
    if model["type"] != "notebook" or not model.get("content"):
        return
    model["content"]["metadata"].pop("widgets", None)
    for cell in model["content"]["cells"]:
        if cell["cell_type"] == "code":
            cell["outputs"], cell["execution_count"] = [], None


config = get_config()  # type: ignore[name-defined]  # noqa: F821 - Jupyter gives it
config.ServerApp.contents_manager_class = Forgetful
config.LabApp.default_url = "/lab/tree/tour.ipynb"  # it begins with a link to the form of a report
config.LabApp.extra_labextensions_path = [str(Path(__file__).parent / "labextensions")]
