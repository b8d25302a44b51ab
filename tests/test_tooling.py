"""The files around the code agree with each other, and hold no address that ties the project to one
machine."""

import re
import subprocess
import tomllib
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def tracked() -> list[Path]:
    names = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split("\0")
    return [ROOT / name for name in names if name and (ROOT / name).is_file()]


def name_of(requirement: str) -> str:
    return re.split(r"[\[<>=!~ ;]", requirement)[0].lower().replace("_", "-")


def test_environment_yml_equals_pyproject():
    environment = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))
    python, *carried, pip, parts = environment["dependencies"]
    assert (environment["channels"], python, pip) == (
        ["conda-forge"],
        f"python{PROJECT['requires-python']}",
        "pip",
    )
    *rest, itself = parts["pip"]
    assert itself == "-e ."
    assert sorted(part.replace("_", "-") for part in [*carried, *rest]) == sorted(
        PROJECT["dependencies"]
    )


def test_every_part_is_pinned():
    pinned = {
        name_of(line)
        for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    }
    extras = [
        part
        for parts in PROJECT["optional-dependencies"].values()
        for part in parts
        if not part.startswith("genlib")
    ]
    assert [
        part for part in [*PROJECT["dependencies"], *extras] if name_of(part) not in pinned
    ] == []


def test_constraints_are_exact_versions_only():
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    assert [
        line for line in lines if not re.fullmatch(r"[A-Za-z0-9._-]+==[0-9][A-Za-z0-9.]*", line)
    ] == []


def test_no_file_names_an_index_or_a_folder_of_one_machine():
    address = re.compile(
        r"--(?:extra-)?index"
        + r"-url|--find"
        + r"-links|/(?:simple|wheels)/?[\"'\s]|/work/"
        + r"main|/home/\w+/"
    )
    texts = [
        path
        for path in tracked()
        if path.suffix in {".py", ".toml", ".txt", ".yml", ".md", ".ipynb", ".po", ".j2", ""}
    ]
    assert [
        str(path.relative_to(ROOT))
        for path in texts
        if address.search(path.read_text(encoding="utf-8", errors="ignore"))
    ] == []


def test_no_notebook_holds_outputs():
    found = [
        path.name
        for path in (ROOT / "notebooks").glob("*.ipynb")
        if re.search(r'"output_type"|"execution_count": \d', path.read_text(encoding="utf-8"))
    ]
    assert found == []


@pytest.mark.parametrize(
    "target", ["reports", "lab", "test", "proofs", "check", "digests", "bench"]
)
def test_every_target_of_make_is_there(target):
    plan = subprocess.run(
        ["make", "--dry-run", target], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    assert ".venv/bin/" in plan


def test_ci_is_bash_that_parses():
    assert (ROOT / ".ci/run").stat().st_mode & 0o111
    subprocess.run(["bash", "-n", ".ci/run"], cwd=ROOT, check=True)


def test_the_workbench_is_not_tracked():
    assert [path for path in tracked() if "workbench" in path.parts] == []
