"""The loader: what one wanted DAG costs, as a task parses it, and all, as the DAG processor does.

Beside all DAGs stands what Airflow itself takes for them: as many DAGs of the same tasks, groups, edges and
params, of Airflow's own operators, written in Python. All is time on the processor, which other work on the
machine changes little.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path
from resource import RUSAGE_CHILDREN, RUSAGE_SELF, getrusage
from statistics import median
from typing import TYPE_CHECKING

from rich.table import Table

from launcher.environment import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rich.console import Console

SIZES = ((1, 0), (100, 0), (1000, 0), (1000, 20))
"""Plans in the folder, and groups beside it that they use, each in turn."""

DATABASES = "[s-000000000000db001, s-000000000000db002]"
"""The servers of the web shop's first wave, as its file has them."""

RUNS = 5
FEW = 10
"""All DAGs of more plans than this are loaded once."""
WAVES, PARAMS = 3, 5
"""Of the web shop."""
WANTED = "_AIRFLOW_PARSING_CONTEXT_DAG_ID"
"""How Airflow tells a process which DAG it parses for."""


def measure(console: Console) -> None:
    """Load folders of several sizes in this process, and import the DAG file in fresh ones."""
    os.environ["AIRFLOW__CORE__UNIT_TEST_MODE"] = "True"
    with tempfile.TemporaryDirectory(prefix="recovery-bench-") as home:
        os.environ["AIRFLOW_HOME"] = home
        rows = [_sized(Path(home), size, groups, console) for size, groups in SIZES]
        with console.status("importing dags/recovery_plans.py in a fresh process"):
            fresh = _median(lambda: _import_dags(home))
    table = Table(
        "plans in the folder",
        "groups",
        "one DAG, ms",
        "ratio",
        "all DAGs, ms",
        "ratio",
        "plain Airflow, ms",
        title=f"Loader, medians of {RUNS}; all DAGs of more than {FEW} plans once",
        caption=f"A fresh process that imports dags/recovery_plans.py: {fresh:.2f} s",
        title_justify="left",
        caption_justify="left",
    )
    _, one_base, all_base, _ = rows[0]
    for (size, groups), (_, one, everything, plain) in zip(SIZES, rows, strict=True):
        ratios = f"{one / one_base:.2f}", f"{everything / all_base:.1f}"
        figures = f"{one * 1000:.1f}", ratios[0], f"{everything * 1000:.0f}", ratios[1], f"{plain * 1000:.0f}"
        table.add_row(str(size), str(groups or "none"), *figures)
    console.print(table)


def _sized(home: Path, size: int, groups: int, console: Console) -> tuple[int, float, float, float]:
    from drs_recovery.dag.loader import load_dags  # noqa: PLC0415 - Airflow reads its home at the first import

    folder = home / f"{size}-{groups}" / "plans"
    folder.mkdir(parents=True)
    text = (ROOT / "dags" / "plans" / "web_shop.yaml").read_text()
    for number in range(size):
        grouped = text.replace(DATABASES, f"{{group: group_{number % groups}}}") if groups else text
        (folder / f"plan_{number}.yaml").write_text(grouped)
    _write_groups(folder.with_name("groups"), groups)
    with console.status(f"loading {size} plans, {groups} groups"):
        with _wanted("plan_0"):
            load_dags(folder)  # imports what building needs
        with _wanted(f"plan_{size // 2}"):
            one = _median(lambda: _expect(1, len(load_dags(folder))))
        runs = 1 if size > FEW else RUNS
        everything = _median(lambda: _expect(size, len(load_dags(folder))), runs)
        plain = _median(lambda: [_plain_dag(f"plan_{number}") for number in range(size)], runs)
    return size, one, everything, plain


def _write_groups(folder: Path, groups: int) -> None:
    """Write groups of the servers that the first wave of the web shop launches."""
    folder.mkdir()
    for number in range(groups):
        lines = (f"name: Group {number}", "description: Databases.", "owner: bench", "region: eu-west-1")
        (folder / f"group_{number}.yaml").write_text("\n".join([*lines, f"servers: {DATABASES}", ""]))


def _plain_dag(dag_id: str) -> object:
    """Return a DAG of the shape that the web shop's has, as people write it for Airflow."""
    # Airflow reads its home at the first import
    from airflow.providers.standard.operators.empty import EmptyOperator  # noqa: PLC0415
    from airflow.sdk import DAG, Param, TaskGroup  # noqa: PLC0415

    params = {f"param_{number}": Param(None, type=["null", "string"]) for number in range(PARAMS)}
    defaults = {"owner": "team", "retries": 3}
    with DAG(dag_id, schedule="0 6 1 * *", params=params, default_args=defaults, tags=["plain"]) as dag:
        before, complete = EmptyOperator(task_id="open"), EmptyOperator(task_id="complete")
        for wave in range(WAVES):
            with TaskGroup(f"wave_{wave}"):
                gate, start, wait = (EmptyOperator(task_id=name) for name in ("gate", "start", "wait"))
                before >> gate >> start >> wait >> complete
            before = wait
    return dag


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


def _median(do: Callable[[], object], runs: int = RUNS) -> float:
    return median(_seconds(do) for _ in range(runs))


def _seconds(do: Callable[[], object]) -> float:
    begin = _on_the_processor()
    do()
    return _on_the_processor() - begin


def _on_the_processor() -> float:
    """Return the time of this process and of those it has waited for."""
    usages = map(getrusage, (RUSAGE_SELF, RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)
