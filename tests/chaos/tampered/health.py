"""Health that is not as the record says."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.chaos.tampered.honest import checked
from tests.chaos.tampered.tampering import breaks

if TYPE_CHECKING:
    from tests.chaos.evidence import Evidence


@breaks("none completed ill", "Wave1 was COMPLETED, and s-1 fails its status checks")
def completed_with_an_impaired_server(evidence: Evidence) -> None:
    checked(evidence)
    evidence.runs[0].ill = "s-1"


@breaks("none completed ill", "Wave1 is COMPLETED, and the checks of s-1 are IN_PROGRESS on record")
def completed_before_its_checks(evidence: Evidence) -> None:
    checked(evidence)
    evidence.items[3]["checksStatus"] = "IN_PROGRESS"
