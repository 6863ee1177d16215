"""Jobs that launch recovery instances."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from .action_runs import plan_actions
from .dates import iso_at
from .job import Job
from .members import Complete
from .timeline import Event, LaunchStatus, Phase, ServerTimeline
from .world import world

if TYPE_CHECKING:
    from .account import Account
    from .launch_data import LaunchData
    from .snapshots import RecoverySnapshot
    from .source_server import SourceServer
    from .timeline import JobTimeline


_NONE_RUN = Complete(runs=[])


class LaunchJob(Job):
    """A job that launches recovery instances, in place of those the servers have."""

    type = "LAUNCH"

    def __init__(
        self,
        backend: Account,
        servers: list[SourceServer],
        timeline: JobTimeline,
        *,
        is_drill: bool,
        data: dict[str, LaunchData],
    ) -> None:
        super().__init__(backend, servers, timeline)
        self.is_drill = is_drill
        self.initiated_by = "START_DRILL" if is_drill else "START_RECOVERY"
        self._data = data
        self._replaced = {server.source_server_id: server.recovery_instance_id for server in servers}
        self._launched: dict[str, str] = {}
        self._taken: set[str] = set()
        self._read: set[str] = set()
        self._actions = {server.source_server_id: plan_actions(server, self.job_id) for server in servers}
        for server in servers:
            server.last_job = self
            server.launches += 1

    def advance_server(self, backend: Account, server: ServerTimeline, elapsed: float) -> None:
        server_id = server.source_server_id
        cleaned = server.end_of(Phase.CLEANUP)
        if cleaned is not None and cleaned <= elapsed and (replaced := self._replaced.pop(server_id, None)):
            with self.attempt(server_id, Phase.CLEANUP):
                backend.replace_recovery_instance(replaced, self.at(cleaned))
        self._take_snapshot(server, elapsed)
        self._read_data(server, elapsed)
        is_launched = self.timeline.of(server_id).launch_status(elapsed) is LaunchStatus.LAUNCHED
        if is_launched and server_id not in self._launched:
            snapshot, launched = self._snapshot(server), self.at(server.end)
            with self.attempt(server_id, Phase.LAUNCH):
                instance = backend.add_recovery_instance(self, server_id, snapshot, launched)
                self._launched[server_id] = instance.recovery_instance_id
                self._show_actions(backend, server, instance.recovery_instance_id)

    def _snapshot(self, server: ServerTimeline) -> RecoverySnapshot:
        return self._data[server.source_server_id].snapshot(server, self.at, self.job_id)

    def _take_snapshot(self, server: ServerTimeline, elapsed: float) -> None:
        """Keep the snapshot that is launched once its phase is over, also where it is an earlier one."""
        server_id = server.source_server_id
        number = server.phases.index(Phase.SNAPSHOT) if Phase.SNAPSHOT in server.phases[:-1] else None
        over = math.inf if number is None else server.steps[number].end
        if over <= elapsed and server_id not in self._taken:
            self._taken.add(server_id)
            used, made = self._snapshot(server), self.at(over)
            self.servers[server_id].launch_snapshots.use(self.job_id, used, made)

    def _read_data(self, server: ServerTimeline, elapsed: float) -> None:
        """Read what is launched: at the end of the conversion, or of the launch where there is none."""
        server_id = server.source_server_id
        phase = Phase.CONVERSION if Phase.CONVERSION in server.phases else Phase.LAUNCH
        over = server.end_of(phase) if phase in server.phases else None
        if over is not None and over <= elapsed and server_id not in self._read:
            self._read.add(server_id)
            with self.attempt(server_id, phase):
                self._data[server_id].check(self._snapshot(server))

    def _show_actions(self, backend: Account, server: ServerTimeline, instance_id: str) -> None:
        """Let Systems Manager tell of the actions of a server that is launched."""
        for run in self._actions[server.source_server_id]:
            shown = run.document_run(instance_id, self.at(server.end), server.action_error)
            world.documents.show(backend.account_id, backend.region_name, shown)

    def instance_of(self, source_server_id: str) -> str | None:
        return self._launched.get(source_server_id)

    def shown_instance(self, server: ServerTimeline) -> str | None:
        return super().shown_instance(server) if server.names_instance else None

    @property
    def reach(self) -> float:
        actions = (
            server.end + run.end
            for server in self.timeline.servers
            if server.end < math.inf
            for run in self._actions[server.source_server_id]
        )
        return max((super().reach, *actions))

    def status_of(self, server: ServerTimeline, elapsed: float) -> LaunchStatus:
        """Return the status: a launch is marked as failed when an action of it fails that is not optional."""
        status = server.launch_status(elapsed)
        if status is not LaunchStatus.LAUNCHED or not self._actions[server.source_server_id]:
            return status
        failed = self._fails(server)
        return status if failed is None or failed > elapsed else LaunchStatus.FAILED

    def actions_failed(self, source_server_id: str) -> float | None:
        """Return the second at which the first action fails that is not optional, if a launch has one."""
        failed = self._fails(self.timeline.of(source_server_id))
        return None if failed is None else self.at(failed)

    def _fails(self, server: ServerTimeline) -> float | None:
        actions = self._actions[server.source_server_id]
        ends = (server.end + run.end for run in actions if run.fails_the_launch(server.action_error))
        return min(ends, default=None)

    def launch_actions_status(self, server: ServerTimeline, elapsed: float) -> dict[str, Any]:
        if not (actions := self._actions[server.source_server_id]):
            return _NONE_RUN
        since = elapsed - server.end
        if since < 0 or server.outcome is not LaunchStatus.LAUNCHED:
            return {"runs": []}
        discovered = actions[0].begin
        return {
            "ssmAgentDiscoveryDatetime": iso_at(self.at(server.end + discovered))
            if discovered <= since
            else None,
            "runs": [run.to_dict(since, server.action_error) for run in actions if run.begin <= since],
        }

    def recovery_point(self, source_server_id: str) -> float:
        """Return the second whose data is launched."""
        return self._data[source_server_id].point(self.timeline.of(source_server_id), self.at)

    def event_data(self, event: Event) -> dict[str, Any]:
        data, server_id = super().event_data(event), event.source_server_id
        if server_id and event.name.startswith(Phase.CONVERSION):
            data["conversionProperties"] = {"dataTimestamp": iso_at(self.recovery_point(server_id))}
        if event.name == "CONVERSION_END":
            data["conversionServerID"] = f"i-{world.rng.hex(17, self.job_id, server_id, 'conversion')}"
        if server_id and event.name == "LAUNCH_END":
            data["targetInstanceID"] = self.instance_of(server_id)
        return data
