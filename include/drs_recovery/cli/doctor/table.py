"""Whether the table of execution records is as this release makes it, and protected."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from drs_recovery.cli.doctor.elsewhere import archives, tables, who_archives
from drs_recovery.cli.doctor.finding import Found, State, fault, ok, unknown, warning
from drs_recovery.settings import settings
from drs_recovery.store.runners import place_of, unavailable
from drs_recovery.store.table import EXPIRES, differences, is_backed_up, is_encrypted, missing_indexes
from drs_recovery.text.denials import DENIED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from drs_recovery.cli.doctor.looks import Installation

INIT = (
    "`recovery init --table-only` makes it so; of a table of the template, deploy that of this release first."
)
ANOTHER = "Name the right table in RECOVERY_TABLE and RECOVERY_TABLE_REGION, or mend this one."
MAY_LOOK = "Ask as a role with the rights of docs/iam/doctor.json."


def check(it: Installation) -> Iterator[Found]:
    """Yield how the table is; raises RecordUnavailable where DynamoDB does not answer."""
    name = settings().table
    elsewhere = list(tables(it))
    yield from elsewhere
    try:
        answer = it.table["Table"]
    except ClientError as error:
        yield _refused(error, it, name)
        return
    except BotoCoreError as error:
        raise unavailable(error, it.dynamodb, name, "describe_table") from error
    found = [*_shape(answer), *_protection(it, name, answer)]
    yield from found
    if not (found or elsewhere):
        indexes = ", ".join(sorted(one["IndexName"] for one in answer["GlobalSecondaryIndexes"]))
        yield ok(
            f"{place_of(it.dynamodb, name)}: keys, indexes ({indexes}) and protection are as they should be"
        )


def _refused(error: ClientError, it: Installation, name: str) -> Found:
    code = error.response["Error"]["Code"]
    if code == "ResourceNotFoundException":
        there = "`recovery init --table-only` makes it; if it is elsewhere, name it in RECOVERY_TABLE_REGION."
        return Found(State.FAULT, f"there is no {place_of(it.dynamodb, name)}", there, ends=True)
    if code in DENIED:
        return unknown(str(unavailable(error, it.dynamodb, name, "describe_table")), MAY_LOOK)
    raise unavailable(error, it.dynamodb, name, "describe_table") from error


def _shape(table: Any) -> Iterator[Found]:
    if table.get("TableStatus") not in {"ACTIVE", "UPDATING"}:
        yield fault(
            f"it is {table.get('TableStatus')}", "Wait until it is ACTIVE, or restore it from a backup."
        )
    for difference in differences(table):
        yield fault(f"it is not one of ours: {difference}", ANOTHER)
    for index in missing_indexes(table):
        yield fault(f"it lacks the index {index!r}: an earlier release has made it", INIT)


def _protection(it: Installation, name: str, table: Any) -> Iterator[Found]:
    if not table.get("DeletionProtectionEnabled"):
        yield warning("it is not protected from deletion", INIT)
    if not is_encrypted(table):
        yield warning(
            "it is encrypted under a key that AWS owns: CloudTrail does not show who reads it", INIT
        )
    yield from _asked(lambda: is_backed_up(it.dynamodb, name), _backups)
    who = who_archives(it)
    yield from archives(who)
    yield from _asked(lambda: _expiry(it, name), partial(_removal, archived=any(who.values())))


def _asked(look: Callable[[], Any], judge: Callable[[Any], Iterator[Found]]) -> Iterator[Found]:
    """Yield what is found of something that may not be looked at with every right."""
    try:
        seen = look()
    except (ClientError, BotoCoreError) as error:
        yield unknown(str(error), MAY_LOOK)
    else:
        yield from judge(seen)


def _backups(on: bool) -> Iterator[Found]:
    if not on:
        yield warning("it has no point-in-time recovery: what somebody deletes, or spoils, is lost", INIT)


def _expiry(it: Installation, name: str) -> str | None:
    """Return the attribute by which DynamoDB removes items; None if it removes none."""
    seen = it.dynamodb.describe_time_to_live(TableName=name)["TimeToLiveDescription"]
    return seen.get("AttributeName") if seen.get("TimeToLiveStatus") in {"ENABLED", "ENABLING"} else None


def _removal(attribute: str | None, *, archived: bool) -> Iterator[Found]:
    if attribute is None and archived:
        yield warning(
            "what is archived is never removed: time to live of the table is off",
            "`recovery init --table-only` switches it on, where RECOVERY_ARCHIVE is set.",
        )
    elif attribute not in {None, EXPIRES}:
        yield fault(
            f"DynamoDB removes its items by the time in {attribute!r}, which nothing sets for that",
            "Switch time to live of the table off, or have it go by `expires`.",
        )
