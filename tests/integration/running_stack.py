"""The real stack as a test sees it: Airflow by user, DRS, the simulator's log, raw records, a browser."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import boto3

from drs_simulator.client import Control
from tests.airflow_rest import Airflow, until
from tests.integration.browser import signed_in
from tests.integration.records import Records, statuses

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Page

    from launcher.stack import Stack

PAGE = 100
"""DAGs that Airflow gives at once, at most."""

ACCOUNT = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing"}


class World:
    """One running stack."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self.control = Control(stack.aws_url)
        self._users: dict[str, Airflow] = {}
        self.records = Records(self.client("dynamodb"))

    def close(self) -> None:
        """Close every connection."""
        self.control.close()
        self.records.client.close()
        for user in self._users.values():
            user.http.close()

    def user(self, name: str) -> Airflow:
        """Return Airflow as a user sees it."""
        if name not in self._users:
            self._users[name] = Airflow(self.stack.airflow_url, name, self.stack.passwords[name])
        return self._users[name]

    @property
    def admin(self) -> Airflow:
        """Airflow as its administrator sees it."""
        return self.user("admin")

    @contextmanager
    def browser(self, name: str) -> Iterator[Page]:
        """Give a page of a browser in which a user is signed in."""
        with signed_in(self.stack.airflow_url, name, self.stack.passwords[name]) as page:
            yield page

    def client(self, service: str) -> Any:
        """Return a boto3 client of the local AWS, in the fleet's Region."""
        return boto3.client(service, region_name="eu-west-1", endpoint_url=self.stack.aws_url, **ACCOUNT)

    def requests(self, operation: str) -> list[dict[str, Any]]:
        """Return what the simulator was asked, oldest first."""
        return self.control.requests(operation=operation)

    def dags(self) -> list[dict[str, Any]]:
        """Return every DAG that Airflow knows and does not hold stale."""
        dags: list[dict[str, Any]] = []
        while True:
            page = {"limit": PAGE, "offset": len(dags), "order_by": "dag_id"}
            answer = self.admin.call("GET", "/dags", params=page).raise_for_status().json()
            dags += answer["dags"]
            if not answer["dags"] or len(dags) >= answer["total_entries"]:
                assert answer["total_entries"] == len(dags)
                return dags

    def start(self, dag_id: str, user: str = "alice", **conf: Any) -> Run:
        """Trigger a DAG by REST."""
        answer = self.user(user).trigger(dag_id, **conf).raise_for_status().json()
        return Run(self, dag_id, answer["dag_run_id"])

    def terminate_all(self) -> None:
        """Terminate every recovery instance, so that the next test finds none."""
        drs = self.client("drs")
        if ids := [item["recoveryInstanceID"] for item in drs.describe_recovery_instances()["items"]]:
            self.control.set_speed("immediate")
            drs.terminate_recovery_instances(recoveryInstanceIDs=ids)
            until("no recovery instance", lambda: not drs.describe_recovery_instances()["items"])


@dataclass(frozen=True)
class Run:
    """A DAG run, with the execution it is."""

    world: World
    dag_id: str
    run_id: str

    @property
    def key(self) -> tuple[str, str]:
        """Dag id and run id, as calls take them."""
        return self.dag_id, self.run_id

    def task(self, task_id: str) -> tuple[str, str, str]:
        """Return dag id, run id and task id."""
        return self.dag_id, self.run_id, task_id

    def gate(self, wave: str) -> tuple[str, str, str]:
        """Return the place of a wave's gate."""
        return self.task(f"{wave}.approve")

    @property
    def record(self) -> dict[str, Any]:
        """The EXECUTION item, as soon as there is one."""
        return until(f"the record of {self.run_id}", lambda: self.world.records.of_run(*self.key))

    @property
    def statuses(self) -> list[str]:
        """The status of every wave on record."""
        return statuses(self.record)

    @property
    def servers(self) -> list[dict[str, Any]]:
        """The SERVER items."""
        return self.world.records.servers(self.record)

    @property
    def events(self) -> list[dict[str, Any]]:
        """The audit trail."""
        return self.world.records.events(self.record)

    @property
    def starts(self) -> list[dict[str, Any]]:
        """The StartRecovery calls of this execution, in the order the simulator got them."""
        mine = self.record["executionId"]
        calls = self.world.requests("StartRecovery")
        return [call for call in calls if call["parameters"]["tags"]["recovery:execution"] == mine]

    @property
    def state(self) -> str:
        """The state of the DAG run."""
        return str(self.world.admin.run(*self.key)["state"])

    def wait_for(self, task_id: str, *states: str) -> str:
        """Return the state of a task once it is one of those wanted."""
        return self.world.admin.wait_for_task(*self.key, task_id, *states)

    def wait_for_end(self) -> str:
        """Return the state of the run once it has ended."""
        return self.world.admin.wait_for_end(*self.key)

    def log(self, task_id: str) -> str:
        """Return the log of a task's last try."""
        tries = self.world.admin.call(
            "GET", "/dags/{}/dagRuns/{}/taskInstances/{}".format(*self.task(task_id))
        )
        path = "/dags/{}/dagRuns/{}/taskInstances/{}/logs/{}".format(
            *self.task(task_id), tries.raise_for_status().json()["try_number"]
        )
        return self.world.admin.call("GET", path, headers={"Accept": "application/json"}).text
