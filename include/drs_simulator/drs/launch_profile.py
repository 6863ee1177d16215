"""Instance profiles, and the one of recovery instances whose post-launch actions are to run.

User guide, "Configuring the default post-launch actions": where the EC2 launch template names no profile, and
post-launch actions are active, it is this one.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from moto.iam.models import iam_backends

from .ec2_dates import moment

if TYPE_CHECKING:
    from moto.ec2.models import EC2Backend

NAME = "AWSElasticDisasterRecoveryRecoveryInstanceWithLaunchActionsRole"
_PATH = "/service-role/"
_TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}
    ],
}


def actions_profile(ec2: EC2Backend, at: float) -> str:
    """Return the name of the profile, which is made with its role at the second when it is needed first."""
    need_profile(ec2, NAME, at, path=_PATH)
    return NAME


def need_profile(ec2: EC2Backend, name: str, at: float, *, path: str = "/") -> None:
    """Let there be a profile, with a role of its name: without a role EC2 launches no instance with it."""
    iam = iam_backends[ec2.account_id][ec2.partition]
    if name in [profile.name for profile in iam.instance_profiles.values()]:
        return
    if name not in [role.name for role in iam.roles.values()]:
        role = iam.create_role(name, json.dumps(_TRUST), path, None, "", [], None)
        role.create_date = moment(at)
    iam.create_instance_profile(name, path, [name]).create_date = moment(at)
