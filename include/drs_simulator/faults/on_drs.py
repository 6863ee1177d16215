"""The faults that are set, as DRS asks for them: their effects on launches, and whether a job hides."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from drs_simulator.drs.models import drs_backends
from drs_simulator.faults.fault_effects import apply_effects
from drs_simulator.faults.registry import faults

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from drs_simulator.drs.world import FaultEffect, Hiding


class FaultsOnDrs:
    """What goes wrong with new jobs, and with instances that were launched."""

    def of_launches(self, phases: Mapping[str, Collection[str]]) -> Mapping[str, FaultEffect]:
        """Return the effect on each server's launch, and count the faults that hit."""
        of_job = faults.on_job("unauthorized", phases)
        hits = {server_id: (*faults.on_launch(server_id, its), *of_job) for server_id, its in phases.items()}
        return {server_id: partial(apply_effects, faults=hit) for server_id, hit in hits.items() if hit}

    def of_instance(self, instance_id: str) -> Collection[str]:
        """Return what is wrong with the instance of a server: `impair`, `lose_agent`."""
        owners = (
            known.source_server.source_server_id
            for of_account in drs_backends.values()
            for backend in of_account.values()
            if (known := backend.recovery_instances.get(instance_id)) is not None
        )
        return next(map(faults.on_instances, owners), ())

    def of_job(self, source_server_ids: Collection[str]) -> Hiding:
        """Return whether a new job is hidden: until the faults that hide it are cleared, at most."""
        hiding = faults.on_job("hide", source_server_ids)

        def hidden(seconds: float, looks: int) -> bool:
            return any(
                seconds < fault.spec.seconds or looks <= fault.spec.looks
                for fault in hiding
                if not fault.cleared.is_set()
            )

        return hidden
