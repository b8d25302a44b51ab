"""Who may let a report out: a notebook publishes if a second person approved it, and is a draft for
its author alone if not.

What is approved is a digest: of the kind, the tags and the source of every cell in order, so that a
changed comma is another notebook and outputs are none. Whoever owns the file of a notebook, or has
run it as a draft, cannot approve it, by name or by login of the machine: another name under the
same login is no second person. A login that several share tells nobody apart, so each person has
one of their own. The notebooks of genlib itself were approved by those who reviewed its code: their
digests stand in `notebooks/approved.sha256`.

Not promised: that the second person read it; that a maker who works under another's login of the
machine and another's name is found out, or one whose notebook lies in another's file and who never
ran it in this workbench; that whoever may write to the record of approvals - the workbench's owner,
or with the setting `approvals` those of its group, who may approve - writes none by hand; or that
what the notebook imports and reads from elsewhere stays as it was. The audit trail has every
approval that the command made.

Example: aino writes a notebook and runs it: a draft. bertta approves it. From then on it publishes,
whoever runs it that may read the record, until somebody edits it. aino is not in the record's
group: what she runs herself stays a draft.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shlex
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from genlib.access_log import name_login, read_login
from genlib.atomic import replacing
from genlib.clock import read_clock
from genlib.errors import Refused, UsageError
from genlib.private import Access, check_no_link, find_access, give, make_home, open_lock
from genlib.settings import REPOSITORY, Settings

SHIPPED = REPOSITORY / "notebooks" / "approved.sha256"
"""The digests of genlib's own notebooks, a digest and a name on each line; `make digests` writes it
anew."""
ACTS = "notebooks.jsonl"
"""The file of a workbench that keeps who approved which notebook, and who ran it as a draft, unless
the setting `approvals` names another."""
CURE = "let the setting approvals name a file in a folder, such as approvals.jsonl"


@dataclass(frozen=True)
class Act:
    """What somebody did with a notebook, by name (`user`) and by login of the machine (of an act
    from before logins were kept, empty). `at` is an instant in UTC."""

    act: Literal["approved", "draft"]
    notebook: str
    digest: str
    user: str
    at: str
    login: str = ""


def digest_notebook(notebook: Mapping[str, Any]) -> str:
    """The SHA-256 of what a notebook does and says."""
    cells = [
        [cell["cell_type"], sorted(cell["metadata"].get("tags", [])), "".join(cell["source"])]
        for cell in notebook["cells"]
    ]
    return hashlib.sha256(json.dumps(cells).encode()).hexdigest()


def is_approved(digest: str, settings: Settings) -> bool:
    """Whether a notebook of this digest may publish; not for a login that may not read the record
    of approvals."""
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


def find_record(settings: Settings) -> Path:
    """The file that keeps who approved which notebook."""
    return settings.approvals or settings.home / ACTS


def read_acts(settings: Settings) -> list[Act]:
    """All that was done with notebooks: the drafts of this workbench, and what was approved, the
    oldest first. A line that cannot be read says nothing, nor does a file that this login may not
    read. Refused if everybody may write to the record that the settings name."""
    _check_not_open(settings)
    record = find_record(settings)
    acts = [act for act in _read_all(record) if act.act == "approved"]
    drafts = [act for act in _read_all(settings.home / ACTS) if act.act == "draft"]
    return sorted(drafts + acts, key=lambda act: act.at)


def _read_all(record: Path) -> list[Act]:
    with suppress(PermissionError):
        return list(_parse(_read_text(record)))
    return []


def check_second_person(path: Path, digest: str, settings: Settings) -> None:
    """Refused if the user of the settings, or the login of this process, made the notebook, by name
    or by login of the machine.

    Example: aino, whose login is aino.m, cannot approve what she ran as a draft by calling herself
    bertta: the login is still aino.m.
    """
    if {settings.user, read_login()} & _list_makers(path, digest, settings):
        raise Refused(
            "whoever owns the file of a notebook, or has run it as a draft, by name or by login of "
            "the machine, cannot approve it: ask a second person to read it and to run genlib "
            "report approve under a login of the machine that is theirs alone"
        )


def _list_makers(path: Path, digest: str, settings: Settings) -> set[str]:
    """Names and logins of whoever owns the file, or has run the notebook as a draft: these cells,
    or others under its name."""
    makers = _read_owner(path)
    for act in read_acts(settings):
        is_of_it = act.digest == digest or act.notebook == path.stem
        if act.act == "draft" and is_of_it:
            makers |= {act.user, act.login}
    return makers


def record_act(
    act: Literal["approved", "draft"], name: str, digest: str, settings: Settings
) -> Act:
    """Keep that the user of the settings did this now; once is enough. A draft is kept in its
    maker's workbench: makers need not write where approvals are. Refused if this login may not
    write there."""
    done = Act(act, name, digest, settings.user, read_clock().isoformat(), read_login())
    record = find_record(settings) if act == "approved" else settings.home / ACTS
    with _telling_closed(record), _hold(record) as access:
        _check_not_open(settings)
        before = _read_text(record)
        same = [one for one in _parse(before) if _is_same(one, done)]
        if same:
            return same[0]
        with replacing(record, access) as file:
            file.write(f"{before}{json.dumps(asdict(done))}\n".encode())
    return done


@contextmanager
def _hold(record: Path) -> Iterator[Access]:
    """The record, which nobody else writes to meanwhile, and how it is made."""
    access = find_access(make_home(record.parent))
    with open_lock(record.with_name(f".{record.name}.lock")) as handle:
        give(handle.fileno(), access.file)
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield access


@contextmanager
def _telling_closed(record: Path) -> Iterator[None]:
    try:
        yield
    except PermissionError:
        raise Refused(
            f"this login of the machine may not write to {record}, which keeps what was done with "
            "notebooks; let the setting approvals name a file in a folder of the group of those "
            "who approve (chmod 2770), to which the login that publishes belongs"
        ) from None
    except (FileExistsError, NotADirectoryError):
        raise UsageError(
            f"the setting approvals names {record}, which lies in what is no folder; {CURE}"
        ) from None


def _is_same(one: Act, other: Act) -> bool:
    return asdict(one) | {"at": ""} == asdict(other) | {"at": ""}


def _check_not_open(settings: Settings) -> None:
    """Refused if everybody may write to the record that the settings name, or put another in its
    place."""
    record = settings.approvals
    for place in (record.parent, record) if record else ():
        if _is_open(place):
            raise Refused(
                f"everybody may write to {place}, so what stands in the setting approvals proves "
                "nothing; take that away (chmod o-w), and look through what is there"
            )


def _is_open(place: Path) -> bool:
    """Whether everybody may write there; not where this login may not even look."""
    with suppress(FileNotFoundError, NotADirectoryError, PermissionError):
        return bool(place.stat().st_mode & stat.S_IWOTH)
    return False


def _read_text(record: Path) -> str:
    """What the record says. Never through a link: whoever put it there while this process waited
    for the lock would have another file copied to where the group reads it. UsageError if it is a
    folder."""
    check_no_link(record)
    if record.is_dir():
        raise UsageError(f"{record} is a folder, and approvals are kept in a file; {CURE}")
    try:
        descriptor = os.open(record, os.O_RDONLY | os.O_NOFOLLOW)
    except (FileNotFoundError, NotADirectoryError):
        return ""
    with open(descriptor, encoding="utf-8") as file:
        return file.read()


def _parse(text: str) -> Iterator[Act]:
    for line in text.splitlines():
        with suppress(ValueError, TypeError):
            yield Act(**json.loads(line))


def _read_owner(path: Path) -> set[str]:
    """The login of the machine that owns a file; none, if the file cannot be asked."""
    with suppress(OSError):
        return {name_login(path.stat().st_uid)}
    return set()
