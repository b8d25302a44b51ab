"""The two doors: what may import what, and what `import genlib` brings with it."""

import subprocess
import sys
from pathlib import Path

import pytest

import genlib

ROOT = Path(__file__).parents[1]
LINT = Path(sys.executable).with_name("lint-imports")
RIGHT_OF_DOOR_1 = (
    "release",
    "disclosure.protect",
    "metrics.customers",
    "metrics.campaigns",
    "metrics.satisfaction",
    "present.page",
    "reports.run",
)


def python(code: str) -> str:
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
    ).stdout.strip()


def test_the_walls_stand():
    done = subprocess.run([LINT], capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.returncode == 0, done.stdout


def test_a_forbidden_import_is_found(tmp_path):
    package = tmp_path / "genlib"
    for room in ("register", "publish", "cli", "metrics"):
        (package / room).mkdir(parents=True)
        (package / room / "__init__.py").write_text("")
    (package / "__init__.py").write_text("")
    (package / "metrics/leak.py").write_text("import genlib.register")
    contract = (
        'type = "forbidden"\nsource_modules = ["genlib.metrics"]\nforbidden_modules = '
        '["genlib.register"]'
    )
    (tmp_path / "pyproject.toml").write_text(
        f'[tool.importlinter]\nroot_package = "genlib"\n[[tool.importlinter.contracts]]\nname = '
        f'"x"\n{contract}'
    )
    done = subprocess.run(
        [LINT, "--no-cache"], capture_output=True, text=True, check=False, cwd=tmp_path
    )
    assert done.returncode == 1


def test_import_genlib_is_lean():
    loaded = python(
        "import sys, genlib; print(*sorted(m for m in sys.modules if m.startswith(('genlib', "
        "'polars', 'altair', 'numpy'))))"
    )
    assert loaded == "genlib genlib.lazy"


def test_what_stands_right_of_door_1_loads_without_the_register():
    """One after the other in one process: the first that brings the register is named."""
    code = f"""
import sys
from importlib import import_module
for name in {RIGHT_OF_DOOR_1}:
    import_module(f"genlib.{{name}}")
    rooms = ("genlib.register", "genlib.publish")
    print(*(f"{{name}}: {{one}}" for one in sys.modules if one.startswith(rooms)), end="")
"""
    assert python(code) == ""


def test_the_names_are_few_and_each_explains_itself():
    assert len(genlib.__all__) <= 20
    assert [name for name in genlib.__all__ if not getattr(genlib, name).__doc__] == []


@pytest.mark.parametrize(
    ("module", "names"),
    [
        ("permission", ("decide",)),
        ("metrics.customers", ("purchase_summary", "fit_bg_nbd", "fit_gamma_gamma")),
        ("metrics.satisfaction", ("net_promoter_score", "likert")),
        ("metrics.campaigns", ("uplift",)),
        ("disclosure", ("suppress", "verify", "intervals")),
        (
            "register.identifiers",
            ("personal_id", "business_id", "phone", "email", "postal_code", "reference_number"),
        ),
    ],
)
def test_names_that_others_call_are_reached_from_genlib_alone(module, names):
    reached = ", ".join(f"callable(genlib.{module}.{name})" for name in names)
    assert python(f"import genlib; print(all(({reached},)))") == "True"


@pytest.mark.parametrize(
    "order",
    [
        ("metrics.customers", "metrics.campaigns.uplift"),
        ("register.schema", "register.identifiers.phone"),
    ],
)
def test_they_are_reached_whatever_was_imported_before(order):
    assert python(f"import genlib.{order[0]}, genlib; print(callable(genlib.{order[1]}))") == "True"


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="genlib has no such name; it has"):
        _ = genlib.customer
