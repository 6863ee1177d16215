"""Whether the DAGs of plans, and those beside them, can run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drs_recovery.cli.doctor.finding import Found, fault, ok, warning
from drs_recovery.names import CLEAN_UP, INVALID_TAG, MAINTENANCE, OUTDATED_TAG, PUT_BACK
from drs_recovery.text.lists import listed
from drs_recovery.text.values import plural

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from drs_recovery.cli.airflow_models import Dag
    from drs_recovery.cli.doctor.looks import Installation

WITHOUT = {
    MAINTENANCE: "ends that nobody wrote are not written, and nothing that is due is started",
    CLEAN_UP: "what drills launched is not terminated, and costs money",
    PUT_BACK: "launch settings that drills changed are not put back",
}
MEND = "`recovery check` says what is wrong in its file."


def check(it: Installation) -> Iterator[Found]:
    """Yield what is wrong with DAGs, or how many there are."""
    found = [*_import_errors(it), *_beside(it.beside), *_plans(it.plans)]
    yield from found
    if not found:
        known = f"{plural(len(it.plans), 'plan')}, and {listed(it.beside)}"
        yield ok(f"{known}: none is paused, stale or invalid")


def _beside(dags: Mapping[str, Dag | None]) -> Iterator[Found]:
    for dag_id, dag in dags.items():
        if dag is None or dag.is_stale:
            yield fault(
                f"there is no DAG {dag_id}: {WITHOUT[dag_id]}",
                f"Put `dags/{MAINTENANCE}.py` where Airflow reads DAGs.",
            )
        elif dag.is_paused:
            yield fault(f"{dag_id} is paused: {WITHOUT[dag_id]}", f"`airflow dags unpause {dag_id}`.")


def _plans(plans: Iterable[Dag]) -> Iterator[Found]:
    known = [one for one in plans if not one.is_stale]
    if not known:
        yield warning(
            "Airflow has no plan", "Put files into `dags/plans/`, and see that the loader is beside it."
        )
    if invalid := _ids(one for one in known if INVALID_TAG in one.tags):
        yield fault(f"cannot be read, so cannot run: {invalid}", MEND)
    if outdated := _ids(one for one in known if OUTDATED_TAG in one.tags):
        yield fault(f"cannot be read any more; the last good version runs: {outdated}", MEND)
    if paused := _ids(one for one in known if one.is_paused):
        yield warning(
            f"paused, so that runs wait without a word: {paused}", "`airflow dags unpause` and the id."
        )
    if stale := _ids(one for one in plans if one.is_stale):
        yield warning(
            f"stale, so that no run is scheduled: {stale}",
            "Bring the file back; what was deleted on purpose goes by `airflow dags delete` and the id.",
        )


def _import_errors(it: Installation) -> Iterator[Found]:
    """Yield files that Airflow cannot import; others' than those of our bundles only warn."""
    bundles = {one.bundle_name for one in it.dags}
    for one in it.import_errors:
        last = one.stack_trace.strip().rpartition("\n")[2]
        say = fault if not bundles or one.bundle_name in bundles else warning
        yield say(
            f"{one.filename} cannot be imported: {last}",
            "`airflow dags list-import-errors` shows the whole error.",
        )


def _ids(dags: Iterable[Dag]) -> str:
    return listed(sorted(one.dag_id for one in dags))
