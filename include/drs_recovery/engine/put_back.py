"""The launch settings of a drill, put back as they were: a follow-up that asks nobody and starts no job.

Only what the drill changed, and what is still as the drill wanted it. What somebody changed meanwhile is
left, and named. After a RECOVERY settings stay. Until it is done it is tried again, whatever is in its way.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from drs_recovery.aws.hooks.launch_settings import LaunchSettingsHook
from drs_recovery.engine import launch_values as values
from drs_recovery.engine.follow_up_kind import (
    Events,
    FollowUp,
    OnRecord,
    Question,
    StillThere,
    TaskNames,
)
from drs_recovery.engine.launch_settings import difference_text, write_values
from drs_recovery.engine.parting import TryLater
from drs_recovery.engine.permission import executions_with
from drs_recovery.errors import NoLaunchTemplate, RecordError, TransitionRefused
from drs_recovery.names import PUT_BACK, PutBackTask
from drs_recovery.record.enums import CleanupMode, CleanupStatus, EventType
from drs_recovery.record.server_settings import CLAIM, SettingsStatus
from drs_recovery.store.programs.put_back import put_back
from drs_recovery.store.queries import due_put_backs
from drs_recovery.store.server_settings import read_all_settings, read_put_back, write_settings
from drs_recovery.text.lists import listed
from drs_recovery.text.values import setting_text

if TYPE_CHECKING:
    from drs_recovery.engine.follow_up_kind import Work
    from drs_recovery.record.models import Execution
    from drs_recovery.record.server_settings import PutBack as State
    from drs_recovery.record.server_settings import ServerSettings
    from drs_recovery.store.requests import StoreProgram

AFTER_OTHERS = 60.0
"""Seconds until it is looked again whether another execution still holds a server."""

DOC = """\
Puts the launch settings of source servers back as they were before one drill that has ended: what \
`launch` and `launch_in_drills` of its plan changed, in DRS and in EC2 launch templates. What somebody \
changed meanwhile is left, and named in the execution's record. The maintenance triggers it; nobody is asked.
"""


def _put_back_of(execution: Execution) -> StoreProgram[State | None]:
    return (yield from read_put_back(execution.execution_id))


class PutBack(FollowUp):
    """What one drill changed of launch settings, in the account and Region of each wave."""

    dag_id = PUT_BACK
    tasks = TaskNames(approve=None, start=PutBackTask.START, watch=None, check=PutBackTask.CHECK)
    description = "Puts the launch settings back that a drill which has ended has changed."
    doc = DOC
    noun = "putting back of launch settings"
    kept = "the settings stay"
    tries_again = True
    events = Events(
        asked=EventType.PUT_BACK_ASKED,
        waiting=EventType.PUT_BACK_HELD,
        approved=EventType.PUT_BACK_STARTED,
        kept=EventType.PUT_BACK_HELD,
        held=EventType.PUT_BACK_HELD,
        done=EventType.PUT_BACK_DONE,
        failed=EventType.PUT_BACK_FAILED,
    )
    record = OnRecord(_put_back_of, put_back, due_put_backs)

    @staticmethod
    def check_may(execution: Execution) -> None:
        """Raise TransitionRefused unless it is a drill that has ended."""
        if not execution.final or not execution.is_drill:
            raise TransitionRefused(
                f"execution {execution.execution_id} is a {execution.execution_type}, {execution.status}: "
                "only the launch settings of a drill that has ended are put back"
            )

    @property
    def mode(self) -> CleanupMode:
        """Always: nobody is asked."""
        return CleanupMode.ALWAYS

    def question(self) -> Question:
        """Nobody is asked."""
        raise TransitionRefused(f"{self.place} needs no approval")

    def do(self, work: Work) -> None:
        """Put back what can be put back now, each server by itself."""
        due = self._due()
        text = f"settings of {listed(one.source_server_id for one in due) or 'no server'} are to be put back"
        event = self.journal.event(EventType.PUT_BACK_STARTED, text)
        self.write(CleanupStatus.PUTTING_BACK, event, failure=None, left=())
        for settings in due:
            with work.at(self.plan.target(settings.wave_number)):
                self._wait_for_others(settings.source_server_id)
                self._put_back(settings, work)
        if lost := self._lost():
            work.refusals.append(lost)

    def check_done(self) -> str:
        """Return what was put back and what was left; StillThere while something is neither."""
        if lost := self._lost():
            raise lost
        if due := [one.source_server_id for one in self._due()]:
            raise StillThere(f"the launch settings of {listed(due)} are not put back", due)
        done = self._changed()
        text = f"launch settings of {len(done)} servers are put back"
        left = [one.note for one in done if one.note]
        return f"{text}; left as they are: {'; '.join(left)}" if left else text

    def result(self) -> dict[str, object]:
        """Return of how many servers settings were put back, and of which some were left."""
        done = self._changed()
        left = [one.source_server_id for one in done if one.status is SettingsStatus.LEFT]
        return {"servers": len(done), "left": left, "failure": None}

    def _changed(self) -> list[ServerSettings]:
        settings = self.store.run(read_all_settings(self.execution.execution_id))
        return [one for one in settings.readable if one.changes]

    def _lost(self) -> StillThere | None:
        """Return that nobody knows what some settings were, where the record of them cannot be read."""
        settings = self.store.run(read_all_settings(self.execution.execution_id))
        if not settings.unreadable:
            return None
        text = f"the launch settings of {listed(settings.unreadable)} are not put back: their record is lost"
        why = "; ".join(settings.unreadable.values())
        how = "Set them by hand, and delete the item"
        return StillThere(f"{text}: {why}. {how}", list(settings.unreadable))

    def _due(self) -> list[ServerSettings]:
        return [one for one in self._changed() if one.status.changed]

    def _wait_for_others(self, server: str) -> None:
        """Raise TryLater for an execution that has not ended and holds a server: it launches with these."""
        for other, _ in executions_with(self.store, self.execution, [server]):
            text = f"the {other.execution_type} {other.execution_id} of {other.plan_name} has not ended"
            raise TryLater(f"{server}: {text}", seconds=AFTER_OTHERS)

    def _put_back(self, settings: ServerSettings, work: Work) -> None:
        """Put one server back; what is in the way of it is in the way of no other.

        It is held on record first, and then looked at again whether an execution has the server: one that is
        not seen here is on record later, and waits for what it finds held.
        """
        held = self._write(settings, status=SettingsStatus.PUTTING_BACK)
        try:
            self.check_ended()
            self._wait_for_others(settings.source_server_id)
            status, note = self._restore(held)
        except Exception as error:
            with suppress(RecordError, TryLater):  # it is free after a time in any case
                self._write(held, status=settings.status)
            if not isinstance(error, (StillThere, NoLaunchTemplate)):
                raise
            work.refusals.append(error)
        else:
            self._write(held, status=status, note=note)

    def _write(self, before: ServerSettings, **fields: object) -> ServerSettings:
        """Write the item of a server; TryLater if somebody else wrote it since."""
        after = before.replace(**fields, time=self.journal.now())
        try:
            self.store.run(write_settings(self.execution.execution_id, after, before))
        except TransitionRefused as error:
            raise TryLater(str(error), seconds=AFTER_OTHERS) from error
        return after

    def _restore(self, settings: ServerSettings) -> tuple[SettingsStatus, str | None]:
        """Write what was there before over what the drill wanted; return what was left, and why."""
        hook = LaunchSettingsHook(self.drs[self.plan.target(settings.wave_number)])
        server = settings.source_server_id
        there = hook.read(server)
        now = values.found(there.configuration, there.data)
        wanted = {one.key: one.wanted_value for one in settings.changes}
        before = {one.key: one.before_value for one in settings.changes}
        others = {key for key in wanted if now.get(key) not in (wanted[key], before[key])}
        others |= {key for group in values.TOGETHER if others & group for key in group & wanted.keys()}
        change = {key: before[key] for key in wanted if key not in others and now.get(key) != before[key]}
        if change:
            if self.journal.now() > settings.time + CLAIM / 2:
                raise TryLater(f"{server}: reading its launch settings took too long", seconds=AFTER_OTHERS)
            write_values(hook, server, there, change, f"before {self.execution.execution_id}")
            there = hook.read(server)
            if wrong := values.differences(change, values.found(there.configuration, there.data)):
                raise StillThere(difference_text(server, wrong), [server])
        if not others:
            return SettingsStatus.PUT_BACK, None
        kept = ", ".join(f"{key} {setting_text(now.get(key))}" for key in sorted(others))
        return SettingsStatus.LEFT, f"{server}: somebody changed since the drill began: {kept}"
