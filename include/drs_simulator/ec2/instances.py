"""Instances by id, found without a copy of each reservation: the times of thousands of launches go there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from moto.core.responses import ActionResult
from moto.ec2.exceptions import InvalidInstanceIdError
from moto.ec2.models import instances
from moto.ec2.responses import instances as moto_responses

from drs_simulator.drs.world import world

if TYPE_CHECKING:
    from collections.abc import Iterator

    from moto.ec2.models.instances import Instance


def every_instance(backend: instances.InstanceBackend) -> Iterator[Instance]:
    """Yield all instances; moto's own lists copy each reservation first."""
    for reservation in list(backend.reservations.values()):
        yield from reservation.instances


class InstanceBackend(instances.InstanceBackend):
    def get_instance(self, instance_id: str) -> Instance:
        instance = self.get_instance_by_id(instance_id)
        if instance is None:
            raise InvalidInstanceIdError(instance_id)
        return instance

    def get_instance_by_id(self, instance_id: str) -> Instance | None:
        return next((i for i in every_instance(self) if i.id == instance_id), None)

    def get_multi_instances_by_id(self, instance_ids: list[str], filters: Any = None) -> list[Instance]:
        wanted = frozenset(instance_ids)
        known = {i.id: i for i in every_instance(self) if i.id in wanted}
        if unknown := [instance_id for instance_id in instance_ids if instance_id not in known]:
            raise InvalidInstanceIdError(unknown)
        found = (known[instance_id] for instance_id in instance_ids)
        return [instance for instance in found if instance.applies(filters)]


class InstanceResponse(moto_responses.InstanceResponse):
    def describe_instance_status(self) -> ActionResult:
        found = self.ec2_backend.describe_instance_status(
            self._get_param("InstanceIds", []),
            self._get_bool_param("IncludeAllInstances", False),
            [{"name": k, "values": v} for k, v in self._filters_from_querystring().items()],
        )
        return ActionResult({"InstanceStatuses": [_status(instance) for instance in found]})


def _status(instance: Instance) -> dict[str, Any]:
    failed = {"Details": [{"Name": "reachability", "Status": "failed"}], "Status": "impaired"}
    runs = instance.state == "running"
    impaired = runs and "impair" in world.faults.of_instance(instance.id)
    return {
        "AvailabilityZone": instance.placement,
        "InstanceId": instance.id,
        "InstanceState": {"Code": instance.state_code, "Name": instance.state},
        "InstanceStatus": failed if impaired else instance.instance_status,
        "SystemStatus": failed if impaired else instance.system_status,
    }
