"""The launch settings of a wave: applied and read back before anything of it is launched (invariant 16).

It is a part of the start, before the intent, and no task of its own: whatever Airflow's states say, no start
is sent on settings that this very start has not read back. What is there goes on record before it is changed,
so that whoever comes after a crash goes on, and knows what to put back. DRS comes first and the EC2 launch
template after it, because DRS writes versions of that itself, with each change of its configuration.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from botocore.exceptions import ClientError

from drs_recovery.aws.hooks.launch_settings import TROUBLE
from drs_recovery.aws.utils.errors import Cause, cause_of, said
from drs_recovery.engine import launch_values as values
from drs_recovery.engine.parting import LOOK_AGAIN, Held, TryLater, pause
from drs_recovery.engine.unrestored import take_over, values_before
from drs_recovery.plan.launch import ServerLaunch
from drs_recovery.record.enums import EventType
from drs_recovery.record.server_settings import ServerSettings, SettingChange, SettingsStatus
from drs_recovery.store.programs.put_back import order_put_back
from drs_recovery.store.server_settings import read_all_settings, write_settings
from drs_recovery.store.trail import append_event
from drs_recovery.text.lists import listed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from drs_recovery.aws.hooks.launch_settings import LaunchSettingsHook
    from drs_recovery.aws.hooks.launch_settings import ServerSettings as OnAws
    from drs_recovery.engine.journal import Journal
    from drs_recovery.engine.launch_values import Difference, Values
    from drs_recovery.engine.unrestored import OfOthers
    from drs_recovery.record.models import Execution, WaveRecord
    from drs_recovery.store.store import ExecutionStore

log = logging.getLogger(__name__)


@dataclass
class Applied:
    """What came of applying settings: who may start, who waits, and whose settings are not as wanted."""

    ready: list[str] = field(default_factory=list)
    held: list[Held] = field(default_factory=list)
    wrong: dict[str, str] = field(default_factory=dict)

    def stopping(self, servers: Sequence[str]) -> Applied:
        """Return what becomes of a wave of which nothing runs yet: what is wrong with one stops all."""
        if not self.wrong:
            return self
        text = f"nothing of its wave starts: {next(iter(self.wrong.values()))}"
        return Applied(wrong=dict.fromkeys(servers, text) | self.wrong)


class Wanted(NamedTuple):
    """What is wanted of a server, and how that stands on record."""

    values: Values
    item: ServerSettings


@dataclass(frozen=True)
class Application:
    """The settings of some servers of a wave, by a process that starts it.

    ``wanted`` are by server, and so is what ``others``, executions that have ended or not, left there.
    """

    hook: LaunchSettingsHook
    store: ExecutionStore
    journal: Journal
    record: Execution
    wave: WaveRecord
    wanted: Mapping[str, ServerLaunch]
    others: OfOthers

    def apply(self, servers: Sequence[str]) -> Applied:
        """Apply the settings of servers, read all of them back, and return who may start.

        While AWS throttles, or does not answer, all of them wait: nothing starts before all was read back. A
        server that another job holds waits for itself, and so does one whose settings are put back just now.
        """
        outcome, applied = Applied(), dict[str, Wanted]()
        known, unreadable = self._known()
        for server in servers:
            if not any(server in concerned for concerned in (self.wanted, *self.others)):
                continue
            try:
                self._check_free(server, known.get(server), unreadable.get(server))
                applied[server] = self._apply(server, known.get(server))
            except TryLater as wait:
                outcome.held.append(Held((server,), wait))
            except TROUBLE as error:
                if everyone := self._held(outcome, servers, server, error):
                    return everyone
        for server, wanted in applied.items():
            try:
                self._read_back(outcome, server, wanted)
            except TryLater as wait:
                outcome.held.append(Held((server,), wait))
            except TROUBLE as error:
                if everyone := self._held(outcome, servers, server, error):
                    return everyone
        waiting = {server for held in outcome.held for server in held.servers}
        outcome.ready = [one for one in servers if one not in waiting and one not in outcome.wrong]
        self._note([server for server in applied if server in outcome.ready])
        return outcome

    def _known(self) -> tuple[dict[str, ServerSettings], Mapping[str, str]]:
        """Return the items of this wave by server, and why those of others cannot be read."""
        items = self.store.run(read_all_settings(self.record.execution_id, self.wave.wave_number))
        return {item.source_server_id: item for item in items.readable}, items.unreadable

    def _check_free(self, server: str, known: ServerSettings | None, unreadable: str | None) -> None:
        """Raise TryLater while the settings of a server are put back, or nobody knows what they were."""
        if why := unreadable or self.others.unreadable.get(server):
            text = f"what the launch settings of {server} were before a drill is not known: {why}"
            raise TryLater(f"{text}. Set them by hand, and delete that item", seconds=LOOK_AGAIN)
        found = [known, *(other.settings for other in self.others.unrestored.get(server, ()))]
        if any(item and item.is_held(self.journal.now()) for item in found):
            raise TryLater(f"the launch settings of {server} are put back just now", seconds=LOOK_AGAIN)

    def _apply(self, server: str, known: ServerSettings | None) -> Wanted:
        """Put on record what is there, then change it."""
        there = self.hook.read(server)
        now = values.found(there.configuration, there.data)
        before = values_before(self.others.unrestored.get(server, ()), now)
        wanted = before | values.wanted(self.wanted.get(server, ServerLaunch()), now | before)
        item = self._item(server, there, _changes(wanted, now, before, known), known)
        if item.changes and self.record.is_drill:
            self.store.run(order_put_back(self.record.execution_id))
        self.store.run(write_settings(self.record.execution_id, item, known))
        if change := {one.key: one.wanted for one in values.differences(wanted, now)}:
            write_values(self.hook, server, there, change, f"recovery {self.record.execution_id}")
        return Wanted(wanted, item)

    def _item(
        self, server: str, there: OnAws, changes: Sequence[SettingChange], known: ServerSettings | None
    ) -> ServerSettings:
        live = known if known and known.status.changed else None
        return ServerSettings(
            source_server_id=server,
            wave_number=self.wave.wave_number,
            attempt=self.wave.attempt,
            status=SettingsStatus.CHANGING,
            changes=tuple(changes),
            template_id=there.template_id,
            template_version=live.template_version if live else there.version,
            stays=None if self.record.is_drill else True,
            time=self.journal.now(),
        )

    def _read_back(self, outcome: Applied, server: str, wanted: Wanted) -> None:
        there = self.hook.read(server)
        wrong = values.differences(wanted.values, values.found(there.configuration, there.data))
        if wrong:
            outcome.wrong[server] = difference_text(server, wrong)
            return
        applied = wanted.item.replace(status=SettingsStatus.APPLIED, time=self.journal.now())
        self.store.run(write_settings(self.record.execution_id, applied, wanted.item))
        others = self.others.unrestored.get(server, ())
        take_over(self.store, self.record, others, self.journal.now())

    def _held(
        self, outcome: Applied, servers: Sequence[str], server: str, error: Exception
    ) -> Applied | None:
        """Note what an error of one server means for it; return what becomes of all, if it is for all."""
        text = f"the launch settings of {server} cannot be applied: {said(error)}"
        if cause_of(error) is Cause.BUSY:
            outcome.held.append(Held((server,), TryLater(text, seconds=LOOK_AGAIN)))
            return None
        if wait := pause(error):
            return Applied(held=[Held(tuple(servers), TryLater(text, seconds=wait.seconds))])
        outcome.wrong[server] = text
        return None

    def _note(self, applied: Sequence[str]) -> None:
        """Append that settings were applied, once for each attempt."""
        if not applied:
            return
        stay = "are put back after the drill" if self.record.is_drill else "stay: this is a RECOVERY"
        text = f"The launch settings of {listed(applied)} were read back as wanted; they {stay}"
        event = self.journal.event(EventType.SETTINGS_APPLIED, text, wave=self.wave)
        once = f"settings|{self.wave.wave_number}|{self.wave.attempt}|{text}"
        self.store.run(append_event(self.record.execution_id, event.replace(once=once)))


def write_values(
    hook: LaunchSettingsHook, server: str, there: OnAws, change: Values, description: str
) -> None:
    """Change settings of a server: what DRS holds first; then what the launch template holds by then."""
    if members := values.configuration_members(change):
        hook.update_configuration(server, members)
        there = hook.read(server)
    after = values.template_data(there.data, change)
    source, data = there.version, there.data
    if data.keys() - after.keys() and (kept := _version_without(hook, there, after)):
        source, data = kept
    if members := values.changed_members(data, after):
        source = hook.write_version(there.template_id, source, members, description)
    if source != there.version:
        hook.make_default(there.template_id, source)


def _version_without(
    hook: LaunchSettingsHook, there: OnAws, after: values.Data
) -> tuple[int, values.Data] | None:
    """Return the newest version that has nothing which is to go: a new version inherits all that it has."""
    for number in range(there.version - 1, 0, -1):
        try:
            version, data = hook.read_version(there.template_id, str(number))
        except ClientError:
            continue  # that one was deleted
        if not data.keys() - after.keys():
            return version, data
    return None


def difference_text(server: str, wrong: Sequence[Difference]) -> str:
    """Return what is not as it is wanted of a server."""
    return f"the launch settings of {server} did not read back as wanted: {'; '.join(map(str, wrong))}"


def _changes(
    wanted: Values, now: Values, taken_over: Values, known: ServerSettings | None
) -> list[SettingChange]:
    """Return what is changed, with what is put back later.

    What is there and not wanted is nobody's but the owner's, unless another drill set it. What is as wanted
    is so by an earlier start of this execution, which knows what was there before it, or was so all along.
    """
    live = known.changes if known and known.status.changed else ()
    before = {one.key: one.before_value for one in live} | taken_over
    changes = []
    for key, value in wanted.items():
        is_ours = now.get(key) == value or key in taken_over
        was = before.get(key, value) if is_ours else now.get(key)
        if was != value:
            changes.append(SettingChange.of(key, was, value))
    return changes
