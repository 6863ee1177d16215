"""Requests about recovery instances and their failback."""

from __future__ import annotations

from moto.core.responses import ActionResult, EmptyResult

from .modelled import ModelledResponse, ModelledResult


class RecoveryInstanceResponse(ModelledResponse):
    """Handler for requests about recovery instances."""

    def describe_recovery_instances(self) -> ActionResult:
        backend = self.initialized_backend
        instances = backend.describe_recovery_instances(self.params.get("filters", {}))
        page, next_token = self.page(instances, lambda instance: instance.position)
        items = [instance.to_dict(backend.now) for instance in page]
        return ModelledResult({"items": items, "nextToken": next_token})

    def disconnect_recovery_instance(self) -> ActionResult:
        self.initialized_backend.disconnect_recovery_instance(self.params["recoveryInstanceID"])
        return EmptyResult()

    def delete_recovery_instance(self) -> ActionResult:
        self.initialized_backend.delete_recovery_instance(self.params["recoveryInstanceID"])
        return EmptyResult()

    def reverse_replication(self) -> ActionResult:
        target = self.initialized_backend.reverse_replication(self.params["recoveryInstanceID"])
        return ModelledResult({"reversedDirectionSourceServerArn": target.arn})

    def start_failback_launch(self) -> ActionResult:
        backend = self.initialized_backend
        job = backend.start_failback_launch(self.params["recoveryInstanceIDs"], self.params.get("tags", {}))
        return ModelledResult({"job": job.to_dict(backend.now)})

    def stop_failback(self) -> ActionResult:
        self.initialized_backend.stop_failback(self.params["recoveryInstanceID"])
        return EmptyResult()

    def get_failback_replication_configuration(self) -> ActionResult:
        instance_id = self.params["recoveryInstanceID"]
        configuration = self.initialized_backend.get_failback_replication_configuration(instance_id)
        return ModelledResult({"recoveryInstanceID": instance_id} | configuration.to_dict())

    def update_failback_replication_configuration(self) -> ActionResult:
        instance_id = self.params["recoveryInstanceID"]
        self.initialized_backend.update_failback_replication_configuration(instance_id, self.params)
        return EmptyResult()
