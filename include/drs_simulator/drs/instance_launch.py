"""Launching the EC2 instance of a source server as its launch configuration and launch template say.

What EC2 would refuse is refused before anything is made, with EC2's error.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from moto.ec2.exceptions import EC2ClientError, InvalidInstanceIdError
from moto.ec2.utils import random_ami_id

from . import ec2_refusals as refusals
from .ec2_dates import date_end, date_launch, date_start
from .launch_disks import disks
from .launch_machine import (
    check_architecture,
    check_interfaces,
    check_names,
    check_tags,
    check_zone,
    instance_type,
    zones_of,
)
from .launch_network import plan_network
from .launch_options import apply_options, check_options, check_placement
from .launch_profile import actions_profile
from .launch_template import ALLOWED, OWNER, effective, find_instance, marks, template_tags

if TYPE_CHECKING:
    from moto.ec2.models import EC2Backend
    from moto.ec2.models.elastic_block_store import Volume
    from moto.ec2.models.instances import Instance

    from .launch_network import Network
    from .launch_template import Data
    from .snapshots import RecoverySnapshot
    from .source_server import SourceServer


def launch_instance(
    ec2: EC2Backend, server: SourceServer, job_id: str, snapshot: RecoverySnapshot, at: float
) -> Instance:
    """Run an EC2 instance for a source server, or take the one that it is to be launched into.

    Its volumes are made of the snapshot; ``at`` is the second of the job at which EC2 has it.
    """
    data = effective(ec2, server, at)
    tags = _tags(server, data, job_id)
    check_tags(tags, template_tags(data, "volume"))
    if target := server.launch_configuration.launch_into:
        instance = _started(ec2, server, target)
        date_start(instance, at)
    else:
        instance = _run(ec2, server, data, at)
        _made_of(ec2, server, instance, snapshot)
        date_launch(ec2, instance, at)
    instance.add_tags(tags)
    if server.launch_configuration.launch_disposition == "STOPPED":
        ec2.stop_instances([instance.id])
        date_end(instance, at)
    return instance


def _started(ec2: EC2Backend, server: SourceServer, instance_id: str) -> Instance:
    """Return the instance to launch into, started; raises why it cannot be had for this server."""
    if (instance := find_instance(ec2, instance_id)) is None:
        raise InvalidInstanceIdError(instance_id)
    if instance.state == "terminated":
        raise refusals.not_startable(instance_id)
    tags = {tag["key"]: tag["value"] for tag in instance.get_tags()}
    if (ALLOWED[0], tags.get(ALLOWED[0])) != ALLOWED:
        raise refusals.unauthorized(instance_id)
    if (owner := tags.get(OWNER, server.source_server_id)) != server.source_server_id:
        raise refusals.taken(instance_id, owner)
    check_architecture(server, instance.instance_type)
    ec2.start_instances([instance_id])
    return instance


def _run(ec2: EC2Backend, server: SourceServer, data: Data, at: float) -> Instance:
    check_names(ec2, data)
    wanted = instance_type(server, data)
    zones = zones_of(server, wanted)
    mappings = disks(ec2, server, data)
    check_options(ec2, data, wanted, mappings)
    check_interfaces(wanted, data)
    network = plan_network(ec2, data, zones)
    zone = network.subnet.availability_zone
    check_zone(wanted, zone, zones)
    check_placement(ec2, data, wanted, zone)
    volumes = _volumes(ec2, zone, mappings, template_tags(data, "volume"))
    instance = _instance(ec2, server, data, wanted, network)
    _add_profile(ec2, instance, _named_profile(data) or _usual_profile(ec2, server, at))
    for mapping, volume in zip(mappings, volumes, strict=True):
        keep = not mapping["Ebs"]["DeleteOnTermination"]
        ec2.attach_volume(volume.id, instance.id, mapping["DeviceName"], delete_on_termination=not keep)
    return instance


def _made_of(ec2: EC2Backend, server: SourceServer, instance: Instance, snapshot: RecoverySnapshot) -> None:
    """Let each volume name the EBS snapshot of its disk, and the first one be the root."""
    devices = instance.block_device_mapping
    names = (disk["deviceName"] for disk in server.disks())
    of_disk = dict(zip(names, snapshot.ebs_snapshots, strict=True))
    for device, mapping in devices.items():
        ec2.volumes[mapping.volume_id].snapshot_id = of_disk[device]
    instance.root_device_name = next(iter(devices))


def _volumes(ec2: EC2Backend, zone: str, mappings: list[Data], tags: dict[str, str]) -> list[Volume]:
    """Make the volumes of an instance, or none of them."""
    made: list[Volume] = []
    try:
        for mapping in mappings:
            ebs = mapping["Ebs"]
            options = {
                "volume_type": ebs["VolumeType"],
                "iops": ebs.get("Iops"),
                "throughput": ebs.get("Throughput"),
                "encrypted": bool(ebs.get("Encrypted")),
                "kms_key_id": ebs.get("KmsKeyId") or None,
            }
            made.append(ec2.create_volume(ebs["VolumeSize"], zone, **options))
            made[-1].add_tags(tags)
    except EC2ClientError:
        for volume in made:
            ec2.delete_volume(volume.id)
        raise
    return made


def _instance(ec2: EC2Backend, server: SourceServer, data: Data, wanted: str, network: Network) -> Instance:
    (first, *others) = network.interfaces
    groups = [] if others else first.pop("Groups", [])
    reservation = ec2.run_instances(
        random_ami_id(),
        1,
        data.get("UserData"),
        [],
        instance_type=wanted,
        is_instance_type_default=False,
        region_name=server.region_name,
        subnet_id=network.subnet.id,
        nics=network.interfaces,
        security_group_ids=groups,
        block_device_mappings=[],
        **_options(data),
    )
    instance: Instance = reservation.instances[0]
    network.complete(ec2, instance)
    apply_options(instance, data)
    return instance


def _options(data: Data) -> dict[str, Any]:
    """Return what moto's RunInstances takes of a version as it is."""
    return {
        "key_name": data.get("KeyName") or None,
        "monitoring_state": "enabled" if (data.get("Monitoring") or {}).get("Enabled") else "disabled",
        "metadata_options": data.get("MetadataOptions") or {},
        "ebs_optimized": bool(data.get("EbsOptimized")),
        "disable_api_stop": bool(data.get("DisableApiStop")),
        "disable_api_termination": bool(data.get("DisableApiTermination")),
        "hibernation_options": data.get("HibernationOptions") or {},
        "instance_market_options": (data.get("InstanceMarketOptions") or {}).get("MarketType") == "spot",
        "instance_initiated_shutdown_behavior": data.get("InstanceInitiatedShutdownBehavior"),
    }


def _named_profile(data: Data) -> Data:
    """Return the profile that a version names; tools that leave a name empty want none."""
    return {member: value for member, value in (data.get("IamInstanceProfile") or {}).items() if value}


def _usual_profile(ec2: EC2Backend, server: SourceServer, at: float) -> Data:
    """Return the profile of an instance whose launch template names none."""
    return {"Name": actions_profile(ec2, at)} if server.launch_configuration.post_launch_enabled else {}


def _add_profile(ec2: EC2Backend, instance: Instance, profile: Data) -> None:
    if profile:
        ec2.associate_iam_instance_profile(
            instance.id,
            iam_instance_profile_name=profile.get("Name"),
            iam_instance_profile_arn=profile.get("Arn"),
        )


def _tags(server: SourceServer, data: Data, job_id: str) -> dict[str, str]:
    """Return the tags of an instance: of the server, the version and DRS, which overwrite in this order."""
    copied = server.tags if server.launch_configuration.copy_tags else {}
    of_job = {
        "drs.amazonaws.com-job": job_id,
        "drs.amazonaws.com-source-server": server.source_server_id,
    }
    name = {"Name": server.launch_configuration.name}
    return copied | name | template_tags(data, "instance") | marks(server) | of_job
