"""How runs of documents end: as a fault says, or the fleet, or else well."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drs_simulator.faults import faults
from drs_simulator.ssm.documents import Result

if TYPE_CHECKING:
    from collections.abc import Iterable

    from drs_simulator.fleet import DocumentDescription


class ConfiguredResults:
    """The results that a fleet file or a fault sets."""

    def __init__(self, specs: Iterable[DocumentDescription]) -> None:
        self._specs = {document.name: document for document in specs}

    def type_of(self, document: str) -> str | None:
        return self._specs[document].type if document in self._specs else None

    def of_run(self, document: str) -> Result:
        if fault := faults.on_document(document):
            return Result(fault.spec.status, fault.spec.message, fault.spec.seconds)
        if spec := self._specs.get(document):
            return Result(spec.status, spec.message, spec.seconds)
        return Result()
