"""Where things are and who is asking: the environment (GENLIB_*) over `genlib.toml` (here or in a
folder above) over defaults."""

from __future__ import annotations

import getpass
import os
import sys
import tomllib
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, fields
from datetime import date, datetime
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from genlib.errors import UsageError

REPOSITORY = Path(__file__).resolve().parent.parent
PUBLICATION = "GENLIB_PUBLICATION"
"""Tells a kernel that it publishes: the day, the report with its parameters, and the id of the run.
"""

TIME_ZONE = "Europe/Helsinki"
"""Where nothing else is set."""

SWITCH = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}


@dataclass(frozen=True)
class Settings:
    """Every place that genlib reads from or writes to."""

    home: Path
    register: str
    keys: Path
    releases: Path
    reports: Path
    notice: Path
    data: Path
    user: str
    artificial: bool = True
    """Take artificial people (codes 900-999, phones 049…) at intake. A register of real customers
    sets it to false."""
    password_file: Path | None = None
    time_zone: str = TIME_ZONE
    """The company's: it decides which day and month an instant belongs to, in every release and
    report."""

    def day_of(self, instant: datetime) -> date:
        """The company's day."""
        return instant.astimezone(ZoneInfo(self.time_zone)).date()


PLACES = {field.name for field in fields(Settings) if "Path" in str(field.type)}


def load(
    folder: Path | None = None,
    environment: Mapping[str, str] | None = None,
    *,
    password_file: Path | None = None,
) -> Settings:
    """The settings in force, with the `--password-file` of a command if it has one; UsageError
    names a setting that does not exist or a file that is not TOML."""
    given = _from_file(folder or Path.cwd()) | _from_environment(
        os.environ if environment is None else environment
    )
    data = Path(given.get("data", REPOSITORY / "data"))
    home = Path(given.get("home", REPOSITORY / "data" / "workbench"))
    defaults: dict[str, Any] = {
        "home": home,
        "register": f"sqlite:///{home}/register.sqlite",
        "keys": home / "keys.json",
        "releases": home / "releases",
        "reports": home / "reports",
        "notice": data / "notice.toml",
        "data": data,
        "user": given.get("user") or _login(),
    }
    own = {"password_file": password_file} if password_file else {}
    return Settings(**defaults | {name: _typed(name, value) for name, value in given.items()} | own)


def publication() -> tuple[str, str, str] | None:
    """Day, report and run of what this process publishes; None where people work on their own."""
    day, _, rest = os.environ.get(PUBLICATION, "").partition(" ")
    report, _, run = rest.rpartition(" ")
    return (day, report, run) if run else None


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
            f"a password is needed ({prompt}): name a file with {or_else}, or run this at a "
            "terminal"
        )
    first = getpass.getpass(f"{prompt}: ")
    if twice and getpass.getpass("the same again: ") != first:
        raise UsageError("the two passwords differ")
    return first


def _from_file(folder: Path) -> dict[str, Any]:
    path = next(
        (p for f in (folder, *folder.resolve().parents) if (p := f / "genlib.toml").is_file()), None
    )
    if path is None:
        return {}
    try:
        content = tomllib.loads(path.read_text())
    except tomllib.TOMLDecodeError:
        raise UsageError(f"{path} is not TOML; look for a missing quote or bracket") from None
    unknown = content.keys() - {f.name for f in fields(Settings)}
    if unknown:
        raise UsageError(f"{path} sets {', '.join(sorted(unknown))}, which does not exist")
    return {
        name: path.parent / value if name in PLACES else value for name, value in content.items()
    }


def _from_environment(environment: Mapping[str, str]) -> dict[str, Any]:
    return {
        f.name: environment[f"GENLIB_{f.name.upper()}"]
        for f in fields(Settings)
        if environment.get(f"GENLIB_{f.name.upper()}")
    }


def _typed(name: str, value: Any) -> Any:
    if name == "time_zone":
        return _known_time_zone(str(value))
    if name == "artificial":
        if str(value).lower() not in SWITCH:
            raise UsageError("the setting artificial is true or false")
        return SWITCH[str(value).lower()]
    return Path(value).expanduser() if name in PLACES else str(value)


def _known_time_zone(name: str) -> str:
    """The name, if it is one of the IANA list that means the same on every machine."""
    is_everywhere = "/" in name or name == "UTC"
    if not is_everywhere or name not in available_timezones():
        raise UsageError(
            "the setting time_zone is a place of the IANA list, such as Europe/Helsinki, or UTC"
        )
    return name


def from_secret_file(path: Path) -> str:
    """A password from a file, without the line's end."""
    try:
        return path.read_text().strip("\r\n")
    except OSError as error:
        raise UsageError(f"the password file {path} cannot be read ({error.strerror})") from None


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
