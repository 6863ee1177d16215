"""The registry of cases: what each operation does, and each error that a state of DRS raises."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from botocore.config import Config

from drs_simulator.clock import clock

DB1, DB2, EC2_ORIGIN = "s-000000000000db001", "s-000000000000db002", "s-00000000000ec2001"
HOME, ORIGIN = "eu-west-1", "eu-central-1"
LONG = 30 * 86_400
"""Simulated seconds after which nothing is under way any more."""


class Aws:
    """What a case works with: clients that do not retry, and what most cases need first."""

    def __init__(self, local_aws: Any) -> None:
        self._local = local_aws
        self.control = local_aws.control
        self.drs = self.client("drs")
        self.ec2 = self.client("ec2")

    def client(self, service: str, region: str = HOME, **options: Any) -> Any:
        config = Config(retries={"total_max_attempts": 1}, **options)
        return self._local.client(service, region=region, config=config)

    def hold_time(self) -> None:
        """Let what is begun from now on stay under way."""
        self.control.set_speed("real")

    def let_pass(self, seconds: float = LONG) -> None:
        clock.skip_to(clock.now() + seconds)

    def server(self, server_id: str = DB1) -> dict[str, Any]:
        (server,) = self.drs.describe_source_servers(filters={"sourceServerIDs": [server_id]})["items"]
        return dict(server)

    def state(self, server_id: str = DB1) -> str:
        return str(self.server(server_id)["dataReplicationInfo"]["dataReplicationState"])

    def start(self, *server_ids: str, **options: Any) -> dict[str, Any]:
        servers = [{"sourceServerID": server_id} for server_id in server_ids or (DB1,)]
        return dict(self.drs.start_recovery(sourceServers=servers, isDrill=True, **options)["job"])

    def jobs(self) -> list[str]:
        return [job["jobID"] for job in self.drs.describe_jobs()["items"]]

    def instances(self) -> dict[str, dict[str, Any]]:
        """Return the recovery instances by source server."""
        return {i["sourceServerID"]: i for i in self.drs.describe_recovery_instances()["items"]}

    def launched(self, server_id: str = DB1) -> str:
        """Launch a server, and return the id of its recovery instance."""
        self.start(server_id)
        self.let_pass()
        return str(self.instances()[server_id]["recoveryInstanceID"])

    def ec2_instance(self, instance_id: str) -> dict[str, Any]:
        (reservation,) = self.ec2.describe_instances(InstanceIds=[instance_id])["Reservations"]
        return dict(reservation["Instances"][0])

    def template(self, **settings: Any) -> dict[str, Any]:
        created = self.drs.create_launch_configuration_template(**settings)
        return dict(created["launchConfigurationTemplate"])

    def add_server(
        self, server_id: str = EC2_ORIGIN, origin: str | None = ORIGIN, region: str = HOME
    ) -> None:
        """Let an agent connect a server; one that runs in EC2, in Region ``origin``, unless that is None."""
        self.client("drs", region=region).initialize_service()
        self.control.add_server(server_id, "ec2-1.shop.example", region=region, origin_region=origin)

    def reversed(self) -> tuple[str, Any]:
        """Replicate an instance to its origin; return its id, and a client of DRS there."""
        there = self.client("drs", region=ORIGIN)
        there.initialize_service()
        self.add_server()
        instance_id = self.launched(EC2_ORIGIN)
        self.drs.reverse_replication(recoveryInstanceID=instance_id)
        return instance_id, there

    def failback(self) -> dict[str, Any]:
        return dict(self.instances()[EC2_ORIGIN]["failback"])


Case = Callable[[Aws], Any]

EFFECTS: dict[str, Case] = {}
"""By operation: does it, and looks through another operation at what came of it."""
REFUSALS: dict[tuple[str, str], Case] = {}
"""By operation and error: ends with the call that is refused."""


def effect(operation: str) -> Callable[[Case], Case]:
    """Register what an operation does."""

    def register(case: Case) -> Case:
        assert operation not in EFFECTS
        EFFECTS[operation] = case
        return case

    return register


def refusal(operation: str, error: str) -> Callable[[Case], Case]:
    """Register how a state makes an operation raise an error."""

    def register(case: Case) -> Case:
        assert (operation, error) not in REFUSALS
        REFUSALS[operation, error] = case
        return case

    return register
