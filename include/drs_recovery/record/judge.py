"""How a wave ended, judged by each of its servers: a pure function of what is on record."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drs_recovery.record.enums import ChecksStatus, WaveStatus

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from drs_recovery.record.models import WaveRecord
    from drs_recovery.record.server_record import ServerRecord

MOST_NAMED = 20
"""Servers named in one reason: a hundred names would leave no room for the reason; each item has it."""


def needed(wave: WaveRecord, servers: Sequence[ServerRecord]) -> int:
    """Return how many of a wave's servers that are not optional must be launched."""
    if wave.minimum_launched is not None:
        return wave.minimum_launched
    return sum(not server.optional for server in servers)


def well(wave: WaveRecord, server: ServerRecord) -> bool:
    """Whether a server counts: it is launched, and passed all checks that are not optional."""
    return server.recovered and (not wave.checks or server.checks_status is ChecksStatus.PASSED)


def checking(wave: WaveRecord, server: ServerRecord) -> bool:
    """Whether a server is launched whose checks are not decided yet."""
    decided = {ChecksStatus.PASSED, ChecksStatus.FAILED}
    return bool(wave.checks) and server.recovered and server.checks_status not in decided


def unseen(wave: WaveRecord, server: ServerRecord) -> bool:
    """Whether a launched server has a check, an optional one may be, at which nobody has looked yet."""
    if wave.checks is None or not server.recovered:
        return False
    return not server.checks or any(check.found is None for check in server.checks)


def judge(wave: WaveRecord, servers: Sequence[ServerRecord]) -> tuple[WaveStatus, str | None]:
    """Return the final status of a wave whose jobs have all ended, and why it is not COMPLETED.

    A server that its wave counts and that is not among these cannot be read: nobody can say that it launched.

    By each server's launch status: a DRS job is COMPLETED also when nothing was launched (R-03, R-07), and
    with servers still PENDING, which then did not launch (P-3). And by its post-launch actions: a server on
    which one fails that is not optional counts like one that did not launch, and so does one that has not
    passed its checks. PARTIAL if the wave's policy is met, which it never is when nothing was launched.
    """
    missing = [server for server in servers if not well(wave, server)]
    unread = unreadable(wave, servers)
    if not servers:
        return WaveStatus.FAILED, "the wave has no servers on record"
    if not missing and not unread:
        return WaveStatus.COMPLETED, None
    status, policy = _by_policy(wave, servers, unread)
    fates = f": {'; '.join(_fates(missing))}" if missing else ""
    return status, f"{_count(missing, servers, unread)}{policy}{fates}"


def unreadable(wave: WaveRecord, servers: Sequence[ServerRecord]) -> int:
    """Return how many servers of a wave were frozen, and cannot be read any more."""
    own = sum(server.wave_number == wave.wave_number for server in servers)
    return max((wave.server_count or 0) - own, 0)


def _count(missing: Sequence[ServerRecord], servers: Sequence[ServerRecord], unread: int) -> str:
    of = f"of its {len(servers) + unread} servers"
    if unread:
        others = f"{len(missing)} did not launch, " if missing else ""
        return f"{of}, {others}{unread} cannot be read on record"
    ill = sum(server.recovered for server in missing)
    running = sum(server.launched for server in missing) - ill
    lost = len(missing) - running - ill
    texts = [f"none {of} launched" if lost == len(servers) else f"{lost} {of} did not launch"] if lost else []
    for count, text in (
        (running, "post-launch actions on {} did not succeed"),
        (ill, "checks of {} did not pass"),
    ):
        if count:
            texts.append(text.format(count if texts else f"{count} {of}"))
    return ", ".join(texts)


def _by_policy(wave: WaveRecord, servers: Sequence[ServerRecord], unread: int) -> tuple[WaveStatus, str]:
    """Return the status of a wave that lacks servers, and its policy as text if it has one."""
    counted = [server for server in servers if not server.optional]
    must = needed(wave, servers) + (unread if wave.minimum_launched is None else 0)
    launched = sum(well(wave, server) for server in counted)
    some = any(well(wave, server) for server in servers)
    status = WaveStatus.PARTIAL if some and launched >= must else WaveStatus.FAILED
    if must == len(servers) + unread:
        return status, ""
    of = "" if len(counted) == len(servers) else f" of the {len(counted)} that are not optional"
    return status, f" ({launched}{of} did, {must} must)"


def _fates(servers: Sequence[ServerRecord]) -> Iterable[str]:
    """Yield each reason once, after the servers that share it."""
    by_reason: dict[str, list[str]] = {}
    for server in servers:
        status = server.launch_status or "without launch status"
        ill = server.check_text or "its checks were not begun" if server.recovered else None
        reason = ill or server.error or f"{status} when its job ended, DRS gave no reason"
        by_reason.setdefault(reason, []).append(
            f"optional {server.label}" if server.optional else server.label
        )
    for reason, labels in by_reason.items():
        yield f"{named(labels)}: {reason}"


def named(labels: Sequence[str]) -> str:
    """Return the names of many, or of the first of them and how many more there are."""
    more = f" and {len(labels) - MOST_NAMED} more" if len(labels) > MOST_NAMED else ""
    return f"{', '.join(labels[:MOST_NAMED])}{more}"
