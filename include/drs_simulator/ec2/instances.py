"""Instances by id, found without a copy of each reservation: the times of thousands of launches go there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from moto.ec2.exceptions import InvalidInstanceIdError
from moto.ec2.models import instances

if TYPE_CHECKING:
    from collections.abc import Iterator

    from moto.ec2.models.instances import Instance


class InstanceBackend(instances.InstanceBackend):
    def get_instance(self, instance_id: str) -> Instance:
        instance = self.get_instance_by_id(instance_id)
        if instance is None:
            raise InvalidInstanceIdError(instance_id)
        return instance

    def get_instance_by_id(self, instance_id: str) -> Instance | None:
        return next((i for i in self.iter_instances() if i.id == instance_id), None)

    def get_multi_instances_by_id(self, instance_ids: list[str], filters: Any = None) -> list[Instance]:
        wanted = frozenset(instance_ids)
        known = {i.id: i for i in self.iter_instances() if i.id in wanted}
        if unknown := [instance_id for instance_id in instance_ids if instance_id not in known]:
            raise InvalidInstanceIdError(unknown)
        found = (known[instance_id] for instance_id in instance_ids)
        return [instance for instance in found if instance.applies(filters)]

    def iter_instances(self) -> Iterator[Instance]:
        for reservation in list(self.reservations.values()):
            yield from reservation.instances
