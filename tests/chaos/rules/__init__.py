"""The rules of the checker, by what they are about; each yields the words of its violations."""

from __future__ import annotations

from datetime import timedelta

FINAL = {"COMPLETED", "PARTIAL", "FAILED", "CANCELLED", "TIMED_OUT"}
FINAL_WAVE = FINAL | {"SKIPPED"}
GOOD = {"COMPLETED", "PARTIAL"}

FINISHED = {"DONE", "KEPT", "FAILED"}
"""How a clean-up ends."""

LIMIT = timedelta(minutes=15)
"""In which a run that was asked for, or cleared, ends, and a clean-up that is due.

Three waves with two approvers, actions and checks take some minutes by themselves; a kill may cost one more,
for so long Airflow waits for the heartbeat of a task, and a dozen of them may hit one run.
"""
