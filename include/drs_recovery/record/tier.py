"""The tiers of plans: who goes first where DRS is short of room. 1 goes before 2, and 5 last."""

from __future__ import annotations

FIRST_TIER, LAST_TIER, USUAL_TIER = 1, 5, 3
