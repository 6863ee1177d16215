"""A running stack as chaos sees it: Airflow by user, and AWS with credentials of its own."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import boto3

from drs_simulator.client import Control
from launcher.airflow_api import AirflowApi
from launcher.stack import Stack
from tests.airflow_rest import Airflow
from tests.chaos.plans import APPROVERS, PlanFolder, fleet_text
from tests.integration.records import TABLE, Records, plain

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from rich.console import Console

    from launcher.components import Executor
    from launcher.layout import Instance
    from tests.chaos.evidence import Item, Run
    from tests.chaos.plans import ChaosPlan

STACK_KEY = "testing"
"""The access key of the stack: faults hit its calls, and not those of whoever watches."""

APART, APART_KEY = "worker-2", "testing-2"
"""The worker that can be cut off alone, and its access key."""

PATIENCE = 120.0
"""Seconds in which Airflow surely answers again."""


class ChaosStack(Stack):
    """A stack whose local AWS has the fleet of the plans, and repeats itself for a seed."""

    def __init__(
        self,
        home: Path,
        plans: list[ChaosPlan],
        seed: int,
        console: Console,
        speed: str,
        *,
        executor: Executor = "local",
    ) -> None:
        folder = home / "plans"
        folder.mkdir(parents=True)
        self.folder = PlanFolder(folder)
        for plan in plans:
            self.folder.write(plan)
        self._fleet = home.parent / "fleet.yaml"
        self._fleet.write_text(fleet_text(plans))
        self._seed = seed
        super().__init__(home, speed=speed, plans=folder, console=console, executor=executor)

    @property
    def instances(self) -> tuple[Instance, ...]:
        """Those of any stack, but one worker has an access key of its own."""
        own = {"AWS_ACCESS_KEY_ID": APART_KEY}
        return tuple(
            replace(one, env={**one.env, **own}) if one.name == APART else one for one in super().instances
        )

    @property
    def access_keys(self) -> tuple[str, ...]:
        """The access keys that its processes call AWS with."""
        return (STACK_KEY, APART_KEY) if self.executor == "celery" else (STACK_KEY,)

    def _local_aws_options(self) -> tuple[str, ...]:
        return (*super()._local_aws_options(), "--fleet", str(self._fleet), "--seed", str(self._seed))


class World:
    """What the threads of chaos share."""

    def __init__(self, stack: ChaosStack) -> None:
        self.stack = stack
        self.folder = stack.folder
        self.control = Control(stack.aws_url)
        self.admin = self._user("admin")
        self.approvers = {name: self._user(name) for name in APPROVERS}
        self.alice = self.approvers["alice"]
        self._health = AirflowApi(stack.airflow_url, "admin", stack.passwords["admin"])
        self.dynamodb = self.client("dynamodb")
        self.drs = self.client("drs")
        self.ec2 = self.client("ec2")
        self.records = Records(self.dynamodb)
        self.asked: list[Run] = []
        """Every run that was ever asked for."""
        self.active: list[Run] = []
        """The runs that go on."""
        self.tasks: dict[str, tuple[Run, str]] = {}
        """Run and task id of every task instance that was seen, by its id."""

    def _user(self, name: str) -> Airflow:
        return Airflow(self.stack.airflow_url, name, self.stack.passwords[name], patience_seconds=PATIENCE)

    def client(self, service: str) -> Any:
        """Return a client that no fault hits."""
        return boto3.client(
            service,
            region_name="eu-west-1",
            endpoint_url=self.stack.aws_url,
            aws_access_key_id="watcher",
            aws_secret_access_key="watcher",
        )

    def healthy(self) -> bool:
        """Whether Airflow answers, and calls all its components healthy."""
        parts = [one.health for one in self.stack.layout.components if one.health]
        return all(map(self._health.healthy, parts))

    def in_flight(self) -> list[Run]:
        """Return the runs of which a wave is in flight."""
        return [run for run in list(self.active) if run.in_flight]

    def newest(self, dag_id: str) -> Item | None:
        """Return the EXECUTION item of a plan's newest execution."""
        answer = self.dynamodb.query(
            TableName=TABLE,
            IndexName="byPlan",
            KeyConditionExpression="planId = :p",
            ExpressionAttributeValues={":p": {"S": dag_id}},
            ScanIndexForward=False,
            Limit=1,
        )
        return next(map(plain, answer["Items"]), None)

    def instance_types(self) -> dict[str, str]:
        """Return the types of all instances that EC2 has, by id."""
        pages = self.ec2.get_paginator("describe_instances").paginate()
        found = (
            one for page in pages for reservation in page["Reservations"] for one in reservation["Instances"]
        )
        return {one["InstanceId"]: one["InstanceType"] for one in found}

    def default_types(self) -> dict[str, str]:
        """Return as what type DRS launches each server, by the default version of its launch template."""
        pages = self.drs.get_paginator("describe_source_servers").paginate()
        ids = [item["sourceServerID"] for page in pages for item in page["items"]]
        found = {server: self._default_type(server) for server in ids}
        return {server: type_ for server, type_ in found.items() if type_ is not None}

    def _default_type(self, server: str) -> str | None:
        """Return the type that a server is launched as; None if chaos has deleted the server meanwhile."""
        try:
            template = self.drs.get_launch_configuration(sourceServerID=server)["ec2LaunchTemplateID"]
        except self.drs.exceptions.ResourceNotFoundException:
            return None
        found = self.ec2.describe_launch_template_versions(LaunchTemplateId=template, Versions=["$Default"])
        return str(found["LaunchTemplateVersions"][0]["LaunchTemplateData"].get("InstanceType", ""))

    def jobs(self) -> Iterator[Item]:
        """Yield every job of DRS."""
        for page in self.drs.get_paginator("describe_jobs").paginate():
            yield from page["items"]

    def instances(self) -> Iterator[Item]:
        """Yield every recovery instance."""
        for page in self.drs.get_paginator("describe_recovery_instances").paginate():
            yield from page["items"]
