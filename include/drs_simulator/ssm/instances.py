"""What Systems Manager tells of the instances that it manages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from drs_simulator.drs.world import world

if TYPE_CHECKING:
    from moto.ec2.models.instances import Instance

_KEYS = {"InstanceIds": "InstanceId", "PingStatus": "PingStatus", "PlatformTypes": "PlatformType"} | {
    "ResourceType": "ResourceType"
}
"""The members that filters are about, by the filter's key."""


def information(instance: Instance) -> dict[str, Any]:
    """Return the modelled InstanceInformation."""
    return {
        "InstanceId": instance.id,
        "PingStatus": "ConnectionLost" if "lose_agent" in world.faults.of_instance(instance.id) else "Online",
        "LastPingDateTime": world.clock.date(world.clock.now()),
        "AgentVersion": "3.3.987.0",
        "IsLatestVersion": True,
        "PlatformType": "Windows" if instance.platform == "windows" else "Linux",
        "ResourceType": "EC2Instance",
        "IPAddress": instance.private_ip,
    }


def passes(instance: dict[str, Any], filters: list[dict[str, Any]]) -> bool:
    """Return whether all filters let an instance through; those of no known key let none."""
    named = [(f.get("Key") or f.get("key"), f.get("Values") or f.get("valueSet") or []) for f in filters]
    return all(instance.get(_KEYS.get(str(key), "")) in values for key, values in named)
