"""Launch settings as tests look at them: in DRS and EC2, on record, and put back by a DAG run."""

from __future__ import annotations

import copy
from types import SimpleNamespace
from typing import Any

from drs_recovery.dag.clean_up import follow_up_dag
from drs_recovery.engine import launch_values as values
from drs_recovery.engine.put_back import PutBack
from drs_recovery.names import PUT_BACK
from drs_recovery.record.clean_up import follow_up_run_id
from drs_recovery.store.server_settings import read_put_back, read_settings
from tests.recovery.tasks.conftest import DB, WEB, Drive, TaskInstance, plan

PAIR = {"name": "Pair", "servers": [DB, WEB]}
START = "pair.start_recovery"
SMALL = {"instance_type": "t3.small", "recovery_mode": "FAST"}


def pair(table: Any, launch: dict[str, Any], *, drive: dict[str, Any] | None = None, **fields: Any) -> Drive:
    """Return an execution of one wave of two servers with launch settings, opened."""
    opened = Drive(plan(PAIR | {"launch": launch}, **fields), **(drive or {}))
    opened.execute("open_execution")
    return opened


def settings_of(table: Any, server: str) -> values.Values:
    """Return the launch settings of a server, as DRS and EC2 have them."""
    configuration = table.client("drs").get_launch_configuration(sourceServerID=server)
    (version,) = table.client("ec2").describe_launch_template_versions(
        LaunchTemplateId=configuration["ec2LaunchTemplateID"], Versions=["$Default"]
    )["LaunchTemplateVersions"]
    return values.found(configuration, version["LaunchTemplateData"])


def subnet(table: Any, cidr: str = "10.9.1.0/24", zone: str = "eu-west-1a") -> tuple[str, str]:
    """Make a network with one subnet and one security group; return their ids."""
    ec2 = table.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    made = ec2.create_subnet(VpcId=vpc, CidrBlock=cidr, AvailabilityZone=zone)["Subnet"]["SubnetId"]
    group = ec2.create_security_group(GroupName="iso", Description="iso", VpcId=vpc)["GroupId"]
    return made, group


def on_record(drive: Drive) -> dict[str, Any]:
    """Return the settings of each server on record."""
    return {one.source_server_id: one for one in drive.store.run(read_settings(drive.execution_id))}


def order(drive: Drive) -> Any:
    """Return how far it is that the settings are put back."""
    return drive.store.run(read_put_back(drive.execution_id))


class Back:
    """One DAG run that puts settings back, whose tasks a test executes by hand."""

    def __init__(self, drive: Drive) -> None:
        self.dag = follow_up_dag(PutBack)
        self.run = SimpleNamespace(
            dag_id=PUT_BACK,
            run_id=follow_up_run_id(drive.record, order(drive)),
            conf={"execution_id": drive.execution_id},
            triggering_user_name=None,
            clear_number=0,
        )

    def execute(self, task_id: str, **ti: Any) -> Any:
        """Execute a task, as its first try unless the test says otherwise."""
        task = copy.copy(self.dag.get_task(task_id))
        instance = TaskInstance(task_id, PUT_BACK, self.run.run_id, **ti)
        context = {"dag_run": self.run, "ti": instance, "task_instance": instance, "dag": self.dag}
        task.pre_execute(context)
        return type(task).execute(task, context)

    def all(self) -> None:
        """Execute both tasks."""
        self.execute("put_back")
        self.execute("check")
