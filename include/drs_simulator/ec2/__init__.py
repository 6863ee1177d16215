"""What moto's EC2 lacks of launch templates, addresses and instances, put in its place: ready for moto.

The classes are named as moto's are, and hold the methods that are to replace theirs.
"""

from __future__ import annotations

from types import FunctionType
from typing import TYPE_CHECKING

from moto.ec2.models import elastic_network_interfaces, subnets
from moto.ec2.models import instances as moto_instances
from moto.ec2.models import launch_templates as moto_models
from moto.ec2.responses import instances as moto_instance_responses
from moto.ec2.responses import launch_templates as moto_responses

from . import addresses, instances, models, responses

if TYPE_CHECKING:
    from collections.abc import Callable

replaced: dict[str, Callable[..., object]] = {}
"""Methods of moto that were replaced, by class and name; what moto did not have is not among them."""


def mend() -> None:
    """Let moto's classes have these methods; the installed package stays as it is."""
    for mended, original in (
        (models.LaunchTemplate, moto_models.LaunchTemplate),
        (models.LaunchTemplateBackend, moto_models.LaunchTemplateBackend),
        (responses.LaunchTemplates, moto_responses.LaunchTemplates),
        (addresses.Subnet, subnets.Subnet),
        (addresses.NetworkInterfaceBackend, elastic_network_interfaces.NetworkInterfaceBackend),
        (addresses.Instance, moto_instances.Instance),
        (instances.InstanceBackend, moto_instances.InstanceBackend),
        (instances.InstanceResponse, moto_instance_responses.InstanceResponse),
    ):
        for name, method in vars(mended).items():
            before = vars(original).get(name)
            if not isinstance(method, FunctionType) or before is method:
                continue
            if isinstance(before, FunctionType):
                replaced[f"{original.__name__}.{name}"] = before
            setattr(original, name, method)
