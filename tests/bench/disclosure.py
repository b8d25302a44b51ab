"""people of 360 areas x 8 kinds with regions and totals (3,384 cells, about 750 unsafe) protected,
and the results attacked

All protect the same table of people: a cell under 5 is unsafe and must be able to go down by 1 and
up to 5. tau-ARGUS (the engine that the package pytauargus carries, on HiGHS) is given just these
protection levels and told to hide as few cells as it can. "modular" is its usual way, with its
rules for people who are alone in a cell; "optimal" has none, so beside both stands what we hide
when nobody is taken to be alone. Its files hold values and lie in the folder that the bench
deletes. ACRO makes the outputs that a researcher would ask for one by one - areas x kinds, regions
x kinds, areas - with its threshold at 5. The attacker is our auditor, a linear programme for every
hidden cell; he also plays everybody who is alone in a cell and knows it. Too closely: not free to
move as far as above.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import goals
import numpy as np
import polars as pl

REPEATS = 3
AREAS = {"tiny": 24, "small": 360, "large": 360}
UNDER = 5
NEAR = 1e-6
UNBOUND = 2**40
TOTAL = "Total"
CELL = ["area", "kind"]  # a region stands among the areas, and so does the total


def table(areas: int) -> pl.DataFrame:
    """One row a person; codes of one width, as tau-ARGUS wants them."""
    rng, regions = np.random.default_rng(1), max(areas // 24, 2)
    people = 1 + np.minimum(rng.lognormal(2.23, 1.3, areas * 8), 400).astype(int)
    cell = np.repeat(np.arange(areas * 8), people)
    area, region = (
        pl.Series(cell // 8).cast(pl.String),
        pl.Series(cell // 8 * regions // areas).cast(pl.String),
    )
    codes = {
        "area": "A" + area.str.zfill(4),
        "region": "R" + region.str.zfill(4),
        "kind": pl.Series(cell % 8).cast(pl.String),
    }
    return pl.DataFrame({"customer": np.arange(cell.size), **codes})


def prepare(folder: Path, size: str) -> None:
    rows = table(AREAS[size])
    rows.write_parquet(folder / "rows.parquet")
    levels = [
        rows.select(area, kind)
        for area in ("area", pl.col("region").alias("area"), _total("area"))
        for kind in ("kind", _total("kind"))
    ]
    cells = pl.concat(levels).group_by(CELL).len("people")
    unsafe = cells.filter(pl.col("people") < UNDER).rows()
    apriori = [f"{TOTAL};{TOTAL};C;1"] + [
        f"{area};{kind};PL;1;{UNDER - people}" for area, kind, people in unsafe
    ]
    (folder / "levels.hst").write_text("\n".join(apriori))
    under = rows.group_by("region", maintain_order=True).agg(
        pl.col("area").unique(maintain_order=True)
    )
    (folder / "areas.hrc").write_text(
        "".join(
            f"{region}\n" + "".join(f"@{area}\n" for area in areas)
            for region, areas in under.rows()
        )
    )


def _total(name: str) -> pl.Expr:
    return pl.lit(TOTAL).alias(name)


def tabulated(rows: pl.LazyFrame):
    from genlib.disclosure.cells import Dimension
    from genlib.disclosure.counting import tabulate

    return tabulate(
        rows,
        person="customer",
        by=[Dimension("area", parents=("region",)), Dimension("kind")],
        population="bench",
    )


def _model(folder: Path):
    """Our system of the table, and which of its cells is which."""
    from genlib.disclosure.model import build
    from genlib.disclosure.protect import standing_policy

    model = build({"table": tabulated(pl.scan_parquet(folder / "rows.parquet"))}, standing_policy())
    return model, model.frames["table"].select(
        pl.coalesce("area", "region", _total("area")), pl.coalesce("kind", _total("kind")), "_cell"
    )


def genlib(folder: Path, size: str) -> Callable[[], dict]:
    from genlib.disclosure.protect import protect

    cells = tabulated(pl.scan_parquet(folder / "rows.parquet"))
    protect(
        warm=tabulated(table(2).lazy())
    )  # libraries are loaded before the clock starts, on all sides

    def work() -> dict:
        made = protect(table=cells)
        frame = made.table.frame.select(
            pl.coalesce("area", "region", _total("area")),
            pl.coalesce("kind", _total("kind")),
            "people",
        )
        return _kept(
            folder, "genlib", frame.filter(pl.col("people").is_null()), made.conditions["status"]
        )

    return work


def genlib_nobody_alone(folder: Path, size: str) -> Callable[[], dict]:
    from dataclasses import replace

    from genlib.disclosure.search import suppress

    model, names = _model(folder)
    suppress(model.system)
    every = model.system.need_scenario < 0
    needs = {
        name: getattr(model.system, name)[every]
        for name in ("need_variable", "need_move", "need_scenario")
    }
    system = replace(model.system, **needs, knows=model.system.knows[[-1]])

    def work() -> dict:
        pattern = suppress(system)
        return _kept(
            folder,
            "nobody",
            names.filter(pl.lit(pl.Series(pattern.hidden)).gather(pl.col("_cell"))),
            pattern.status,
        )

    return work


def tau_argus(folder: Path, size: str, *, method: str, options: str) -> Callable[[], dict]:
    from pytauargus import protect
    from pytauargus.engine import run_batch
    from pytauargus.result import TableResult

    rows = pl.read_parquet(folder / "rows.parquet").select("area", "kind", people=1)
    there = folder / method
    files = protect(
        rows.to_dict(as_series=False),
        CELL,
        "people",
        f"FREQ({UNDER},100)",
        f"{method}({options})",
        cost_var="-2",
        hrc={"area": str(folder / "areas.hrc")},
        workdir=str(there),
        run=False,
    ).files
    batch = Path(files["arb"])
    batch.write_text(
        batch.read_text().replace(
            "<SUPPRESS>", f'<APRIORI> "{folder}/levels.hst",1,";",0,0\n<SUPPRESS>'
        )
    )

    def work() -> dict:
        run_batch(batch)
        found = pl.DataFrame(TableResult(files["tab1"], CELL, "people").rows)
        return _kept(folder, method, found.filter(pl.col("status").is_in(["U", "M"])), "")

    return work


def acro(folder: Path, size: str) -> Callable[[], dict]:
    import contextlib
    import io
    import logging

    import pandas as pd
    from acro import ACRO

    logging.disable(logging.CRITICAL)
    rows = pd.read_parquet(folder / "rows.parquet").assign(every=TOTAL)
    with contextlib.redirect_stdout(io.StringIO()):
        session = ACRO(suppress=True)
    session.sdc_checks.risk_appetite["safe_threshold"] = UNDER

    def work() -> dict:
        with contextlib.redirect_stdout(io.StringIO()):
            outputs = [
                session.crosstab(rows[one], rows[other])
                for one, other in (CELL, ("region", "kind"), ("area", "every"))
            ]
        gone = pd.concat(
            [
                frame.rename_axis(index="area", columns="kind").stack(future_stack=True)
                for frame in outputs
            ]
        )
        gone = gone[gone.isna()].reset_index()[CELL]
        return _kept(folder, "acro", pl.from_pandas(gone), "")

    return work


def _kept(folder: Path, name: str, hidden: pl.DataFrame, status: str) -> dict:
    hidden.select(CELL).cast(pl.String).write_parquet(folder / f"{name}.hidden")
    return {
        "note": f"{hidden.height:,} hidden {status}".rstrip(),
        "facts": {"hidden": hidden.height},
    }


def attack(folder: Path, size: str, *, on: str) -> Callable[[], dict]:
    from genlib.disclosure.pattern import Pattern

    model, names = _model(folder)
    gone = names.join(pl.read_parquet(folder / f"{on}.hidden"), on=CELL, how="semi")
    hidden = np.zeros(len(model.reason), bool)
    hidden[gone["_cell"].to_numpy()] = True
    none = np.zeros((0, len(model.system.value)), np.int64)
    pattern = Pattern(model.system, hidden, none, none[:, 0])

    def work() -> dict:
        known, close, alone = _worked_out(pattern)
        note = (
            f"unsafe cells worked out exactly: {known}, too closely: {close}, too closely by "
            f"one who is alone beside them: {alone}"
        )
        return {"note": note, "facts": {"exact": known, "close": close, "alone": alone}}

    return work


def _worked_out(pattern) -> tuple[int, int, int]:
    """How many unsafe cells anyone works out exactly, how many others too closely, and how many
    more those do who are alone beside them."""
    from genlib.disclosure.audit import intervals

    def bounds(
        part: dict, wanted: set[int], known: dict[int, int]
    ) -> dict[int, tuple[float, float]]:
        asked = [place if name in wanted else -1 for place, name in enumerate(part["names"])]
        found = intervals(
            {**part, "cell": asked},
            known={part["names"].index(v): size for v, size in known.items()},
        )
        return {
            part["names"][place]: (low, high)
            for place, low, high in found.select("variable", "low", "high").rows()
        }

    def needs(who: int) -> list[tuple[int, int]]:
        theirs = system.need_scenario == who
        return list(
            zip(
                system.need_variable[theirs].tolist(),
                system.need_move[theirs].tolist(),
                strict=True,
            )
        )

    def too_close(who: int, seen: dict[int, tuple[float, float]]) -> set[int]:
        reach = {
            (v, m): seen[v][1] - value[v] if m > 0 else value[v] - seen[v][0]
            for v, m in needs(who)
            if v in seen
        }
        return {v for (v, m), moves in reach.items() if moves < abs(m) - NEAR}

    system, value, parts = pattern.system, pattern.system.value, _parts(pattern.manifest())
    seen = {
        v: ends for part in parts for v, ends in bounds(part, {v for v, _ in needs(-1)}, {}).items()
    }
    exact, told = {v for v, (low, high) in seen.items() if high - low < NEAR}, set()
    lone = system.knows.tocoo()
    for own, who in zip(lone.col.tolist(), lone.row.tolist(), strict=True):
        beside = {v for v, _ in needs(who)}
        for part in (part for part in parts if own in part["names"]):
            told |= too_close(who, bounds(part, beside, {own: int(value[own])}))
    close = too_close(-1, seen) - exact
    return len(exact), len(close), len(told - close - exact)


def _parts(open_: dict) -> list[dict]:
    """The hidden figures and their relations, each connected part alone; all that is shown in a
    relation is one known figure."""
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import connected_components

    relation, variable, sign = (np.asarray(part) for part in open_["relations"])
    unseen = np.array([value is None for value in open_["published"]])
    shown = np.array([value or 0 for value in open_["published"]])
    count, known = relation.max() + 1, np.zeros(relation.max() + 1, np.int64)
    np.add.at(known, relation, sign * shown[variable])
    inner = unseen[variable]
    ends = (relation[inner], count + variable[inner])
    graph = csr_array((np.ones(inner.sum()), ends), shape=(count + len(unseen),) * 2)
    label = connected_components(graph, directed=False)[1]
    parts = []
    for one in np.unique(label[ends[0]]):
        entry = np.flatnonzero(inner & (label[relation] == one))
        rows, row = np.unique(relation[entry], return_inverse=True)
        names, column = np.unique(variable[entry], return_inverse=True)
        rest = len(names) + np.arange(len(rows))
        relations = [
            np.append(row, np.arange(len(rows))),
            np.append(column, rest),
            np.append(sign[entry], np.ones(len(rows), int)),
        ]
        parts.append(
            {
                "relations": relations,
                "published": [None] * len(names) + known[rows].tolist(),
                "low": [0] * len(names) + [-UNBOUND] * len(rows),
                "names": names.tolist() + [None] * len(rows),
            }
        )
    return parts


NOBODY, MODULAR, OPTIMAL = (
    "genlib, nobody taken to be alone",
    "tau-ARGUS modular",
    "tau-ARGUS optimal",
)
SIDES = {
    "genlib": genlib,
    MODULAR: partial(tau_argus, method="MOD", options="1,5,1,1,1"),
    OPTIMAL: partial(tau_argus, method="OPT", options="1,5"),
    NOBODY: genlib_nobody_alone,
    "ACRO": acro,
    "genlib attacked": partial(attack, on="genlib"),
    f"{MODULAR} attacked": partial(attack, on="MOD"),
    f"{OPTIMAL} attacked": partial(attack, on="OPT"),
    "ACRO attacked": partial(attack, on="acro"),
}
PEERS = ("ACRO",)
ONCE = tuple(side for side in SIDES if side.endswith("attacked"))
GOALS = {
    "genlib": goals.within(0.5),
    NOBODY: goals.no_more("hidden", MODULAR, OPTIMAL),
    "genlib attacked": goals.none(),
}
