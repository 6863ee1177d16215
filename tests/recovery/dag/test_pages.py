"""Every page in Markdown keeps its shape, whatever names, tags, reasons and errors are in it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from drs_recovery.dag.builder import build_dag
from drs_recovery.dag.doc import plan_doc
from drs_recovery.dag.invalid import invalid_dag
from drs_recovery.dag.outdated import Outdated
from drs_recovery.engine.gate_text import clean_up_body, clean_up_subject, gate_body, gate_subject
from drs_recovery.names import group_id, likeness
from drs_recovery.plan import Plan
from drs_recovery.record.enums import WaveStatus
from drs_recovery.record.models import Execution, WaveRecord, execution_id
from drs_recovery.record.parts import PreflightWarning
from drs_recovery.record.server_record import ServerRecord
from tests.hostile import TRIED, lines, texts
from tests.markdown_page import read

AT = datetime(2026, 3, 1, 3, 0, tzinfo=UTC)
RUN = "manual__2026-03-01T03:00:00+00:00"
BASE = "http://localhost:8080"


WORDS = texts(surrogates=False).map(lambda message_text: message_text or "said")
KEYS, VALUES = (
    WORDS.map(lambda message_text: message_text[:128]),
    WORDS.map(lambda message_text: message_text[:256]),
)


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    """Return a plan of three waves in the worst words that a plan file takes."""
    taken = {"open_execution", "complete_execution"}
    usable = lines().filter(lambda name: group_id(name) not in taken)
    names = draw(st.lists(usable, min_size=3, max_size=3, unique_by=(group_id, likeness)))
    description = draw(lines()) + "\n" + draw(lines()) + "\n\n" + draw(lines())
    tags = draw(st.dictionaries(KEYS, VALUES, min_size=1, max_size=2))
    servers: list[Any] = [
        ["s-00000000000000001", "s-00000000000000002"],
        {"tags": tags},
        ["s-00000000000000003"],
    ]
    return Plan(
        id="shop",
        name=draw(lines()),
        description=description,
        owner=draw(lines()),
        region="eu-west-1",
        approvers=draw(st.lists(lines(), max_size=2, unique=True)),
        waves=[
            {"name": name, "servers": those, "pause_before_wave": bool(number)}
            for number, (name, those) in enumerate(zip(names, servers, strict=True))
        ],
    )  # fmt: skip


def execution_of(plan: Plan, message_text: str) -> Execution:
    """Return an execution at its second gate, after a wave that failed, in somebody's words."""
    statuses = (WaveStatus.FAILED, WaveStatus.PAUSED, WaveStatus.PENDING)
    waves = tuple(
        WaveRecord(
            wave_number=number, wave_name=wave.name, status=status, failure=None if number else message_text,
            start_time=None if number else AT, on_failure="continue",
        )
        for number, (wave, status) in enumerate(zip(plan.waves, statuses, strict=True))
    )  # fmt: skip
    return Execution(
        execution_id=execution_id(plan.id, RUN),
        plan_id=plan.id,
        plan_name=plan.name,
        plan_hash=plan.hash,
        dag_run_id=RUN,
        execution_type="DRILL",
        total_waves=len(waves),
        waves=waves,
        requested_by=message_text[:100] or None,
        reason=message_text,
        start_time=AT,
        warnings=(PreflightWarning(check="lag", message=message_text),),
        rto_seconds=3600,
    )


def fleet(message_text: str) -> list[ServerRecord]:
    """Return the servers of the second wave, and one of the first."""
    place = {1: 0, 2: 1, 3: 1}
    return [
        ServerRecord(
            source_server_id=f"s-{number:017}",
            hostname=message_text,
            name=message_text,
            wave_number=wave,
            optional=number == 3 or None,
        )
        for number, wave in place.items()
    ]


def check(markdown: str, *, headings: int, columns: int, rows: int, links: int = 0) -> None:
    """See that a page has what its template gives it, and nothing else."""
    page = read(markdown)
    assert (len(page.headings), len(page.links)) == (headings, links)
    assert (page.images, page.html) == ([], [])
    assert [[len(row) for row in table] for table in page.tables] == [[columns] * (rows + 1)]


@TRIED
@given(plans(), texts())
def test_the_page_of_a_plan_keeps_its_shape(plan: Plan, error: str) -> None:
    """One table with a row for each wave; that of an outdated plan has the error besides."""
    check(build_dag(plan).doc_md or "", headings=1, columns=7, rows=3)
    outdated = build_dag(plan, outdated=Outdated("2026-01-01 00:00:00 UTC", error))
    check(outdated.doc_md or "", headings=1, columns=7, rows=3)
    assert "fence" in read(outdated.doc_md or "").blocks


@TRIED
@given(texts())
def test_the_page_of_an_invalid_plan_keeps_its_shape(error: str) -> None:
    """A heading, the error as it is, and what to do."""
    page = read(invalid_dag("shop", error).doc_md or "")
    assert page.blocks == ["heading_open", "fence", "paragraph_open"]
    assert (page.links, page.images, page.html) == ([], [], [])


@TRIED
@given(plans(), WORDS)
def test_the_text_of_a_gate_keeps_its_shape(plan: Plan, message_text: str) -> None:
    """A row for each server that comes next, the headings that approvers know, and the link to the run."""
    execution = execution_of(plan, message_text)
    body = gate_body(plan, execution, execution.waves[1], fleet(message_text), at=AT, base_url=BASE)
    check(body, headings=5, columns=4, rows=2, links=1)
    assert "\n" not in gate_subject(execution, execution.waves[1])


@TRIED
@given(plans(), WORDS)
def test_the_text_of_a_clean_up_keeps_its_shape(plan: Plan, message_text: str) -> None:
    """A row for each instance that would be terminated."""
    execution = execution_of(plan, message_text)
    instances: list[Any] = [
        {"recoveryInstanceID": f"i-{number:017}", "sourceServerID": f"s-{number:017}"} for number in (1, 2, 3)
    ]
    body = clean_up_body(plan, execution, fleet(message_text), instances, at=AT + timedelta(hours=1))
    check(body, headings=2, columns=4, rows=3)
    assert "\n" not in clean_up_subject(execution)


def test_the_page_of_a_plan_has_as_what_servers_are_launched() -> None:
    """In drills too, and from which data; a plan that says nothing of that has no such line."""
    server = f"s-{1:017}"
    launch = {"instance_type": "m5.large", "servers": {server: {"copy_tags": True}}}
    said = {
        "launch": launch,
        "launch_in_drills": {"subnet": "subnet-1"},
        "recovery_point": {"before": "start"},
    }
    content = {"id": "p", "name": "P", "description": "D.", "owner": "o", "region": "eu-west-1"}
    wave = {"name": "W", "servers": [server]}
    page = str(plan_doc(Plan.model_validate(content | {"waves": [wave | said]})))
    others = "in drills `subnet subnet-1`, data `before start`."
    assert f"Launches: W: `instance_type m5.large` (single servers otherwise), {others}" in page
    assert "Launches:" not in str(plan_doc(Plan.model_validate(content | {"waves": [wave]})))
