"""A folder to write plan files into."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from drs_recovery.plan import Plan

if TYPE_CHECKING:
    from pathlib import Path

GOOD = """\
name: Shop
description: A shop.
owner: shop-team
region: eu-west-1
waves:
  - name: Database
    servers: [s-000000000000db001]
"""


@pytest.fixture
def good() -> str:
    """Return the text of a plan without a problem."""
    return GOOD


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with one good plan, ``good``."""
    (tmp_path / "good.yaml").write_text(GOOD)
    return tmp_path


def plan_of(*waves: dict[str, Any], **keys: Any) -> Plan:
    """Return a plan of some waves; a wave that names no servers has one of its own."""
    numbered = [{"servers": [f"s-{number:017d}"], **wave} for number, wave in enumerate(waves)]
    about = {
        "id": "shop",
        "name": "Shop",
        "description": "A shop.",
        "owner": "shop-team",
        "region": "eu-west-1",
    }
    return Plan.model_validate({**about, "waves": numbered, **keys})


@pytest.fixture(name="plan_of")
def _plan_of() -> Any:
    return plan_of
