"""A workbench of its own for a test: real SQLite, real keys, the real command line."""

from __future__ import annotations

import atexit
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from genlib.register.vault import PseudonymKey, open_pseudonym

ROOT = Path(__file__).parents[1]


@cache
def find_server() -> subprocess.Popen[str]:
    """The process that is ready to run commands (`ready`), until the tests end."""
    command = [sys.executable, str(ROOT / "tests/ready.py")]
    places = os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
    environment = {**os.environ, "PYTHONPATH": places, "OPENBLAS_NUM_THREADS": "1"}
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    server = subprocess.Popen(command, env=environment, **pipes)
    atexit.register(server.communicate)
    return server


def run_command(words: list[str], environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """What a command does in a process of its own."""
    server = find_server()
    assert server.stdin
    assert server.stdout
    with TemporaryDirectory() as folder:
        printed = {name: Path(folder) / name for name in ("stdout", "stderr")}
        for path in printed.values():
            path.touch()
        places = {name: str(path) for name, path in printed.items()}
        order = {"words": words, "environment": environment, "folder": str(ROOT), **places}
        print(json.dumps(order), file=server.stdin, flush=True)
        code = int(server.stdout.readline())
        said = {name: path.read_text(encoding="utf-8") for name, path in printed.items()}
    return subprocess.CompletedProcess(words, code, **said)


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

    def try_out(self, *words: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
        """What a command does, whatever its code."""
        return run_command([*map(str, words)], {**self.environment, **environment})

    def run(
        self, *words: str | Path, code: int = 0, **environment: str
    ) -> subprocess.CompletedProcess[str]:
        done = self.try_out(*words, **environment)
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
