"""What EC2 answers to volumes that it cannot make: EC2's codes and messages."""

from __future__ import annotations

from moto.ec2.exceptions import EC2ClientError
from moto.ec2.utils import random_snapshot_id

from .ec2_refusals import invalid_value


def device_twice(device: str) -> EC2ClientError:
    message = f"The device '{device}' is used in more than one block-device mapping"
    return EC2ClientError("InvalidBlockDeviceMapping", message)


def no_root(device: str) -> EC2ClientError:
    message = f"The root device '{device}' cannot be omitted from the block device mapping."
    return EC2ClientError("InvalidBlockDeviceMapping", message)


def no_ebs() -> EC2ClientError:
    return EC2ClientError("MissingParameter", "The request must contain the parameter ebs")


def unknown_volume_type(kind: str) -> EC2ClientError:
    return invalid_value(f"Invalid value '{kind}' for VolumeType.")


def volume_too_small(size: int, expected: int, snapshot_id: str | None) -> EC2ClientError:
    named = snapshot_id or random_snapshot_id()
    message = f"Volume of size {size}GB is smaller than snapshot '{named}', expect size >= {expected}GB"
    return EC2ClientError("InvalidBlockDeviceMapping", message)


def size_too_low(kind: str, size: int, lowest: int) -> EC2ClientError:
    return invalid_value(
        f"The volume size is invalid for {kind} volumes: {size} GiB. {kind} volumes must be at least "
        f"{lowest} GiB in size. Please specify a volume size above the minimum limit."
    )


def size_too_high(kind: str, size: int, highest: int) -> EC2ClientError:
    return invalid_value(f"Volume of {size}GiB is too large for volume type {kind}; maximum is {highest}GiB")


def iops_not_supported(kind: str) -> EC2ClientError:
    message = f"The parameter iops is not supported for {kind} volumes."
    return EC2ClientError("InvalidParameterCombination", message)


def iops_missing(kind: str) -> EC2ClientError:
    message = f"The parameter iops must be specified for {kind} volumes."
    return EC2ClientError("InvalidParameterCombination", message)


def throughput_not_supported(device: str) -> EC2ClientError:
    message = f"throughput cannot be specified with the volumeType of device '{device}'"
    return EC2ClientError("InvalidBlockDeviceMapping", message)


def too_low(what: str, value: int, lowest: int) -> EC2ClientError:
    return invalid_value(f"Volume {what} of {value} is too low; minimum is {lowest}.")


def too_high(what: str, value: int, highest: int) -> EC2ClientError:
    return invalid_value(f"Volume {what} of {value} is too high; maximum is {highest}.")


def ratio_too_high(what: str, ratio: float, highest: str) -> EC2ClientError:
    return invalid_value(f"{what} ratio of {ratio:f} is too high; maximum is {highest}")


def key_without_encryption() -> EC2ClientError:
    message = "The parameter KmsKeyId requires the parameter Encrypted to be set."
    return EC2ClientError("InvalidParameterDependency", message)


def unknown_key(key: str) -> EC2ClientError:
    return EC2ClientError("InvalidKmsKey.NotFound", f"The KMS key '{key}' does not exist.")
