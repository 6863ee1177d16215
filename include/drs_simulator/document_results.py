"""How runs of documents end: as a fault says, or the fleet, or else well."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drs_simulator.faults import faults
from drs_simulator.ssm.documents import Result

if TYPE_CHECKING:
    from collections.abc import Iterable

    from drs_simulator.fleet import DocumentDescription


class DescribedResults:
    """The results that people described."""

    def __init__(self, described: Iterable[DocumentDescription]) -> None:
        self._described = {document.name: document for document in described}

    def type_of(self, document: str) -> str | None:
        return self._described[document].type if document in self._described else None

    def of_run(self, document: str) -> Result:
        if fault := faults.on_document(document):
            return Result(fault.described.status, fault.described.message, fault.described.seconds)
        if described := self._described.get(document):
            return Result(described.status, described.message, described.seconds)
        return Result()
