"""Where an execution recovers to, as people read it: in its facts, at its gates, on the page of its plan."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from drs_recovery.dag.doc import plan_doc
from drs_recovery.engine.gate_text import gate_body
from drs_recovery.plan import Plan
from drs_recovery.record.models import Execution, WaveRecord
from drs_recovery.report.facts import facts, job_url

START = datetime(2026, 3, 1, 3, 0, tzinfo=UTC)
HERE = {"region": "eu-west-1", "account_id": "123456789012"}
THERE = {"region": "eu-central-1", "account_id": "210987654321"}


def execution(*waves: dict[str, Any], **fields: Any) -> Execution:
    """Return an execution of some waves."""
    named = [
        WaveRecord(wave_number=number, wave_name=f"W{number}", **wave) for number, wave in enumerate(waves)
    ]
    return Execution(
        execution_id="f4784d34-c01a-537f-bc0d-17bdadba3201",
        plan_id="shop",
        plan_name="Shop",
        plan_hash="0" * 64,
        dag_run_id="manual__1",
        execution_type="DRILL",
        total_waves=len(waves),
        waves=tuple(named),
        start_time=START,
        **fields,
    )


def shop(**second: str) -> Plan:
    """Return a plan of two waves, the second of which may say where it goes."""
    waves = [{"name": "W0", "servers": ["s-000000000000db001"]}]
    waves += [{"name": "W1", "servers": ["s-00000000000app001"], **second}]
    about = {"id": "shop", "name": "Shop", "description": "x", "owner": "t", "region": "eu-west-1"}
    return Plan.model_validate({**about, "waves": waves})


def test_one_place_is_named_once() -> None:
    """Also of an execution whose waves have none on record: it is that of the execution."""
    place = "eu-west-1, account 123456789012"
    assert facts(execution(HERE, HERE, **HERE))["Region"] == place
    assert facts(execution({}, {}, **HERE))["Region"] == place


def test_several_places_are_named_with_their_waves() -> None:
    """An account that AWS did not name is "—", not that of the execution."""
    unknown = {"region": "eu-central-1"}
    assert facts(execution(HERE, THERE, HERE, unknown, **HERE))["Region"] == (
        "eu-west-1, account 123456789012: W0, W2; "
        "eu-central-1, account 210987654321: W1; eu-central-1, account —: W3"
    )


def test_a_job_is_linked_where_its_wave_is() -> None:
    """The console opens one Region at a time."""
    run = execution(HERE, THERE, **HERE)
    url = job_url(run.region_of(run.waves[1]), "drsjob-1")
    assert url == "https://console.aws.amazon.com/drs/home?region=eu-central-1#/launchHistory/drsjob-1"


def test_a_gate_says_where_its_wave_goes_where_waves_go_to_several_places() -> None:
    """With one place, the page of the plan has it."""

    def body(*waves: dict[str, Any]) -> str:
        run = execution(*waves, **HERE)
        return gate_body(shop(), run, run.waves[1], [], at=START, base_url="http://airflow")

    assert "In account 210987654321, eu-central-1." in body(HERE, THERE)
    assert "In account" not in body(HERE, HERE)


def test_the_page_of_a_plan_names_each_place_with_its_waves() -> None:
    """Where there is one, no wave is named."""
    one = str(plan_doc(shop()))
    assert "Recovers into **eu-west-1** through the Airflow connection `aws_default`. " in one
    two = str(plan_doc(shop(region="eu-central-1", aws_conn_id="aws_web")))
    assert (
        "connection `aws_default` (W0); **eu-central-1** through the Airflow connection `aws_web` (W1). "
        in two
    )
