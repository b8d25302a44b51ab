"""Where things are and who is asking: the environment (GENLIB_*) over `genlib.toml` (here or in a
folder above) over defaults."""

from __future__ import annotations

import getpass
import os
import re
import sys
import tomllib
import unicodedata
from collections.abc import Mapping, Set
from contextlib import suppress
from dataclasses import dataclass, fields, replace
from datetime import date, datetime
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from genlib.errors import UsageError
from genlib.private import GROUP, JOINED, OWNER, Access

REPOSITORY = Path(__file__).resolve().parent.parent
PUBLICATION = "GENLIB_PUBLICATION"
"""Tells a kernel that it publishes: the day and the id of the run."""

TIME_ZONE = "Europe/Helsinki"
"""Where nothing else is set."""

LONGEST = {"user": 64, "register": 1_000, "slots": 1_000, "groups": 1_000}
"""Characters that a setting may have; a place has up to LONGEST_PLACE."""
LONGEST_PLACE = 500
GROUP_FORM = re.compile(r"(?P<what>[a-z_]{1,40}) *= *(?P<group>[A-Za-z_][A-Za-z0-9_.-]{0,31})")
UNSEEN = {"Cc", "Cf", "Cs"}
"""Unicode's control and format characters, and bytes that are no text: a message or a terminal
would obey them."""

SWITCH = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}


@dataclass(frozen=True)
class Settings:
    """Every place that genlib reads from or writes to."""

    home: Path
    register: str
    keys: Path
    releases: Path
    reports: Path
    common: Path
    """What the workbenches of one register have in common, and the home if there is but one: the
    journal of erasures, the answers to requests and the contact lists."""
    notice: Path
    data: Path
    user: str
    artificial: bool = True
    """Take artificial people (codes 900-999, phones 049…) at intake. A register of real customers
    sets it to false."""
    group_readable: bool = False
    """Let the group read releases and reports (0640 and 0750), else they are their owner's (0600
    and 0700). The rest of the home never opens, so both then lie outside it."""
    groups: str = ""
    """Which group of the machine reads what: `customer_analysis=analysts, reports=readers`. A
    purpose that is not named is its owner's, as `group_readable` says. `waiting=publishers`: who
    lets reports out under a login of their own, where the notice wants four eyes; whoever is in
    that group, and whoever makes the reports, is in both."""
    access_log: Path | None = None
    """Who opened which release when; else access.jsonl in the home. Better a file that its users
    can only append to."""
    approvals: Path | None = None
    """Who approved which notebook; else notebooks.jsonl in the home, which one login reaches.
    Better a file in a folder of a group (setgid, 2770): those who approve and the schedule, each
    with a login of their own. Any of them could write an approval by hand, so who only writes
    notebooks is not in it."""
    password_file: Path | None = None
    time_zone: str = TIME_ZONE
    """The company's: it decides which day and month an instant belongs to, in every release and
    report."""
    publication: str = ""
    """Day and id of the run that this process publishes, as its kernel was told; "" where people
    work on their own."""

    schedule: Path | None = None
    """What comes when and for whom; else schedule.toml in `data`."""
    slots: str = ""
    """The database that keeps which reports of the schedule are made; else schedule.sqlite in the
    home. The register's own server may be named."""

    def day_of(self, instant: datetime) -> date:
        """The company's day."""
        return instant.astimezone(ZoneInfo(self.time_zone)).date()

    @property
    def access(self) -> Access:
        """The modes and the group of reports."""
        return self.access_of("reports")

    @property
    def waiting(self) -> Access:
        """The modes and the group of a report that waits for a second person, whoever reads the
        rest."""
        group = read_groups(self.groups).get("waiting", "")
        return replace(JOINED, group=group) if group else OWNER

    def access_of(self, what: str) -> Access:
        """The modes and the group of a purpose's releases, or of `reports`."""
        group = read_groups(self.groups).get(what, "")
        if group:
            return replace(GROUP, group=group)
        return GROUP if self.group_readable else OWNER


def read_groups(text: str) -> dict[str, str]:
    """What is read → the group that reads it; UsageError for another form."""
    groups = {}
    for part in text.split(",") if text.strip() else []:
        match = GROUP_FORM.fullmatch(part.strip())
        if match is None:
            raise UsageError(
                "the setting groups has the form customer_analysis=analysts, reports=readers"
            )
        groups[match["what"]] = match["group"]
    if "waiting" in groups and "reports" not in groups:
        raise UsageError(
            "the setting groups names waiting and not reports, through whose folders its group has "
            "to go: name both, as reports=readers, waiting=publishers"
        )
    return groups


PLACES = {field.name for field in fields(Settings) if "Path" in str(field.type)}
SWITCHES = {field.name for field in fields(Settings) if field.type == "bool"}


def load(
    folder: Path | None = None,
    environment: Mapping[str, str] | None = None,
    *,
    password_file: Path | None = None,
) -> Settings:
    """The settings in force, with the `--password-file` of a command if it has one; UsageError
    names a setting that does not exist or is of another type, or a file that is not TOML."""
    values = _from_file(folder or Path.cwd()) | _from_environment(
        os.environ if environment is None else environment
    )
    data = values.get("data", REPOSITORY / "data")
    home = values.get("home", REPOSITORY / "data" / "workbench")
    defaults: dict[str, Any] = {
        "home": home,
        "register": f"sqlite:///{home}/register.sqlite",
        "keys": home / "keys.json",
        "releases": home / "releases",
        "reports": home / "reports",
        "common": home,
        "notice": data / "notice.toml",
        "data": data,
        "user": values.get("user") or _login(),
    }
    override = {"password_file": password_file} if password_file else {}
    return Settings(**defaults | values | override)


def read_environment() -> Mapping[str, str]:
    """The environment, in which a feed names what holds the address of its source."""
    return os.environ


def password(settings: Settings, prompt: str, *, twice: bool = False) -> str:
    """The password of `settings.user`: a file, the service manager, the keyring, or the person at
    the terminal (a new one `twice`), in this order.

    Never an argument or a notebook parameter. UsageError if none of them has it.
    """
    named = settings.password_file
    credentials = os.environ.get("CREDENTIALS_DIRECTORY")
    for path in (named, Path(credentials, "genlib-password") if credentials else None):
        if path and (path.exists() or path == named):
            return from_secret_file(path)
    stored = _from_keyring(settings.user)
    return (
        typed(prompt, twice=twice, or_else="--password-file or GENLIB_PASSWORD_FILE")
        if stored is None
        else stored
    )


def typed(prompt: str, *, twice: bool, or_else: str) -> str:
    """A password from the person at the terminal; UsageError names the options that do without
    one."""
    if not sys.stdin.isatty():
        raise UsageError(
            f"a password is needed: name a file with {or_else}, or run this at a terminal"
        )
    first = getpass.getpass(f"{prompt}: ")
    if twice and getpass.getpass("the same again: ") != first:
        raise UsageError("the two passwords differ")
    return first


def _from_file(folder: Path) -> dict[str, Any]:
    folders = (folder, *folder.resolve().parents)
    files = (candidate / "genlib.toml" for candidate in folders)
    path = next((file for file in files if file.is_file()), None)
    if path is None:
        return {}
    content = _read_toml(path)
    # what a process publishes is told by who started it, never by a file
    names = {field.name for field in fields(Settings)} - {"publication"}
    if content.keys() - names:
        raise UsageError(
            f"{path} sets {_listed(content.keys() - names)}, which does not exist; there are "
            f"{', '.join(sorted(names))}"
        )
    return {
        name: _value(name, value, where=f"{path}", folder=path.parent)
        for name, value in content.items()
    }


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError):  # a number of many digits is no TOMLDecodeError
        raise UsageError(
            f"{path} is not TOML in UTF-8; look for a missing quote or bracket"
        ) from None
    except OSError as error:
        raise UsageError(f"{path} cannot be read ({error.strerror})") from None


def _listed(names: Set[str]) -> str:
    """Names that somebody typed; what does not look like one is counted only."""
    plain = sorted(name for name in names if re.fullmatch(r"[a-z_]{1,30}", name))
    strange = len(names) - len(plain)
    return ", ".join([*plain, f"{strange} strange names"] if strange else plain)


def _from_environment(environment: Mapping[str, str]) -> dict[str, Any]:
    variables = {field.name: f"GENLIB_{field.name.upper()}" for field in fields(Settings)}
    return {
        name: _value(name, environment[variable], where=variable)
        for name, variable in variables.items()
        if environment.get(variable)
    }


def _value(name: str, value: Any, *, where: str, folder: Path | None = None) -> Any:
    """A setting in its own type, a place below `folder` unless it is absolute; UsageError says
    `where` the wrong one was given."""
    if name == "time_zone":
        return _known_time_zone(str(value), where)
    if name in SWITCHES:
        if str(value).lower() not in SWITCH:
            raise UsageError(f"{where}: the setting {name} is true or false")
        return SWITCH[str(value).lower()]
    if not isinstance(value, str) or not value.strip() or "\0" in value:
        raise UsageError(f"{where}: the setting {name} is a text in quotes, and not empty")
    _check_plain(name, value, where)
    if name == "groups":
        read_groups(value)
    return _place(name, value, where, folder) if name in PLACES else value


def _check_plain(name: str, value: str, where: str) -> None:
    """UsageError for a text that cannot stand in a message or a file's name; it is not repeated."""
    longest = LONGEST.get(name, LONGEST_PLACE)
    if len(value) > longest:
        raise UsageError(f"{where}: the setting {name} has at most {longest:,} characters")
    if any(unicodedata.category(character) in UNSEEN for character in value):
        raise UsageError(
            f"{where}: the setting {name} holds control characters, or bytes that are no text in "
            "UTF-8; write it anew"
        )


def _place(name: str, value: str, where: str, folder: Path | None) -> Path:
    try:
        path = Path(value).expanduser()
    except RuntimeError:
        raise UsageError(
            f"{where}: the setting {name} begins with ~ and a user whom this machine does not "
            "know; write the whole path"
        ) from None
    return folder / path if folder else path


def _known_time_zone(name: str, where: str) -> str:
    """The name, if it is one of the IANA list that means the same on every machine."""
    is_everywhere = "/" in name or name == "UTC"
    if not is_everywhere or name not in available_timezones():
        raise UsageError(
            f"{where}: the setting time_zone is a place of the IANA list, such as Europe/Helsinki, "
            "or UTC"
        )
    return name


def from_secret_file(path: Path) -> str:
    """A password from a file, without the line's end. An error does not repeat the path: where a
    file should be named a password itself may have been written."""
    try:
        return path.read_text(encoding="utf-8").strip("\r\n")
    except OSError as error:
        raise UsageError(
            f"the password file cannot be read ({error.strerror}); name a file, never the password "
            "itself"
        ) from None
    except ValueError:
        raise UsageError("the password file is not a text in UTF-8") from None


def _from_keyring(user: str) -> str | None:
    if find_spec("keyring") is None:
        return None
    keyring: Any = import_module("keyring")
    with suppress(keyring.errors.KeyringError):
        return keyring.get_password("genlib", user)  # type: ignore[no-any-return]
    return None


def _login() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"
