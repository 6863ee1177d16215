"""Whether there are recovery instances that a launch would replace."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drs_recovery.aws.utils.drs import is_gone
from drs_recovery.engine.readiness.facts import Finding, Unknown
from drs_recovery.text.lists import listed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from mypy_boto3_drs.type_defs import RecoveryInstanceTypeDef

    from drs_recovery.engine.readiness.facts import Facts
    from drs_recovery.plan import Plan, SourceServer


def check(_: Plan, facts: Facts) -> Iterator[Finding]:
    """Yield the recovery instances that a launch replaces (R-14), and real ones: nothing replaces those."""
    if isinstance(facts.instances, Unknown):
        yield facts.instances.finding
        return
    there = [item for item in facts.instances if not is_gone(item)]
    names = {known.server.source_server_id: known.server for known in facts.all_servers}
    if drills := [item for item in there if item.get("isDrill") is True]:
        yield Finding(f"a launch replaces these of drills: {_list(drills, names)}")
    if real := [item for item in there if item.get("isDrill") is not True]:
        rule = "real ones, over which nothing is launched unless `replace_recovered` says so"
        yield Finding(f"{rule}: {_list(real, names)}")
    if gone := [item for item in facts.instances if item.get("isDrill") is not True and is_gone(item)]:
        fact = "DRS still lists real ones that EC2 has terminated; they are in nobody's way"
        yield Finding(f"{fact}: {_list(gone, names)}", warns=True)


def _list(instances: Iterable[RecoveryInstanceTypeDef], names: Mapping[str, SourceServer]) -> str:
    return listed(
        f"{item.get('recoveryInstanceID', 'one without id')} of {names.get(of, of)}"
        for item in instances
        for of in [item.get("sourceServerID", "an unknown server")]
    )
