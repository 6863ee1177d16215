"""The loader: what one wanted DAG costs, as a task parses it, and all, as the DAG processor does."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from rich.table import Table

from launcher.environment import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rich.console import Console

SIZES = (1, 100, 1000)
RUNS = 5
FEW = 10
"""All DAGs of more plans than this are loaded once: 1,000 take 20 s and more."""
WANTED = "_AIRFLOW_PARSING_CONTEXT_DAG_ID"
"""How Airflow tells a process which DAG it parses for."""


def measure(console: Console) -> None:
    """Load folders of several sizes in this process, and import the DAG file in fresh ones."""
    os.environ["AIRFLOW__CORE__UNIT_TEST_MODE"] = "True"
    with tempfile.TemporaryDirectory(prefix="recovery-bench-") as home:
        os.environ["AIRFLOW_HOME"] = home
        rows = [_sized(Path(home), size, console) for size in SIZES]
        with console.status("importing dags/recovery_plans.py in a fresh process"):
            fresh = _median(lambda: _import_dags(home))
    table = Table(
        "plans in the folder",
        "one DAG, ms",
        "ratio",
        "all DAGs, ms",
        "ratio",
        title=f"Loader, medians of {RUNS}; all DAGs of more than {FEW} plans once",
        caption=f"A fresh process that imports dags/recovery_plans.py: {fresh:.2f} s",
        title_justify="left",
        caption_justify="left",
    )
    _, one_base, all_base = rows[0]
    for size, one, everything in rows:
        ratios = f"{one / one_base:.2f}", f"{everything / all_base:.1f}"
        table.add_row(str(size), f"{one * 1000:.1f}", ratios[0], f"{everything * 1000:.0f}", ratios[1])
    console.print(table)


def _sized(home: Path, size: int, console: Console) -> tuple[int, float, float]:
    from recovery.dag.loader import load_dags  # noqa: PLC0415 - Airflow reads its home at the first import

    folder = home / f"plans-{size}"
    folder.mkdir()
    text = (ROOT / "dags" / "plans" / "web_shop.yaml").read_text()
    for number in range(size):
        (folder / f"plan_{number}.yaml").write_text(text)
    with console.status(f"loading {size} plans"):
        with _wanted("plan_0"):
            load_dags(folder)  # imports what building needs
        with _wanted(f"plan_{size // 2}"):
            one = _median(lambda: _expect(1, len(load_dags(folder))))
        everything = _median(lambda: _expect(size, len(load_dags(folder))), runs=1 if size > FEW else RUNS)
    return size, one, everything


@contextmanager
def _wanted(dag_id: str) -> Iterator[None]:
    os.environ[WANTED] = dag_id
    try:
        yield
    finally:
        del os.environ[WANTED]


def _expect(wanted: int, loaded: int) -> None:
    if loaded != wanted:
        raise RuntimeError(f"{loaded} DAGs were loaded instead of {wanted}")


def _import_dags(home: str) -> None:
    subprocess.run(
        [sys.executable, ROOT / "dags" / "recovery_plans.py"],
        env=os.environ | {"PYTHONPATH": str(ROOT / "include"), "AIRFLOW_HOME": home},
        check=True,
        capture_output=True,
    )


def _median(do: Callable[[], None], runs: int = RUNS) -> float:
    return median(_seconds(do) for _ in range(runs))


def _seconds(do: Callable[[], None]) -> float:
    begin = time.perf_counter()
    do()
    return time.perf_counter() - begin
