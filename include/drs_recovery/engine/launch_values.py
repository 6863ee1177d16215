"""Launch settings as values by key: as DRS and EC2 hold them, as a plan wants them, and how they differ.

A server's settings stand in two places: its launch configuration in DRS, and the default version of its EC2
launch template. Here both are one flat mapping, by the keys of a plan's ``launch``; each tag and each volume
has a key of its own. What is not set is None.
"""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING, Any, NamedTuple

from drs_recovery.plan.launch import GP3_ALONE, WITH_IOPS
from drs_recovery.text.values import setting_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from drs_recovery.plan.launch import ServerLaunch

Values = dict[str, Any]
Data = dict[str, Any]
"""What a version of a launch template holds, as EC2 has it."""

_CONFIGURATION = {
    "disposition": "launchDisposition",
    "right_sizing": "targetInstanceTypeRightSizingMethod",
    "copy_private_ip": "copyPrivateIp",
    "copy_tags": "copyTags",
    "byol": "osByol",
    "post_launch_actions": "postLaunchEnabled",
    "recovery_mode": "recoveryMode",
}
"""Members of a launch configuration in DRS, by key; ``osByol`` stands below ``licensing``."""

TOGETHER = (
    frozenset({"instance_type", "right_sizing"}),
    frozenset({"subnet", "security_groups", "private_ip", "copy_private_ip"}),
)
"""Keys that mean something together only: where somebody changed one of them, none is put back."""

TAG, VOLUME = "tags.", "volumes."
"""What the keys of single tags, and of single volumes by their device, begin with."""


class Difference(NamedTuple):
    """A setting that is not as it is wanted."""

    key: str
    wanted: Any
    found: Any

    def __str__(self) -> str:
        return f"{self.key}: wanted {setting_text(self.wanted)}, found {setting_text(self.found)}"


def found(configuration: Mapping[str, Any], data: Data) -> Values:
    """Return the settings of a launch configuration and of a version of its launch template."""
    members = {**configuration, **configuration.get("licensing", {})}
    primary, profile = _primary(data), data.get("IamInstanceProfile", {})
    return {
        **{key: members.get(member) for key, member in _CONFIGURATION.items()},
        "instance_type": data.get("InstanceType"),
        "instance_profile": profile.get("Arn") or profile.get("Name"),
        "subnet": primary.get("SubnetId"),
        "security_groups": sorted(primary.get("Groups") or data.get("SecurityGroupIds") or []) or None,
        "private_ip": _address(primary),
        **{f"{TAG}{key}": value for key, value in _tags(data).items()},
        **{f"{VOLUME}{device['DeviceName']}": _volume(device) for device in _volumes(data)},
    }


def wanted(settings: ServerLaunch, now: Values) -> Values:
    """Return what a plan wants, by key, of a server whose settings are these now.

    An instance type, and a static address, switch off what would overwrite them. In another subnet, an
    address that stands in the template is left to EC2: no launch could have it.
    """
    said = settings.model_dump(mode="json", exclude_none=True)
    tags, volumes = said.pop("tags", {}), said.pop("volumes", {})
    if "instance_type" in said:
        said["right_sizing"] = "NONE"
    if "private_ip" in said:
        said["copy_private_ip"] = False
    elif said.get("subnet", now.get("subnet")) != now.get("subnet"):
        copies = said.get("copy_private_ip", now.get("copy_private_ip"))
        said |= {} if copies else {"private_ip": None}
    if "security_groups" in said:
        said["security_groups"] = sorted(said["security_groups"])
    said |= {f"{TAG}{key}": value for key, value in tags.items()}
    if volumes:
        said |= {key: _changed_volume(now[key], volumes) for key in now if key.startswith(VOLUME)}
    return said


def differences(values: Values, now: Values) -> list[Difference]:
    """Return what is not as it is wanted."""
    return [Difference(key, value, now.get(key)) for key, value in values.items() if now.get(key) != value]


def configuration_members(values: Values) -> dict[str, Any]:
    """Return what of some values UpdateLaunchConfiguration takes."""
    members = {_CONFIGURATION[key]: value for key, value in values.items() if key in _CONFIGURATION}
    return members | ({"licensing": {"osByol": members.pop("osByol")}} if "osByol" in members else {})


def template_data(data: Data, values: Values) -> Data:
    """Return a version's data with some values in it; what of these DRS holds is passed over."""
    data = deepcopy(data)
    if "instance_type" in values:
        _set(data, "InstanceType", values["instance_type"])
    if "instance_profile" in values:
        profile = values["instance_profile"]
        kind = "Arn" if str(profile).startswith("arn:") else "Name"
        _set(data, "IamInstanceProfile", profile and {kind: profile})
    _set_network(data, values)
    tags = {key.removeprefix(TAG): value for key, value in values.items() if key.startswith(TAG)}
    if tags:
        _set_tags(data, tags)
    for device in _volumes(data):
        if (key := f"{VOLUME}{device['DeviceName']}") in values:
            _set_volume(device["Ebs"], values[key])
    return data


def changed_members(before: Data, after: Data) -> Data:
    """Return what a new version is given that begins as the one before."""
    return {name: value for name, value in after.items() if before.get(name) != value}


def _set(data: Data, name: str, value: Any) -> None:
    if value is None:
        data.pop(name, None)
    else:
        data[name] = value


def _primary(data: Data) -> Data:
    """Return the primary interface."""
    interfaces = data.get("NetworkInterfaces", [])
    primary: Data = next((one for one in interfaces if not one.get("DeviceIndex")), {})
    return primary


def _address(interface: Data) -> str | None:
    primary = (one for one in interface.get("PrivateIpAddresses", []) if one.get("Primary"))
    listed: Data = next(primary, {})
    address: str | None = interface.get("PrivateIpAddress") or listed.get("PrivateIpAddress")
    return address


def _set_network(data: Data, values: Values) -> None:
    names = {"subnet": "SubnetId", "security_groups": "Groups", "private_ip": "PrivateIpAddress"}
    if not values.keys() & names.keys():
        return
    if not _primary(data):
        data.setdefault("NetworkInterfaces", []).insert(0, {"DeviceIndex": 0, "DeleteOnTermination": True})
    primary = _primary(data)
    if "security_groups" in values:
        data.pop("SecurityGroupIds", None)  # EC2 takes them in one of the two places
    if "private_ip" in values:
        primary.pop("PrivateIpAddresses", None)
    for key, name in names.items():
        if key in values:
            _set(primary, name, values[key])


def _tags(data: Data) -> dict[str, str]:
    """Return the tags that a version gives to the instance."""
    given = (one for one in data.get("TagSpecifications", []) if one.get("ResourceType") == "instance")
    return {tag["Key"]: tag["Value"] for one in given for tag in one.get("Tags", [])}


def _set_tags(data: Data, tags: dict[str, str | None]) -> None:
    others = [one for one in data.get("TagSpecifications", []) if one.get("ResourceType") != "instance"]
    left = {key: value for key, value in {**_tags(data), **tags}.items() if value is not None}
    listed = [{"Key": key, "Value": value} for key, value in left.items()]
    own = [{"ResourceType": "instance", "Tags": listed}] if listed else []
    data["TagSpecifications"] = [*own, *others]


def _volumes(data: Data) -> list[Data]:
    return [one for one in data.get("BlockDeviceMappings", []) if "Ebs" in one]


def _volume(device: Data) -> Values:
    ebs = device["Ebs"]
    members = {"type": "VolumeType", "iops": "Iops", "throughput": "Throughput"}
    return {key: ebs[member] for key, member in members.items() if ebs.get(member) is not None}


def _changed_volume(now: Values, said: Values) -> Values:
    """Return what a volume is to be; what its type does not have goes."""
    kind = said.get("type", now.get("type"))
    kept = now if kind == now.get("type") else {}
    volume = {**kept, **said, "type": kind}
    left_out = {"throughput"} if kind != GP3_ALONE else set()
    left_out |= {"iops"} if kind not in WITH_IOPS else set()
    return {key: value for key, value in volume.items() if key not in left_out and value is not None}


def _set_volume(ebs: Data, volume: Values) -> None:
    for key, member in {"type": "VolumeType", "iops": "Iops", "throughput": "Throughput"}.items():
        _set(ebs, member, volume.get(key))
