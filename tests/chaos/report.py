"""What chaos has to tell: a table per run, one in total, and `chaos.json`."""

from __future__ import annotations

import json
import platform
from collections import Counter
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from rich.table import Table

from tests.chaos.evidence import utc
from tests.chaos.following import seconds
from tests.chaos.schedule import Kind

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from rich.console import Console

    from tests.chaos.checker import Violation
    from tests.chaos.evidence import Run

LEAST_RUNS, OF_RUNS = 5, 30
VERSIONS = ("apache-airflow", "apache-airflow-providers-amazon", "boto3", "celery", "kombu", "moto")


def reach(runs: Sequence[Run], kinds: Sequence[str]) -> dict[str, int]:
    """Return in how many runs that count each kind hit."""
    hit = Counter(kind for run in runs if run.counts for kind in {hit.kind for hit in run.hits})
    return {kind: hit[kind] for kind in kinds}


def shortfalls(runs: Sequence[Run], kinds: Sequence[str]) -> list[str]:
    """Return what so many runs should have met and did not; few runs need not."""
    runs = [run for run in runs if not run.probe]
    if len(runs) < OF_RUNS:
        return []
    enough = sum(run.counts for run in runs)
    few = [f"only {enough} runs met enough faults to count"] if enough < OF_RUNS else []
    return few + [f"{kind} hit only {n} runs" for kind, n in reach(runs, kinds).items() if n < LEAST_RUNS]


def undisturbed(runs: Sequence[Run]) -> tuple[int, int]:
    """Return how many runs that no person hindered are COMPLETED, and of how many."""
    ours = [run for run in runs if not run.hindered]
    return sum(run.last is not None and run.last["status"] == "COMPLETED" for run in ours), len(ours)


def print_runs(console: Console, runs: Sequence[Run], violations: Sequence[Violation]) -> None:
    """Print a line for each run."""
    table = Table(
        "run", "plan", "type", "status", "DAG run", "seconds", "faults", "kinds", "what people did", "wrong"
    )
    for run in sorted(runs, key=lambda run: run.number):
        took = seconds(run)
        wrong = sum(violation.run == run.number for violation in violations)
        table.add_row(
            str(run.number),
            run.dag_id,
            "probe" if run.probe else "RECOVERY" if run.real else "DRILL",
            run.last["status"] if run.last else "no record",
            str(run.state),
            f"{took:.0f}" if took is not None else "",
            str(len(run.hits)),
            str(len({hit.kind for hit in run.hits})),
            "; ".join(people(run)),
            str(wrong) if wrong else "",
            style=None if run.counts else "dim",
        )
    console.print(table)


def people(run: Run) -> list[str]:
    """Return what people did to a run."""
    rejected = [f"rejected {run.rejected}"] if run.rejected else []
    cleared = [hit.texts for hit in run.hits if hit.kind == Kind.CLEAR]
    cleaned = ["clean-up " + run.last["cleanup"]["status"]] if run.last and "cleanup" in run.last else []
    return [*filter(None, (run.action, run.edited)), *rejected, *run.in_aws, *cleared, *cleaned]


def print_total(console: Console, runs: Sequence[Run], kinds: Sequence[str]) -> None:
    """Print how often each kind hit, and what came of the runs."""
    table = Table("fault", "hits", "in runs")
    hits = Counter(hit.kind for run in runs for hit in run.hits)
    for kind, of_runs in reach(runs, kinds).items():
        table.add_row(kind, str(hits[kind]), str(of_runs))
    console.print(table)
    probes = [run for run in runs if run.probe]
    runs = [run for run in runs if not run.probe]
    types = Counter("RECOVERY" if run.real else "DRILL" for run in runs)
    shown = ", ".join(f"{n} {execution_type}" for execution_type, n in types.most_common())
    console.print(f"{shown}; {len(probes)} drills beside of servers with real instances.")
    statuses = Counter(run.last["status"] if run.last else "no record" for run in runs)
    console.print(", ".join(f"{n} {status}" for status, n in statuses.most_common()))
    again = sum(any(wave["attempt"] > 1 for wave in run.last["waves"]) for run in runs if run.last)
    console.print(f"{again} runs had a wave that was tried again.")
    done, ours = undisturbed(runs)
    console.print(f"Of {ours} runs that only their surroundings disturbed, {done} are COMPLETED.")


def document(
    seed: int,
    runs: Sequence[Run],
    violations: Sequence[Violation],
    kinds: Sequence[str],
    **more: Any,
) -> Mapping[str, Any]:
    """Return what `chaos.json` holds."""
    done, ours = undisturbed(runs)
    return {
        "seed": seed,
        "time": utc().isoformat(),
        "versions": {"python": platform.python_version()} | {name: version(name) for name in VERSIONS},
        "violations": [vars(violation) for violation in violations],
        "shortfalls": shortfalls(runs, kinds),
        "runsHitByKind": reach(runs, kinds),
        "undisturbed": {"completed": done, "runs": ours},
        **more,
        "runs": [_run(run, violations) for run in sorted(runs, key=lambda run: run.number)],
    }


def _run(run: Run, violations: Sequence[Violation]) -> Mapping[str, Any]:
    return {
        "run": run.number,
        "dagId": run.dag_id,
        "runId": run.run_id,
        "executionId": run.last["executionId"] if run.last else None,
        "status": run.last["status"] if run.last else None,
        "outcome": run.last.get("outcome") if run.last else None,
        "state": run.state,
        "asked": run.asked.isoformat(),
        "seconds": seconds(run),
        "counts": run.counts,
        "conf": run.conf,
        "probe": run.probe,
        "people": people(run),
        "cleanup": run.last.get("cleanup") if run.last else None,
        "faults": [{"kind": h.kind, "time": h.time.isoformat(), "words": h.texts} for h in run.hits],
        "violations": [vars(violation) for violation in violations if violation.run == run.number],
    }


def write(path: Path, shown: Mapping[str, Any]) -> None:
    """Write `chaos.json`."""
    path.write_text(json.dumps(shown, indent=2, default=str) + "\n")
