"""The rules of the checker, by what they are about; each yields the words of its violations."""

from __future__ import annotations

FINAL = {"COMPLETED", "PARTIAL", "FAILED", "CANCELLED", "TIMED_OUT"}
FINAL_WAVE = FINAL | {"SKIPPED"}
GOOD = {"COMPLETED", "PARTIAL"}
