"""The instance profile that DRS gives to recovery instances whose post-launch actions are to run.

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
    iam = iam_backends[ec2.account_id][ec2.partition]
    if NAME not in [profile.name for profile in iam.instance_profiles.values()]:
        if NAME not in [role.name for role in iam.roles.values()]:
            role = iam.create_role(NAME, json.dumps(_TRUST), _PATH, None, "", [], None)
            role.create_date = moment(at)
        iam.create_instance_profile(NAME, _PATH, [NAME]).create_date = moment(at)
    return NAME
