"""AWS's denial of a right, as botocore raises it."""

from __future__ import annotations

from botocore.exceptions import ClientError

CURE = "to the role that is named: docs/production.md, The policies"
"""What follows it where it is told."""


def denied(right: str) -> ClientError:
    """Return what AWS answers to who lacks a right, such as ``ec2:DescribeInstances``."""
    message = f"User: arn:aws:sts::1:assumed-role/x is not authorized to perform: {right} on resource: *"
    return ClientError(
        {"Error": {"Code": "AccessDeniedException", "Message": message}}, right.partition(":")[2]
    )
