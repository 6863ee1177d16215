"""What EC2 answers to a launch that it cannot do and that moto does: EC2's codes and messages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from moto.ec2.exceptions import EC2ClientError

if TYPE_CHECKING:
    from collections.abc import Iterable


def no_default_subnet(vpc_id: str) -> EC2ClientError:
    message = f"No subnets found for the default VPC '{vpc_id}'. Please specify a subnet."
    return EC2ClientError("MissingInput", message)


def zone_of_another_subnet(zone: str, subnet_id: str, its_zone: str) -> EC2ClientError:
    message = f"Value ({zone}) for parameter availabilityZone is invalid. "
    return invalid_value(f"{message}Subnet '{subnet_id}' is in the availability zone {its_zone}")


def zone_twice() -> EC2ClientError:
    message = "Either AvailabilityZone or AvailabilityZoneId can be specified, but not both."
    return EC2ClientError("InvalidParameterCombination", message)


def group_of_another_network(group_id: str, subnet_id: str) -> EC2ClientError:
    message = f"Security group {group_id} and subnet {subnet_id} belong to different networks."
    return EC2ClientError("InvalidParameter", message)


def groups_beside_interfaces() -> EC2ClientError:
    message = (
        "Network interfaces and an instance-level security groups may not be specified on the same request"
    )
    return EC2ClientError("InvalidParameterCombination", message)


def public_among_interfaces() -> EC2ClientError:
    message = (
        "The associatePublicIPAddress parameter cannot be specified when launching with "
        "multiple network interfaces."
    )
    return EC2ClientError("InvalidParameterCombination", message)


def interfaces_in_zones(zones: Iterable[str]) -> EC2ClientError:
    message = f"Network interfaces of one instance may not be in several zones: {', '.join(zones)}."
    return EC2ClientError("InvalidParameterCombination", message)


def interfaces_in_networks(vpc_ids: Iterable[str]) -> EC2ClientError:
    message = f"Network interfaces of one instance may not be in several networks: {', '.join(vpc_ids)}."
    return EC2ClientError("InvalidParameterCombination", message)


def no_device_index() -> EC2ClientError:
    return invalid_value("Each network interface requires a device index.")


def no_primary_interface() -> EC2ClientError:
    message = "When specifying network interfaces, you must include a device at index 0."
    return EC2ClientError("InvalidParameterCombination", message)


def repeated_device_index() -> EC2ClientError:
    return invalid_value("Each network interface requires a unique device index.")


def interface_in_use(interface_id: str) -> EC2ClientError:
    return EC2ClientError("InvalidNetworkInterface.InUse", f"Interface: [{interface_id}] in use.")


def interface_with_more(member: str) -> EC2ClientError:
    message = f"A network interface may not specify both a network interface ID and {member}"
    return EC2ClientError("InvalidParameterCombination", message)


def too_many_interfaces(count: int, instance_type: str) -> EC2ClientError:
    message = f"Interface count {count} exceeds the limit for {instance_type}"
    return EC2ClientError("AttachmentLimitExceeded", message)


def too_many_addresses() -> EC2ClientError:
    message = "Number of private addresses will exceed limit."
    return EC2ClientError("PrivateIpAddressLimitExceeded", message)


def too_many_ipv6_addresses() -> EC2ClientError:
    message = "Number of IPv6 addresses will exceed limit."
    return EC2ClientError("PrivateIpAddressLimitExceeded", message)


def several_primary_addresses() -> EC2ClientError:
    message = "Only one private IP address of a network interface can be designated as primary."
    return EC2ClientError("InvalidParameterCombination", message)


def primary_beside_primary() -> EC2ClientError:
    message = "A private IP address may not be designated as primary beside PrivateIpAddress."
    return EC2ClientError("InvalidParameterCombination", message)


def addresses_beside_count() -> EC2ClientError:
    message = (
        "A network interface may not specify both PrivateIpAddresses and SecondaryPrivateIpAddressCount."
    )
    return EC2ClientError("InvalidParameterCombination", message)


def ipv6_addresses_beside_count() -> EC2ClientError:
    message = "A network interface may not specify both Ipv6Addresses and Ipv6AddressCount."
    return EC2ClientError("InvalidParameterCombination", message)


def no_ipv6_block(subnet_id: str) -> EC2ClientError:
    return invalid_value(f"Subnet {subnet_id} does not contain any IPv6 CIDR block ranges")


def no_address(text: str) -> EC2ClientError:
    return invalid_value(f"invalid value for parameter address: {text}")


def address_outside(address: str) -> EC2ClientError:
    return invalid_value(f"Address {address} does not fall within the subnet's address range")


def address_reserved(address: str) -> EC2ClientError:
    return invalid_value(f"Address {address} is in subnet's reserved address range")


def address_in_use(address: str) -> EC2ClientError:
    return EC2ClientError("InvalidIPAddress.InUse", f"Address {address} is in use.")


def no_free_address(subnet_id: str) -> EC2ClientError:
    message = (
        f"There are not enough free addresses in subnet '{subnet_id}' "
        "to satisfy the requested number of instances."
    )
    return EC2ClientError("InsufficientFreeAddressesInSubnet", message)


def unknown_type(instance_type: str) -> EC2ClientError:
    return invalid_value(f"Invalid value '{instance_type}' for InstanceType.")


def type_not_in_region() -> EC2ClientError:
    message = "The requested configuration is currently not supported."
    return EC2ClientError(
        "Unsupported", f"{message} Please check the documentation for supported configurations."
    )


def type_not_in_zone(instance_type: str, zone: str, others: Iterable[str]) -> EC2ClientError:
    message = (
        f"Your requested instance type ({instance_type}) is not supported in your requested "
        f"Availability Zone ({zone}). Please retry your request by not specifying an Availability Zone "
        f"or choosing {', '.join(sorted(others))}."
    )
    return EC2ClientError("Unsupported", message)


def other_architecture(of_type: str, of_image: str) -> EC2ClientError:
    message = (
        f"The architecture '{of_type}' of the specified instance type does not match the architecture "
        f"'{of_image}' of the specified AMI. Specify an instance type and an AMI that have matching "
        "architectures, and try again. You can use 'describe-instance-types' or 'describe-images' to "
        "discover the architecture of the instance type or AMI."
    )
    return invalid_value(message)


def unknown_key_pair(name: str) -> EC2ClientError:
    return EC2ClientError("InvalidKeyPair.NotFound", f"The key pair '{name}' does not exist")


def unknown_profile(member: str, value: str) -> EC2ClientError:
    what = {"name": "name", "arn": "ARN"}[member]
    message = f"Value ({value}) for parameter iamInstanceProfile.{member} is invalid. "
    return invalid_value(f"{message}Invalid IAM Instance Profile {what}")


def unknown_placement_group(name: str) -> EC2ClientError:
    return EC2ClientError("InvalidPlacementGroup.Unknown", f"The Placement Group '{name}' is unknown.")


def unknown_snapshot(snapshot_id: str) -> EC2ClientError:
    message = f"The snapshot '{snapshot_id}' does not exist."
    return EC2ClientError("InvalidSnapshot.NotFound", message)


def too_many_tags() -> EC2ClientError:
    return EC2ClientError("TagLimitExceeded", "The maximum number of Tags for a resource has been reached.")


def not_startable(instance_id: str) -> EC2ClientError:
    message = f"The instance '{instance_id}' is not in a state from which it can be started."
    return EC2ClientError("IncorrectInstanceState", message)


def taken(instance_id: str, source_server_id: str) -> EC2ClientError:
    message = f"The instance '{instance_id}' is the recovery instance of {source_server_id}."
    return EC2ClientError("IncorrectInstanceState", message)


def unauthorized(instance_id: str) -> EC2ClientError:
    message = f"You are not authorized to perform this operation on {instance_id}."
    return EC2ClientError("UnauthorizedOperation", message)


def invalid_value(message: str) -> EC2ClientError:
    return EC2ClientError("InvalidParameterValue", message)
