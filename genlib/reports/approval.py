"""Who may let a report out: a notebook publishes if a second person approved it, and is a draft for
its author alone if not.

What is approved is a digest: of the kind, the tags and the source of every cell in order, so that a
changed comma is another notebook and outputs are none. Whoever owns the file of a notebook, or has
run it as a draft, cannot approve it. The notebooks of genlib itself were approved by those who
reviewed its code: their digests stand in `notebooks/approved.sha256`.

Not promised: that the second person read it, or is who they say they are (a user is whom the
settings name), or that what the notebook imports and reads from elsewhere stays as it was.

Example: aino writes a notebook and runs it: a draft. bertta approves it. From then on it publishes,
whoever runs it, until somebody edits it.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import shlex
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from genlib.atomic import replacing
from genlib.clock import read_clock
from genlib.errors import Refused
from genlib.private import check_no_link, make_home, open_lock
from genlib.settings import REPOSITORY, Settings

SHIPPED = REPOSITORY / "notebooks" / "approved.sha256"
"""The digests of genlib's own notebooks, a digest and a name on each line; `make digests` writes it
anew."""
ACTS = "notebooks.jsonl"
"""The file of a workbench that keeps who approved which notebook, and who ran it as a draft."""


@dataclass(frozen=True)
class Act:
    """What somebody did with a notebook. `at` is an instant in UTC."""

    act: Literal["approved", "draft"]
    notebook: str
    digest: str
    user: str
    at: str


def digest_notebook(notebook: Mapping[str, Any]) -> str:
    """The SHA-256 of what a notebook does and says."""
    cells = [
        [cell["cell_type"], sorted(cell["metadata"].get("tags", [])), "".join(cell["source"])]
        for cell in notebook["cells"]
    ]
    return hashlib.sha256(json.dumps(cells).encode()).hexdigest()


def is_approved(digest: str, settings: Settings) -> bool:
    """Whether a notebook of this digest may publish."""
    approved = {act.digest for act in read_acts(settings) if act.act == "approved"}
    return digest in approved or digest in read_shipped()


def ask_for_approval(notebook: str) -> str:
    """What to say of a notebook that nobody has approved, named as a command takes it."""
    command = f"genlib report approve {write_place(notebook)}"
    return f"nobody has approved this notebook: a second person reads it and runs {command}"


def write_place(notebook: str) -> str:
    """A notebook as a shell takes it; its author's own folder is `~`, for pages and mails are
    read by others, and it has a person's name."""
    home = f"{Path.home()}/"
    if notebook.startswith(home):
        return f"~/{shlex.quote(notebook.removeprefix(home))}"
    return shlex.quote(notebook)


def read_shipped() -> dict[str, str]:
    """The names of genlib's own notebooks by their digests."""
    lines = SHIPPED.read_text(encoding="utf-8").splitlines() if SHIPPED.exists() else []
    return dict(line.split() for line in lines)


def read_acts(settings: Settings) -> list[Act]:
    """All that was done with notebooks in this workbench, the oldest first. A line that cannot be
    read says nothing."""
    return list(_parse(_read_text(settings)))


def check_second_person(path: Path, digest: str, settings: Settings) -> None:
    """Refused if the user of the settings owns the file, or has run the notebook as a draft: these
    cells, or others under its name."""
    drafts = [act for act in read_acts(settings) if act.act == "draft"]
    authors = {
        act.user for act in drafts if act.digest == digest or act.notebook == path.stem
    } | _read_owner(path)
    if settings.user in authors:
        raise Refused(
            "whoever owns the file of a notebook, or has run it as a draft, cannot approve it: "
            "ask a second person to read it and to run genlib report approve"
        )


def record_act(
    act: Literal["approved", "draft"], name: str, digest: str, settings: Settings
) -> Act:
    """Keep that the user of the settings did this now; once is enough."""
    done = Act(act, name, digest, settings.user, read_clock().isoformat())
    home = make_home(settings.home)
    check_no_link(home / ACTS)
    with open_lock(home / f".{ACTS}.lock") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        before = _read_text(settings)
        same = [one for one in _parse(before) if _is_same(one, done)]
        if same:
            return same[0]
        with replacing(home / ACTS) as file:
            file.write(f"{before}{json.dumps(asdict(done))}\n".encode())
    return done


def _is_same(one: Act, other: Act) -> bool:
    return asdict(one) | {"at": ""} == asdict(other) | {"at": ""}


def _read_text(settings: Settings) -> str:
    path = settings.home / ACTS
    return path.read_text(encoding="utf-8") if path.exists() else ""


def _parse(text: str) -> Iterator[Act]:
    for line in text.splitlines():
        with suppress(ValueError, TypeError):
            yield Act(**json.loads(line))


def _read_owner(path: Path) -> set[str]:
    with suppress(KeyError, OSError):  # a user whom this machine does not know
        return {path.owner()}
    return set()
