"""What EC2 answers to options that an instance cannot have: its codes, and its messages where known."""

from __future__ import annotations

from moto.ec2.exceptions import EC2ClientError

from .ec2_refusals import invalid_value


def invalid(member: str, value: object) -> EC2ClientError:
    return invalid_value(f"Value ({value}) for parameter {member} is invalid.")


def not_of_type(member: str, value: object, instance_type: str) -> EC2ClientError:
    return invalid_value(
        f"Value ({value}) for parameter {member} is invalid. "
        f"The instance type '{instance_type}' does not support it."
    )


def unknown_image(image_id: str) -> EC2ClientError:
    return EC2ClientError("InvalidAMIID.NotFound", f"The image id '[{image_id}]' does not exist")


def unknown_license(arn: str | None) -> EC2ClientError:
    return invalid("licenseConfigurationArn", arn)


def no_longer_there(member: str) -> EC2ClientError:
    return EC2ClientError("Unsupported", f"The parameter {member} is no longer supported.")


def requirements_beside_type() -> EC2ClientError:
    message = "InstanceRequirements may not be used in combination with InstanceType."
    return EC2ClientError("InvalidParameterCombination", message)


def profile_twice() -> EC2ClientError:
    message = (
        "The parameter 'iamInstanceProfile.name' may not be used in combination with 'iamInstanceProfile.arn'"
    )
    return EC2ClientError("InvalidParameterCombination", message)


def profile_without_role(arn: str) -> EC2ClientError:
    return invalid_value(f'IAM Instance Profile "{arn}" has no associated IAM Roles')


def half_of_cpu_options() -> EC2ClientError:
    message = "When specifying CpuOptions you must specify both CoreCount and ThreadsPerCore."
    return EC2ClientError("MissingParameter", message)


def no_credits(instance_type: str) -> EC2ClientError:
    message = f"The {instance_type} instance type does not support T2 Unlimited."
    return EC2ClientError("InstanceCreditSpecification.NotSupported", message)


def unknown_reservation(named: str) -> EC2ClientError:
    message = f"The capacity reservation '{named}' does not exist."
    return EC2ClientError("InvalidCapacityReservationId.NotFound", message)


def no_reserved_capacity() -> EC2ClientError:
    message = (
        "The requested reservation does not have sufficient compatible and available capacity "
        "for this request."
    )
    return EC2ClientError("ReservationCapacityExceeded", message)


def no_hibernation(instance_type: str) -> EC2ClientError:
    message = f"The instance type '{instance_type}' does not support hibernation."
    return EC2ClientError("UnsupportedHibernationConfiguration", message)


def hibernation_unencrypted() -> EC2ClientError:
    message = "For hibernation, the root device volume must be encrypted."
    return EC2ClientError("UnsupportedHibernationConfiguration", message)


def enclave_that_hibernates() -> EC2ClientError:
    message = "Nitro Enclaves and hibernation may not be enabled on the same instance."
    return EC2ClientError("InvalidParameterCombination", message)


def no_carrier_address() -> EC2ClientError:
    message = "A carrier IP address may only be associated in a subnet of a Wavelength Zone."
    return EC2ClientError("InvalidParameterCombination", message)


def no_free_prefix() -> EC2ClientError:
    message = "The specified subnet does not have enough free cidr blocks to satisfy the request."
    return EC2ClientError("InsufficientCidrBlocks", message)


def not_taggable(resource_type: str) -> EC2ClientError:
    return invalid_value(f"'{resource_type}' is not a valid taggable resource type for this operation.")


def needs_tenancy_host(member: str) -> EC2ClientError:
    message = f"The parameter {member} cannot be used without specifying a tenancy of 'host'"
    return EC2ClientError("InvalidParameterCombination", message)


def unknown_host(host_id: str) -> EC2ClientError:
    return EC2ClientError("InvalidHostID.NotFound", f"The host ID '{host_id}' does not exist.")


def unknown_host_group(arn: str) -> EC2ClientError:
    return invalid("hostResourceGroupArn", arn)


def partition_without_group() -> EC2ClientError:
    message = "The parameter partitionNumber cannot be used without specifying a placement group."
    return EC2ClientError("InvalidParameterCombination", message)


def host_without_capacity(host_id: str) -> EC2ClientError:
    message = f"Dedicated host {host_id} has insufficient capacity to launch the instances in this request."
    return EC2ClientError("InsufficientCapacityOnHost", message)


def no_host() -> EC2ClientError:
    message = (
        "You do not have a host with a matching configuration and sufficient capacity. Either target a "
        "host resource group that can automatically allocate hosts on your behalf, or manually allocate "
        "a new host to your account and then try again."
    )
    return EC2ClientError("InsufficientHostCapacity", message)
