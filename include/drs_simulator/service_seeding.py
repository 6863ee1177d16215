"""What a fleet has beside servers, as moto's own services keep it: functions and hosted zones."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from drs_simulator.fleet import Place

PARTITION = "aws"
ROLE = "functions-of-the-fleet"


def make_functions(place: Place) -> None:
    """Create the functions of a place, which run no code."""
    if not place.functions:
        return
    from moto.awslambda.models import lambda_backends  # noqa: PLC0415 - only fleets with functions need it
    from moto.iam.models import iam_backends  # noqa: PLC0415

    role = iam_backends[place.account][PARTITION].create_role(ROLE, "{}", "/", None, "", [], None)
    for name in place.functions:
        code = {"ZipFile": ""}
        spec = {"FunctionName": name, "Role": role.arn, "Code": code, "Runtime": "python3.12", "Handler": "x"}
        lambda_backends[place.account][place.region].create_function(spec)


def make_hosted_zones(place: Place) -> None:
    """Create the hosted zones of a place's account, with the ids that the fleet gives them."""
    if not place.hosted_zones:
        return
    from moto.route53.models import HostedZoneIdentifier, route53_backends  # noqa: PLC0415
    from moto.utilities.id_generator import moto_id_manager  # noqa: PLC0415

    for zone, name in place.hosted_zones.items():
        moto_id_manager.set_custom_id(HostedZoneIdentifier(place.account, name, None), zone)
        route53_backends[place.account][PARTITION].create_hosted_zone(name, private_zone=False)
