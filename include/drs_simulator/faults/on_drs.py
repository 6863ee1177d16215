"""The faults that are set, as DRS asks for them: what befalls the launches of a job, and whether it hides."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from drs_simulator.faults.affliction import afflict
from drs_simulator.faults.registry import faults

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from drs_simulator.drs.world import Affliction, Hiding


class FaultsOnDrs:
    """What goes wrong with new jobs."""

    def of_launches(self, phases: Mapping[str, Collection[str]]) -> Mapping[str, Affliction]:
        """Return what befalls each server's launch, and count the faults that hit."""
        of_job = faults.on_job("unauthorized", phases)
        hits = {server_id: (*faults.on_launch(server_id, its), *of_job) for server_id, its in phases.items()}
        return {server_id: partial(afflict, faults=hit) for server_id, hit in hits.items() if hit}

    def of_job(self, source_server_ids: Collection[str]) -> Hiding:
        """Return whether a new job is hidden: until the faults that hide it are cleared, at most."""
        hiding = faults.on_job("hide", source_server_ids)

        def hidden(seconds: float, looks: int) -> bool:
            return any(
                seconds < fault.described.seconds or looks <= fault.described.looks
                for fault in hiding
                if not fault.cleared.is_set()
            )

        return hidden
