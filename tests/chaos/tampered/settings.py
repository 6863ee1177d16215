"""Launch settings that must not be."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.chaos.tampered.honest import at, with_settings
from tests.chaos.tampered.tampering import breaks

if TYPE_CHECKING:
    from tests.chaos.evidence import Evidence


@breaks("drills on their settings", "s-1 was launched as m5.large in a DRILL")
def launched_as_in_a_recovery(evidence: Evidence) -> None:
    with_settings(evidence)
    evidence.types["i-1"] = "m5.large"


@breaks("settings put back", "its settings are PUTTING_BACK 940 s after its end")
def never_put_back(evidence: Evidence) -> None:
    with_settings(evidence)
    evidence.items[0]["endTime"] = at(60)
    evidence.items[-1]["status"] = "PUTTING_BACK"


@breaks("settings put back", "its settings are DONE, PUT_BACK of s-1, which is t3.small and was m5.large")
def said_to_be_put_back(evidence: Evidence) -> None:
    with_settings(evidence)
    evidence.defaults["s-1"] = "t3.small"
