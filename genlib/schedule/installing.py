"""What makes a machine start the scheduler by itself: units of systemd, or a line of a crontab.

Both name the settings in force that a scheduler started in this folder would not find by itself, so
that it works on the same register, by the same schedule. A password stands in neither.

Example: with GENLIB_TIME_ZONE=Europe/Stockholm in the environment the unit has it too; with
`time_zone` in genlib.toml of the folder it has not, for the scheduler reads that file.
"""

from __future__ import annotations

import shlex
import shutil
import sys
from dataclasses import fields
from pathlib import Path
from typing import Any

from genlib.atomic import replacing
from genlib.errors import UsageError
from genlib.register.database import parse_address
from genlib.settings import Settings, load, read_environment

SERVICE = """\
[Unit]
Description=genlib: the reports that are due
[Service]
Type=oneshot
WorkingDirectory={folder}
{environment}
# the password of the service's own slots of the keys, for refresh and publish
LoadCredential=genlib-password:/etc/genlib/password
ExecStart={command} schedule due
# 3: something was refused, 5: something failed; both are in the status, and mailed to on_failure
SuccessExitStatus=3 5
"""
TIMER = """\
[Unit]
Description=genlib: looks every ten minutes for reports that are due
[Timer]
OnCalendar=*:0/10
Persistent=true
[Install]
WantedBy=timers.target
"""
UNITS = {"genlib-schedule.service": SERVICE, "genlib-schedule.timer": TIMER}
ADDRESSES = ("register", "slots")
"""Settings that may hold a password."""


def install(settings: Settings, folder: Path) -> list[str]:
    """Write the units of systemd into a folder, and say what to do with them, or in a crontab.
    UsageError if a setting that they need holds a password."""
    variables = list_variables(settings)
    command = _find_command()
    _check_one_line([str(Path.cwd()), *command, *variables.values()])
    # a $ would begin a variable here, and nowhere else in a unit
    arguments = [_quote_for_systemd(word).replace("$", "$$") for word in command[1:]]
    facts = {
        "folder": str(Path.cwd()).replace("%", "%%"),
        "environment": "\n".join(
            f"Environment={_quote_for_systemd(f'{name}={value}')}"
            for name, value in variables.items()
        ),
        "command": " ".join([_quote_for_systemd(command[0]), *arguments]),
    }
    for name, text in UNITS.items():
        with replacing(folder / name) as file:
            file.write(text.format(**facts).encode())
    place = shlex.quote(str(folder))
    return [
        f"written: {', '.join(str(folder / name) for name in UNITS)}",
        "with systemd, as the service's own user:",
        f"  sudo cp {place}/genlib-schedule.* /etc/systemd/system/",
        "  sudo systemctl daemon-reload && sudo systemctl enable --now genlib-schedule.timer",
        "or in that user's crontab, with GENLIB_PASSWORD_FILE too for refresh and publish:",
        f"  {_write_crontab(variables, command)}",
        "or as a process of its own: genlib schedule serve. Several at once do no harm.",
    ]


def list_variables(settings: Settings) -> dict[str, str]:
    """The variables of the environment by which a scheduler that is started in this folder has the
    settings in force; the password file apart, which is said where it is started."""
    named = {"GENLIB_HOME": str(settings.home), "GENLIB_USER": settings.user}
    otherwise = load(environment=named)
    variables = named | {"GENLIB_HOME": str(settings.home.resolve())}
    for field in fields(Settings):
        value = getattr(settings, field.name)
        variable = f"GENLIB_{field.name.upper()}"
        if field.name != "password_file" and value != getattr(otherwise, field.name):
            if field.name in ADDRESSES:
                _check_no_password(variable, value)
            variables[variable] = _write_value(value)
    password_file = read_environment().get("PGPASSFILE")
    return variables | ({"PGPASSFILE": password_file} if password_file else {})


def _write_value(value: Any) -> str:
    """As the environment says it."""
    if isinstance(value, Path):
        return str(value.resolve())
    return str(value).lower() if isinstance(value, bool) else str(value)


def _check_no_password(variable: str, address: str) -> None:
    location = parse_address(address, variable)
    if location.password or any("password" in name for name in location.query):
        raise UsageError(
            f"{variable} holds a password, which would stand in the unit for others to read; leave "
            "it out of the address, and keep it in ~/.pgpass of the service's user or in the file "
            "that PGPASSFILE names"
        )


def _check_one_line(texts: list[str]) -> None:
    if any(end in text for text in texts for end in "\r\n"):
        raise UsageError(
            "a setting, this folder or the place of genlib holds the end of a line, behind which "
            "systemd and cron would read another command; name it otherwise"
        )


def _find_command() -> list[str]:
    program = shutil.which("genlib")
    return [program] if program else [sys.executable, "-m", "genlib.cli"]


def _quote_for_systemd(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%")
    return f'"{escaped}"'


def _write_crontab(variables: dict[str, str], command: list[str]) -> str:
    """A line of a crontab, in which a plain % would end the command. A backslash that a value has
    before one would take the place of cron's own, so the quotes of the shell part them."""
    assignments = " ".join(f"{name}={shlex.quote(value)}" for name, value in variables.items())
    folder = shlex.quote(str(Path.cwd()))
    line = f"cd {folder} && {assignments} {shlex.join(command)} schedule due"
    return "*/10 * * * * " + line.replace(r"\%", r"\''%").replace("%", r"\%")
