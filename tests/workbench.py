"""A workbench of its own for a test: real SQLite, real keys, the real command line."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from genlib.register.vault import PseudonymKey, open_pseudonym

ROOT = Path(__file__).parents[1]


@dataclass(frozen=True)
class Bench:
    """A folder with settings of its own; `run` is the command line as a person would type it."""

    home: Path

    @property
    def environment(self) -> dict[str, str]:
        own = {
            "GENLIB_HOME": str(self.home),
            "GENLIB_USER": "steward",
            "GENLIB_PASSWORD_FILE": str(self.home / "password"),
        }
        return {**{k: v for k, v in os.environ.items() if not k.startswith("GENLIB_")}, **own}

    def run(
        self, *words: str | Path, code: int = 0, **environment: str
    ) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "genlib.cli", *map(str, words)]
        done = subprocess.run(
            command,
            env={**self.environment, **environment},
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert done.returncode == code, (words, done.returncode, done.stderr)
        return done

    @property
    def pseudonym_key(self) -> PseudonymKey:
        """The key that its register knows."""
        password = (self.home / "password").read_text()
        return open_pseudonym(self.home / "keys.json", user="steward", password=password)

    def start(self) -> Bench:
        """Keys and an empty register."""
        self.home.mkdir(parents=True, exist_ok=True)
        (self.home / "password").write_text("correct horse battery")
        self.run("keys", "create")
        self.run("register", "create")
        return self
