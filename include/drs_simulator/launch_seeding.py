"""Lets servers be launched as a fleet says, by the operations of EC2 and DRS that a client would use."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from moto.ec2.models import security_groups, subnets
from pydantic.alias_generators import to_camel

from drs_simulator.drs.launch_profile import need_profile
from drs_simulator.drs.launch_template import launch_template
from drs_simulator.drs.world import world

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from types import ModuleType

    from moto.ec2.models import EC2Backend
    from moto.ec2.models.subnets import Subnet

    from drs_simulator.drs.models import DRSBackend
    from drs_simulator.fleet import ServerDescription
    from drs_simulator.fleet_launches import LaunchTemplateDescription, NetworkDescription


class Gone(ValueError):
    """A subnet or group of the fleet that was deleted from EC2."""


def make_networks(ec2: EC2Backend, networks: Iterable[NetworkDescription]) -> None:
    """Make VPCs with their subnets and groups."""
    for network in networks:
        vpc = ec2.create_vpc(network.cidr, tags=[{"Key": "Name", "Value": network.name}])
        for group in sorted(network.groups - {"default"}):
            with _drawing(security_groups, "random_security_group_id", network.ids.get(group)):
                ec2.create_security_group(group, group, vpc_id=vpc.id)
        for subnet in network.subnets:
            tags = {"subnet": {"Name": subnet.name}}
            with _drawing(subnets, "random_subnet_id", network.ids.get(subnet.name)):
                ec2.create_subnet(vpc.id, subnet.cidr, availability_zone=subnet.zone, tags=tags)


@contextmanager
def _drawing(module: ModuleType, draw: str, wanted: str | None) -> Iterator[None]:
    """Let moto draw the id that is wanted, if one is: its EC2 takes none."""
    drawn = getattr(module, draw)
    setattr(module, draw, (lambda: wanted) if wanted else drawn)
    try:
        yield
    finally:
        setattr(module, draw, drawn)


def check_there(backend: DRSBackend, servers: Iterable[ServerDescription]) -> None:
    """Raise Gone unless EC2 has what the launch templates of servers name."""
    for template in {server.launch_template for server in servers if server.launch_template.subnet}:
        _interface(backend.ec2, template)


def configure(backend: DRSBackend, server: ServerDescription) -> None:
    """Change a server's launch configuration, then its EC2 launch template, where the fleet does."""
    if server.launch_configuration.model_fields_set:
        members = server.launch_configuration.model_dump(exclude_none=True)
        named = {to_camel(name): value for name, value in members.items()}
        backend.update_launch_configuration(server.id, named)
    if server.launch_template.model_fields_set:
        template = launch_template(backend.ec2, backend.source_server(server.id))
        changed = _changed(backend.ec2, server.launch_template, template.default_version().data)
        ec2: Any = backend.ec2  # moto's, as it is mended
        ec2.create_launch_template_version(template, "$Default", changed, "")
        ec2.modify_launch_template("$Latest", template_id=template.id)


def _changed(ec2: EC2Backend, spec: LaunchTemplateDescription, before: dict[str, Any]) -> dict[str, Any]:
    """Return what a new version says beside the one that DRS made, which has one interface."""
    changed: dict[str, Any] = {}
    if interface := _interface(ec2, spec):
        changed["NetworkInterfaces"] = [before["NetworkInterfaces"][0] | interface]
    if spec.instance_type:
        changed["InstanceType"] = spec.instance_type
    if profile := spec.instance_profile:
        need_profile(ec2, profile, world.clock.now())
        changed["IamInstanceProfile"] = {"Name": profile}
    return changed


def _interface(ec2: EC2Backend, spec: LaunchTemplateDescription) -> dict[str, Any]:
    if spec.subnet is None:
        return {}
    subnet = _subnet(ec2, spec.subnet)
    interface: dict[str, Any] = {"SubnetId": subnet.id}
    if spec.security_groups:
        interface["Groups"] = [_group(ec2, name, subnet) for name in spec.security_groups]
    if spec.private_ip:
        interface["PrivateIpAddress"] = spec.private_ip
    return interface


def _subnet(ec2: EC2Backend, name: str) -> Subnet:
    named: list[Subnet] = ec2.describe_subnets(filters={"tag:Name": [name]})
    if not named:
        raise Gone(f"subnet: {name!r}: allowed are subnets of the fleet that EC2 has still")
    return named[0]


def _group(ec2: EC2Backend, name: str, subnet: Subnet) -> str:
    if (group := ec2.get_security_group_from_name(name, vpc_id=subnet.vpc_id)) is None:
        raise Gone(f"security_groups: {name!r}: allowed are groups of {subnet.vpc_id}")
    group_id: str = group.id
    return group_id
