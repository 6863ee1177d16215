from __future__ import annotations

import pytest
from airflow.sdk import DAG
from airflow.serialization.serialized_objects import DagSerialization

from drs_recovery.aws.links.drs import DrsJobLink
from drs_recovery.aws.operators.drs import DrsStartRecoveryOperator
from drs_recovery.aws.sensors.drs import DrsJobSensor

JOB_ID = "drsjob-00000000000000001"


@pytest.mark.parametrize(
    ("partition", "host"),
    [
        ("aws", "console.aws.amazon.com"),
        ("aws-us-gov", "console.amazonaws-us-gov.com"),
        ("aws-cn", "console.amazonaws.cn"),
    ],
)
def test_a_job_is_linked_in_the_console_of_its_partition(context, partition, host):
    operator = DrsJobSensor(task_id="wait", job_ids=JOB_ID)
    DrsJobLink.persist(context, operator, region_name="eu-west-1", aws_partition=partition, job_id=JOB_ID)
    link = DrsJobLink().format_link(**context["ti"].xcoms["_drs_job"])
    assert link == f"https://{host}/drs/home?region=eu-west-1#/launchHistory/{JOB_ID}"


def test_the_server_shows_the_link_without_any_plugin():
    """Airflow stores a link as its name and the XCom with the URL; the class is not needed to show it."""
    with DAG("recover", schedule=None) as dag:
        DrsStartRecoveryOperator(task_id="start", source_server_ids=[])
        DrsJobSensor(task_id="wait", job_ids=JOB_ID)
    restored = DagSerialization.from_dict(DagSerialization.to_dict(dag))
    for task in restored.tasks:
        (link,) = task.operator_extra_links
        assert (link.name, link.xcom_key) == ("DRS Job", "_link_DrsJobLink")
