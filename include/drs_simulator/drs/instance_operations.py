"""The operations on recovery instances: what takes one out of DRS, what prepares its failback."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from moto.moto_api._internal import mock_random

from .description import ReplicationDescription
from .ec2_dates import date_end
from .exceptions import ConflictException
from .failback import Failback, FailbackReplicationConfiguration
from .lookup import invalid, require
from .resources import Resources

if TYPE_CHECKING:
    from moto.ec2.models.instances import Instance

    from .recovery_instance import RecoveryInstance
    from .source_server import SourceServer

_OPPOSITE = {"FAILOVER": "FAILBACK", "FAILBACK": "FAILOVER"}


class RecoveryInstanceBackend(Resources):
    """What takes a recovery instance out of DRS, with its EC2 instance or without."""

    def disconnect_recovery_instance(self, recovery_instance_id: str) -> None:
        instance = self.recovery_instance(recovery_instance_id)
        self.require_idle(instance.source_server)
        if instance.failback.target:
            instance.failback.target.replication.stop(self.now)
        instance.disconnected = True

    def delete_recovery_instance(self, recovery_instance_id: str) -> None:
        instance = require(self.recovery_instances, recovery_instance_id, "recoveryInstanceID")
        self.require_idle(instance.source_server)
        if not instance.disconnected:
            message = f"Recovery Instance {recovery_instance_id} is not disconnected."
            raise ConflictException(message, recovery_instance_id, "RecoveryInstance")
        self.forget_recovery_instance(recovery_instance_id)

    def forget_recovery_instance(self, recovery_instance_id: str) -> RecoveryInstance | None:
        """Know a recovery instance no more; returns it, if it was known."""
        forgotten = self.recovery_instances.pop(recovery_instance_id, None)
        if forgotten and forgotten.source_server.recovery_instance_id == recovery_instance_id:
            forgotten.source_server.recovery_instance_id = None
            forgotten.source_server.recovery_job_id = None
        return forgotten

    def remove_recovery_instance(self, recovery_instance_id: str, at: float) -> None:
        """Terminate a recovery instance in EC2 at a second, and know it no more; once."""
        known = self.recovery_instances.get(recovery_instance_id)
        if known and known.ec2_instance_state != "TERMINATED":
            self.ec2.terminate_instances([recovery_instance_id])
            date_end(known.instance, at)
        self.forget_recovery_instance(recovery_instance_id)

    def replace_recovery_instance(self, recovery_instance_id: str, at: float) -> None:
        """Remove a recovery instance before the next one; an instance that is launched into again stays."""
        known = self.recovery_instances.get(recovery_instance_id)
        if known and known.source_server.launch_configuration.launch_into == recovery_instance_id:
            self.forget_recovery_instance(recovery_instance_id)
        else:
            self.remove_recovery_instance(recovery_instance_id, at)


class FailbackBackend(Resources):
    """The operations that prepare a failback, or give it up."""

    def beside(self, region_name: str) -> FailbackBackend:
        """Return the backend of another Region of the same account."""
        raise NotImplementedError

    def reverse_replication(self, recovery_instance_id: str) -> SourceServer:
        """Replicate a recovery instance to its origin; returns the source server there."""
        instance = self.recovery_instance(recovery_instance_id)
        server = instance.source_server
        if (region := server.description.origin_region) is None:
            message = f"recoveryInstanceID {recovery_instance_id}: allowed are those that originate in EC2."
            raise invalid("recoveryInstanceID", message)
        if (state := instance.standing(self.now)) != "FAILBACK_NOT_STARTED":
            message = f"Recovery Instance {recovery_instance_id} is {state}."
            raise ConflictException(message, recovery_instance_id, "RecoveryInstance")
        target = self.beside(region).add_reversed(server, self.region_name, instance.instance)
        instance.failback = Failback(target, self.now)
        return target

    def add_reversed(self, server: SourceServer, region_name: str, origin: Instance) -> SourceServer:
        """Take up what replicates from a Region back to this one: the same server at each reversal."""
        self.require_initialized()
        if (known := server.reversed) is not None:
            known.come_from(origin)
            known.replication.stop(self.now)
            known.replication.start(self.now)
            return known
        description = replace(
            server.description,
            id=f"s-{mock_random.get_random_hex(17)}",
            origin_region=region_name,
            replication=ReplicationDescription("INITIATING"),
        )
        target = self.register_source_server(description, origin)
        target.replication_direction = _OPPOSITE[server.replication_direction]
        server.reversed, target.reversed = target, server
        return target

    def stop_failback(self, recovery_instance_id: str) -> None:
        instance = self.recovery_instance(recovery_instance_id)
        if instance.failback.target:
            instance.failback.target.replication.stop(self.now)
        instance.failback = Failback()

    def get_failback_replication_configuration(
        self, recovery_instance_id: str
    ) -> FailbackReplicationConfiguration:
        return self.recovery_instance(recovery_instance_id).failback_configuration

    def update_failback_replication_configuration(
        self, recovery_instance_id: str, members: dict[str, Any]
    ) -> None:
        instance = self.recovery_instance(recovery_instance_id)
        instance.failback_configuration = instance.failback_configuration.changed(members)
