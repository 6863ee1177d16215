"""Private addresses of network interfaces: each is given once, and none that a subnet does not have."""

from __future__ import annotations

from ipaddress import ip_address
from typing import TYPE_CHECKING, Any

from moto.ec2.exceptions import EC2ClientError
from moto.ec2.models import elastic_network_interfaces, instances, subnets

if TYPE_CHECKING:
    from moto.ec2.models.elastic_network_interfaces import NetworkInterface
    from moto.ec2.models.security_groups import SecurityGroup

_create_network_interface = elastic_network_interfaces.NetworkInterfaceBackend.create_network_interface
_delete_network_interface = elastic_network_interfaces.NetworkInterfaceBackend.delete_network_interface
_unassign_private_ip_addresses = (
    elastic_network_interfaces.NetworkInterfaceBackend.unassign_private_ip_addresses
)
_prep_nics = instances.Instance.prep_nics


class InsufficientFreeAddressesInSubnetError(EC2ClientError):
    def __init__(self, subnet_id: str) -> None:
        super().__init__(
            "InsufficientFreeAddressesInSubnet",
            f"The specified subnet '{subnet_id}' does not have enough free addresses to satisfy the request.",
        )


class Subnet(subnets.Subnet):
    def get_available_subnet_ip(self, instance: Any) -> str:
        new_ip = self.next_free_ip()
        if new_ip is None:
            self.release_terminated_ips()
            new_ip = self.next_free_ip()
        if new_ip is None:
            raise InsufficientFreeAddressesInSubnetError(self.id)
        self._subnet_ips[new_ip] = instance
        return new_ip

    def next_free_ip(self) -> str | None:
        kept = {self.cidr.network_address, self.cidr.broadcast_address, *self.aws_reserved_ips}
        while self._unused_ips:
            unused = self._unused_ips.pop()
            address = ip_address(unused)
            if unused not in self._subnet_ips and address not in self._reserved_ips and address not in kept:
                return unused
        for host in self._subnet_ip_generator:
            if str(host) not in self._subnet_ips:
                return str(host)
        return None

    def hold_ip(self, ip: str, holder: Any) -> None:
        if self._subnet_ips.get(ip) is None:
            self._unused_ips.discard(ip)
            self._subnet_ips[ip] = holder

    def release_terminated_ips(self) -> None:
        # Terminated instances keep their addresses in moto, but not in AWS
        for ip, holder in list(self._subnet_ips.items()):
            if getattr(holder, "state", None) == "terminated":
                self.del_subnet_ip(ip)


class NetworkInterfaceBackend(elastic_network_interfaces.NetworkInterfaceBackend):
    def create_network_interface(  # noqa: PLR0917 - as moto has it
        self,
        subnet: Any,
        private_ip_address: str | list[str],
        private_ip_addresses: list[dict[str, Any]] | None = None,
        group_ids: list[str] | None = None,
        description: str | None = None,
        tags: dict[str, str] | None = None,
        delete_on_termination: bool | None = False,
        **kwargs: Any,
    ) -> NetworkInterface:
        if isinstance(subnet, str):
            subnet = self.get_subnet(subnet)  # type: ignore[attr-defined]
        secondary_ips: list[str] = []
        if subnet.cidr_block:
            chosen = not private_ip_address and not private_ip_addresses
            count = int(kwargs.pop("secondary_ips_count", None) or 0)
            secondary_ips = self.take_ips(subnet, count + chosen)
            private_ip_address = secondary_ips.pop(0) if chosen else private_ip_address
        eni = _create_network_interface(
            self,
            subnet,
            private_ip_address,
            private_ip_addresses,
            group_ids,
            description,
            tags,
            delete_on_termination,
            **kwargs,
        )
        self.add_ips(eni, secondary_ips)
        return eni

    def take_ips(self, subnet: Any, count: int) -> list[str]:
        taken: list[str] = []
        try:
            while len(taken) < count:
                taken.append(subnet.get_available_subnet_ip(None))
        except InsufficientFreeAddressesInSubnetError:
            for ip in taken:
                subnet.del_subnet_ip(ip)
            raise
        return taken

    def add_ips(self, eni: NetworkInterface, secondary_ips: list[str]) -> None:
        eni.private_ip_addresses.extend({"Primary": False, "PrivateIpAddress": ip} for ip in secondary_ips)
        for address in eni.private_ip_addresses:
            ip = address["PrivateIpAddress"]
            if ip_address(ip) in eni.subnet.cidr:
                eni.subnet.hold_ip(ip, eni)

    def delete_network_interface(self, eni_id: str) -> None:
        eni = self.get_network_interface(eni_id)
        _delete_network_interface(self, eni_id)
        for address in eni.private_ip_addresses:
            eni.subnet.del_subnet_ip(address["PrivateIpAddress"])

    def assign_private_ip_addresses(
        self,
        eni_id: str,
        private_ip_addresses: list[str] | None = None,
        secondary_ips_count: int | None = None,
    ) -> NetworkInterface:
        eni = self.get_network_interface(eni_id)
        assigned = [address["PrivateIpAddress"] for address in eni.private_ip_addresses]
        if private_ip_addresses:
            self.add_ips(eni, [ip for ip in private_ip_addresses if ip not in assigned])
        else:
            self.add_ips(eni, self.take_ips(eni.subnet, int(secondary_ips_count or 0)))
        return eni

    def unassign_private_ip_addresses(
        self, eni_id: str, private_ip_address: list[str] | None = None
    ) -> NetworkInterface:
        eni = _unassign_private_ip_addresses(self, eni_id, private_ip_address)
        for ip in private_ip_address or []:
            eni.subnet.del_subnet_ip(ip)
        return eni


class Instance(instances.Instance):
    def prep_nics(
        self,
        nic_spec: list[dict[str, Any]],
        private_ip: str | None = None,
        associate_public_ip: bool | None = None,
        security_groups: list[SecurityGroup] | None = None,
        ipv6_address_count: int | None = None,
    ) -> None:
        # An interface that there is brings its address, which stays its own
        known = [
            self.ec2_backend.get_network_interface(nic["NetworkInterfaceId"])
            for nic in nic_spec
            if nic.get("NetworkInterfaceId") and int(nic["DeviceIndex"]) == 0
        ]
        for eni in known:
            private_ip = eni.private_ip_address
            eni.subnet.del_subnet_ip(private_ip)
        _prep_nics(self, nic_spec, private_ip, associate_public_ip, security_groups, ipv6_address_count)
        for eni in known:
            eni.subnet.del_subnet_ip(private_ip)
            eni.subnet.hold_ip(private_ip, eni)
