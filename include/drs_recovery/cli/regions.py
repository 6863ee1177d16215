"""Which AWS Regions there are, by botocore's own data: without a request, and without a person's settings."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from botocore.loaders import create_loader
from botocore.regions import EndpointResolver

from drs_recovery.plan.warnings import warned
from drs_recovery.text.lists import did_you_mean, quoted

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from drs_recovery.plan import Group, Plan
    from drs_recovery.plan.warnings import Key, Warned


def unknown_regions(plans: Mapping[Path, Plan], groups: Mapping[Path, Group]) -> Iterator[Warned]:
    """Yield the plans and groups with a Region which botocore does not know, or not with DRS."""
    named: list[tuple[Path, Key, str | None]] = [
        (file, ("region",), one.region) for file, one in groups.items()
    ]
    for file, plan in plans.items():
        named.append((file, ("region",), plan.region))
        named += [(file, ("waves", n, "region"), wave.region) for n, wave in enumerate(plan.waves)]
    for file, place, region in named:
        if region and (message := _unknown(region)):
            yield warned(file, place, message)


def _unknown(region: str) -> str | None:
    ec2 = regions_of("ec2")
    if region not in ec2:
        hint = did_you_mean(region, sorted(ec2)).rstrip("?")
        return f"region: botocore knows no Region {quoted(region)}{hint}; it may be newer than that"
    if region not in regions_of("drs"):
        return f"region: botocore knows no DRS in {quoted(region)}"
    return None


@cache
def regions_of(service: str) -> frozenset[str]:
    """Return the Regions of a service, in all partitions."""
    resolver = EndpointResolver(create_loader().load_data("endpoints"))
    partitions = resolver.get_available_partitions()
    return frozenset(
        region for partition in partitions for region in resolver.get_available_endpoints(service, partition)
    )
