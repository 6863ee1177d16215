"""The volumes of an instance: one for each disk of its source server, or why EC2 refuses them.

Sizes, IOPS and throughput by type are those of EbsBlockDevice in EC2's service model; the ratios are in the
EBS user guide, "Amazon EBS volume types".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from moto.kms.models import kms_backends

from . import ec2_disk_refusals as refusals
from .ec2_refusals import unknown_snapshot

if TYPE_CHECKING:
    from moto.ec2.models import EC2Backend

    from .launch_template import Data
    from .source_server import SourceServer

GIB = 1024**3


class Limits(NamedTuple):
    """What a volume of a type can be: GiB, and IOPS, IOPS per GiB and MiB/s where they can be chosen."""

    sizes: tuple[int, int]
    iops: tuple[int, int] | None = None
    iops_per_gib: int = 0
    throughput: tuple[int, int] | None = None


LIMITS = {
    "standard": Limits((1, 1024)),
    "gp2": Limits((1, 16384)),
    "gp3": Limits((1, 65536), (3000, 80000), 500, (125, 2000)),
    "io1": Limits((4, 16384), (100, 64000), 50),
    "io2": Limits((4, 65536), (100, 256000), 1000),
    "st1": Limits((125, 16384)),
    "sc1": Limits((125, 16384)),
}
USUAL_IOPS = 3000
"""What a volume of type gp3 has at any size."""

THROUGHPUT_PER_IOPS = 0.25
OWN_KEY = "alias/aws/ebs"
"""The key that AWS makes for EBS when it is needed first."""

_NO_ROOT = ("st1", "sc1")


def disks(ec2: EC2Backend, server: SourceServer, data: Data) -> list[Data]:
    """Return the volumes of an instance, each with what a launch template's version says of it.

    What a version says of other devices is disregarded.
    """
    mappings: list[Data] = data.get("BlockDeviceMappings") or []
    named = [mapping["DeviceName"] for mapping in mappings]
    if repeated := next((name for name in named if named.count(name) > 1), None):
        raise refusals.device_twice(repeated)
    by_device = dict(zip(named, mappings, strict=True))
    volumes = []
    for number, disk in enumerate(server.disks()):
        device, size = disk["deviceName"], disk["bytes"] // GIB
        mapping = by_device.get(device, {"Ebs": {}})
        if mapping.get("NoDevice") is not None:
            if number == 0:
                raise refusals.no_root(device)
            continue
        if mapping.get("Ebs") is None:
            raise refusals.no_ebs()
        volume = {"VolumeType": "gp3", "DeleteOnTermination": True, "VolumeSize": size} | mapping["Ebs"]
        volume["Encrypted"] = bool(volume.get("Encrypted") or ec2.get_ebs_encryption_by_default())
        _check_volume(ec2, device, volume, size)
        if number == 0 and volume["VolumeType"] in _NO_ROOT:
            raise refusals.iops_not_supported(volume["VolumeType"])
        volumes.append({"DeviceName": device, "Ebs": volume})
    return volumes


def _check_volume(ec2: EC2Backend, device: str, volume: Data, least: int) -> None:
    """Raise what EC2 says of a volume that cannot be made from a disk of so many GiB."""
    if (limits := LIMITS.get(volume["VolumeType"])) is None:
        raise refusals.unknown_volume_type(volume["VolumeType"])
    size = volume["VolumeSize"] = int(volume["VolumeSize"])
    if snapshot_id := volume.get("SnapshotId"):
        if snapshot_id not in ec2.snapshots:
            raise unknown_snapshot(snapshot_id)
        least = max(least, ec2.snapshots[snapshot_id].volume.size)
    if size < least:
        raise refusals.volume_too_small(size, least, snapshot_id)
    smallest, largest = limits.sizes
    if size < smallest:
        raise refusals.size_too_low(volume["VolumeType"], size, smallest)
    if size > largest:
        raise refusals.size_too_high(volume["VolumeType"], size, largest)
    _check_iops(volume, limits)
    _check_throughput(device, volume, limits)
    _check_key(ec2, volume)


def _check_iops(volume: Data, limits: Limits) -> None:
    iops, kind = volume.get("Iops"), volume["VolumeType"]
    if limits.iops is None:
        if iops is not None:
            raise refusals.iops_not_supported(kind)
        return
    if iops is None:
        if kind != "gp3":
            raise refusals.iops_missing(kind)
        return
    _check_range("iops", int(iops), limits.iops)
    ratio = int(iops) / volume["VolumeSize"]
    if ratio > limits.iops_per_gib and not (kind == "gp3" and int(iops) <= USUAL_IOPS):
        raise refusals.ratio_too_high("Iops to volume size", ratio, str(limits.iops_per_gib))


def _check_throughput(device: str, volume: Data, limits: Limits) -> None:
    if (throughput := volume.get("Throughput")) is None:
        return
    if limits.throughput is None:
        raise refusals.throughput_not_supported(device)
    _check_range("throughput", int(throughput), limits.throughput)
    ratio = int(throughput) / int(volume.get("Iops") or USUAL_IOPS)
    if ratio > THROUGHPUT_PER_IOPS:
        highest = f"{THROUGHPUT_PER_IOPS:f} MiBps per iops"
        raise refusals.ratio_too_high("Throughput (MiBps) to iops", ratio, highest)


def _check_range(what: str, value: int, allowed: tuple[int, int]) -> None:
    lowest, highest = allowed
    if value < lowest:
        raise refusals.too_low(what, value, lowest)
    if value > highest:
        raise refusals.too_high(what, value, highest)


def _check_key(ec2: EC2Backend, volume: Data) -> None:
    if not (key := volume.get("KmsKeyId")):
        return
    if not volume.get("Encrypted"):
        raise refusals.key_without_encryption()
    kms = kms_backends[ec2.account_id][ec2.region_name]
    named = kms.get_alias_name(key)
    aliased = kms.get_key_id_from_alias(named) if named.startswith("alias/") else kms.get_key_id(named)
    if aliased not in kms.keys and named != OWN_KEY:
        raise refusals.unknown_key(key)
