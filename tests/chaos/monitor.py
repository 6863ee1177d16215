"""Watches the record and the log of requests while runs go on: what was once seen is not forgotten."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.background import Background
from tests.chaos.evidence import Evidence, utc

if TYPE_CHECKING:
    from tests.chaos.chaos_stack import World
    from tests.chaos.evidence import Item, Run

LOOK_EVERY = 0.7
LOG_EVERY = 4
"""Looks at records for one at the log, which holds more requests than come in that time."""

START = "StartRecovery"
OPERATIONS = (START, "Invoke", "TerminateRecoveryInstances", "DeleteSourceServer", "TerminateInstances")
"""Requests that are kept."""


class Monitor(Background):
    """Reads raw items and the log in a thread of its own."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.log: dict[str, Item] = {}
        self.types: dict[str, str] = {}
        self.usual = world.default_types()
        self.trouble: list[str] = []
        super().__init__()

    def _go_on(self) -> None:
        looks = 0
        while not self._stop.wait(LOOK_EVERY):
            looks += 1
            try:
                for run in list(self.world.active):
                    self.look(run)
                self.types |= self.world.instance_types()
                if looks % LOG_EVERY == 0:
                    self.read_log()
            except Exception as error:  # noqa: BLE001 - told in the report; the next look may work
                self.trouble.append(f"{utc():%H:%M:%S} {error!r}")

    def look(self, run: Run) -> None:
        """Read the record of a run, and keep it if it changed."""
        item = self.world.newest(run.dag_id)
        if item is None or item["dagRunId"] != run.run_id:
            return
        if item != run.last:
            run.seen.append((utc(), item))

    def read_log(self) -> None:
        """Keep what starts jobs, and what ends servers and instances; old requests leave the log."""
        for operation in OPERATIONS:
            for request in self.world.control.requests(operation=operation):
                self.log[f"{operation} {request['time']} {request['parameters']}"] = request

    def evidence(self, runs: list[Run]) -> Evidence:
        """Return all that there is to judge by now."""
        self.read_log()
        log = sorted(self.log.values(), key=lambda request: str(request["time"]))
        return Evidence(
            runs=runs,
            items=list(self.world.records.scan()),
            starts=[request for request in log if request["operation"] == START],
            jobs=[self._with_instances(job) for job in self.world.jobs()],
            instances=list(self.world.instances()),
            calls=[request for request in log if request["operation"] != START],
            types=self.types,
            defaults=self.world.default_types(),
            usual=self.usual,
        )

    def _with_instances(self, job: Item) -> Item:
        """Return a job with the instances that its log tells: DRS names them there, and not in the job."""
        pages = self.world.drs.get_paginator("describe_job_log_items").paginate(jobID=job["jobID"])
        shown = [item["eventData"] for page in pages for item in page["items"] if "eventData" in item]
        launched = {
            data["sourceServerID"]: {"recoveryInstanceID": data["targetInstanceID"]}
            for data in shown
            if "targetInstanceID" in data
        }
        servers = [
            server | launched.get(server["sourceServerID"], {}) for server in job["participatingServers"]
        ]
        return job | {"participatingServers": servers}
