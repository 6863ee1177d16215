"""``make chaos``: runs whole executions under faults, and judges what is left of them."""

from __future__ import annotations

import argparse
import random
import sys
import time
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import get_args

from rich.console import Console

from launcher.components import Executor
from launcher.settings import read_settings
from launcher.signals import as_exceptions
from tests.chaos import report
from tests.chaos.chaos_stack import ChaosStack, World
from tests.chaos.checker import Violation, check
from tests.chaos.evidence import Run, utc
from tests.chaos.faults import Faults
from tests.chaos.monitor import Monitor
from tests.chaos.plan_workers import PlanWorker
from tests.chaos.plans import LANES, make_plans
from tests.chaos.schedule import Kind, Scenario, disturbances, kinds_of, scenarios
from tests.chaos.supervisor import Supervisor

SPEED = "60"
WIDTH = 140
ACTION_SECONDS = 2.0
"""Seconds that the function of an action takes, in which it can be killed."""

LIMIT = 600.0
"""Seconds that jobs may go on after the last run."""


def main() -> int:
    """Return 1 if a rule was broken, if too little hit so many runs, or if chaos itself did not work."""
    options = _options()
    seed = options.seed
    kinds = [kind for kind in kinds_of(options.executor) if kind not in options.without]
    first_plans = make_plans(seed, min(LANES, options.runs))
    wanted = scenarios(seed, options.runs, first_plans, options.without)
    plans = list(dict.fromkeys(scenario.plan for scenario in wanted))
    console = Console(log_path=False)
    if not console.is_terminal:
        console.width = WIDTH
    console.print(f"SEED={seed} RUNS={options.runs} EXECUTOR={options.executor}", highlight=False)
    with TemporaryDirectory(prefix="chaos-") as folder:
        home = Path(folder) / "home"
        stack = ChaosStack(home, plans, seed, console, SPEED, executor=options.executor)
        try:
            begun = time.monotonic()
            with stack:
                runs, violations, trouble, restarts = _run(stack, wanted, options, console)
        finally:
            _keep_logs(home, options.keep)
    took = time.monotonic() - begun
    report.print_runs(console, runs, violations)
    report.print_total(console, runs, kinds)
    shown = report.document(
        seed,
        runs,
        violations,
        kinds,
        executor=options.executor,
        trouble=trouble,
        restarts=restarts,
        durationSeconds=round(took),
    )
    report.write(options.output, shown)
    for violation in violations:
        console.print(f"[bold red]SEED={seed} run {violation.run}: {violation.rule}:[/] {violation.texts}")
    for texts in [*shown["shortfalls"], *trouble]:
        console.print(f"[yellow]{texts}[/]")
    console.print(f"{took:.0f} s; {options.output} has the details.")
    return 1 if violations or trouble or shown["shortfalls"] else 0


def _run(
    stack: ChaosStack, wanted: list[Scenario], options: argparse.Namespace, console: Console
) -> tuple[list[Run], list[Violation], list[str], dict[str, int]]:
    world, number = World(stack), count(1)
    world.control.slow(ACTION_SECONDS, "lambda")
    violations: list[Violation] = []

    def ended(run: Run) -> None:
        run_violations = [v for v in check(monitor.evidence([run]), utc()) if v.run == run.number]
        violations.extend(run_violations)
        status = run.last["status"] if run.last else "no record"
        console.log(
            f"[green]{next(number)}[/] {run.run_id} of {len(wanted)} {status}, {len(run.hits)} faults"
            + "".join(f"\n  [bold red]{v.rule}: {v.texts}[/]" for v in run_violations)
        )

    with Supervisor(stack) as supervisor, Monitor(world) as monitor:
        workers = [
            PlanWorker(world, lane, [s for s in wanted if s.plan.lane == lane], ended=ended, log=console.log)
            for lane in sorted({scenario.plan.lane for scenario in wanted})
        ]
        schedule = disturbances(options.seed, options.without, options.executor)
        with Faults(world, supervisor, schedule, console.log) as faults:
            interrupted = _let_run(workers)
        if not interrupted:
            _let_jobs_end(world)
        final = check(monitor.evidence(world.asked), utc())
        violations = final + [violation for violation in violations if violation not in final]
        trouble = [*interrupted, *faults.trouble, *monitor.trouble]
        trouble += [worker.trouble for worker in workers if worker.trouble]
    return world.asked, violations, trouble, supervisor.restarts


def _let_run(workers: list[PlanWorker]) -> list[str]:
    """Return when all runs are over; being interrupted is shown, and what there is is judged all the same."""
    try:
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
    except (KeyboardInterrupt, SystemExit):
        return ["interrupted before all runs were over"]
    return []


def _let_jobs_end(world: World) -> None:
    """Wait for jobs that run on: what they launch must be on record too."""
    deadline = time.monotonic() + LIMIT
    while any(job["status"] != "COMPLETED" for job in world.jobs()) and time.monotonic() < deadline:
        time.sleep(1)


def _keep_logs(home: Path, folder: Path | None) -> None:
    if folder is not None and (home / "logs").exists():
        (home / "logs").rename(folder)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make chaos", description=__doc__)
    parser.add_argument("--runs", type=int, default=30)
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--without", nargs="*", default=[], choices=list(Kind), help="kinds to leave out")
    parser.add_argument("--executor", default=read_settings().executor, choices=get_args(Executor))
    parser.add_argument("--output", type=Path, default=Path("chaos.json"))
    parser.add_argument("--keep", type=Path, help="folder to keep the logs of the stack in")
    options = parser.parse_args()
    if options.seed is None:
        options.seed = random.SystemRandom().randrange(1_000_000)
    if options.runs < 1:
        parser.error(f"--runs {options.runs}: allowed are 1 and more")
    return options


if __name__ == "__main__":
    with as_exceptions():
        sys.exit(main())
