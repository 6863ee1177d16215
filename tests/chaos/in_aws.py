"""What people do in AWS that the product is not told: servers deleted or cut off, instances terminated."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from tests.chaos.evidence import Hit, utc
from tests.chaos.schedule import Kind

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tests.chaos.chaos_stack import World
    from tests.chaos.evidence import Run
    from tests.chaos.plans import ChaosWave
    from tests.chaos.schedule import HumanAction, Scenario

NOT_BEGUN = {"PENDING", "PAUSED"}
GONE = "ResourceNotFoundException"


class InAws:
    """The one action in AWS that a scenario has for a run: between a gate and its start, or at any moment."""

    def __init__(self, world: World, scenario: Scenario, run: Run, log: Callable[[str], None]) -> None:
        self.world, self.plan, self.run, self.log = world, scenario.plan, run, log
        self._action = scenario.in_aws
        self._flew: float | None = None
        self._gated = any(wave["gate"] for wave in run.waves)
        self._faults: list[str] = []
        self._taken: set[str] = set()
        if scenario.ill:
            self._faults.append(world.control.impair_server(scenario.ill))
        if scenario.fails:
            self._faults.append(world.control.fail_server(scenario.fails, times=1))

    def approved(self, wave: ChaosWave) -> None:
        """Do what is to be done between this gate and its start."""
        if self._action and self._action.options["moment"] == "gate":
            self._try(self._action, wave.servers)

    def look(self) -> None:
        """Do what is due now; what cannot be done yet is tried again."""
        action = self._action
        if action is None or not self.run.last:
            return
        if action.options["moment"] == "gate" and self._gated and action.kind is not Kind.TERMINATE_INSTANCE:
            return
        if not self.run.in_flight or sum("endTime" in w for w in self.run.last["waves"]) < action.during:
            return
        self._flew = self._flew or time.monotonic()
        if time.monotonic() - self._flew >= action.after:
            self._try(action, self._coming())

    def last_chance(self) -> None:
        """End an instance at the latest before a run that has ended is cleared, or cleaned up."""
        if self._action and self._action.kind is Kind.TERMINATE_INSTANCE:
            self._try(self._action, ())

    def mend(self) -> None:
        """Let what was cut off come back; a deleted server never does."""
        while self._faults:
            self.world.control.remove_fault(self._faults.pop())

    def _coming(self) -> list[str]:
        """Return the servers of waves that have not begun, those of the largest wave first."""
        waves = self.run.last["waves"] if self.run.last else []
        coming = [self.plan.waves[int(w["waveNumber"])].servers for w in waves if w["status"] in NOT_BEGUN]
        return [server for servers in sorted(coming, key=len, reverse=True) for server in servers]

    def _try(self, action: HumanAction, servers: Sequence[str]) -> None:
        texts = None
        with suppress(ClientError):  # a server that is in a job by now, or has an instance, is left alone
            ends = action.kind is Kind.TERMINATE_INSTANCE
            texts = self._terminate(action) if ends else self._take_one(action, servers)
        if texts is None:
            return
        self._action = None
        self.run.in_aws.append(texts)
        self.run.hits.append(Hit(action.kind, utc(), texts))
        self.log(f"[magenta]{action.kind}[/] {texts} of run {self.run.number}")

    def _take_one(self, action: HumanAction, servers: Sequence[str]) -> str | None:
        """Take the first that is there: an earlier run may have lost some."""
        for server in servers:
            try:
                return self._take(action, server)
            except ClientError as error:
                if error.response["Error"]["Code"] != GONE:
                    raise
        return None

    def _take(self, action: HumanAction, server: str) -> str:
        if action.kind is Kind.DISCONNECT_SERVER and action.options["how"] == "agent":
            self._faults.append(self.world.control.disconnect_server(server))
            return f"{server} lost its agent"
        try:
            self.world.drs.disconnect_source_server(sourceServerID=server)
            self._taken.add(server)
            if action.kind is Kind.DISCONNECT_SERVER:
                return f"{server} disconnected"
            self.world.drs.delete_source_server(sourceServerID=server)
        except ClientError as error:
            # The answer to the deletion was lost, and its repetition finds nothing
            if server not in self._taken or error.response["Error"]["Code"] != GONE:
                raise
        return f"{server} deleted"

    def _terminate(self, action: HumanAction) -> str | None:
        """Terminate one of the instances of this run in EC2."""
        mine = {job for wave in (self.run.last or {}).get("waves", ()) for job in wave.get("jobIds", ())}
        there = [
            one["recoveryInstanceID"]
            for one in self.world.instances()
            if one["jobID"] in mine and one["ec2InstanceState"] == "RUNNING"
        ]
        if not there:
            return None
        doomed = sorted(there)[int(action.options["pick"] * len(there))]
        self.world.ec2.terminate_instances(InstanceIds=[doomed])
        return f"{doomed} terminated in EC2"
