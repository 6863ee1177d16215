"""The JSON schema of plan files, for editors."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from drs_recovery.plan import json_schema
from drs_recovery.plan.schema import group_schema, json_schema_text

ROOT = Path(__file__).parents[3]
PLANS = ROOT / "dags" / "plans"
VALID = ROOT / "tests" / "plans" / "valid"
INVALID = ROOT / "tests" / "plans" / "invalid"


def errors(path: Path) -> list[Any]:
    """Return what an editor would mark in a file."""
    return list(Draft202012Validator(json_schema()).iter_errors(yaml.safe_load(path.read_text("utf-8-sig"))))


def test_the_file_that_ships_is_up_to_date() -> None:
    """``PYTHONPATH=include python -m drs_recovery.plan > dags/plans/plan.schema.json`` writes it again."""
    assert (PLANS / "plan.schema.json").read_text() == json_schema_text()


def test_the_file_for_groups_that_ships_is_up_to_date() -> None:
    """``PYTHONPATH=include python -m drs_recovery.plan group > dags/groups/group.schema.json`` writes it."""
    shipped = (ROOT / "dags" / "groups" / "group.schema.json").read_text()
    assert shipped == json_schema_text(group_schema)


def test_the_schema_is_a_schema() -> None:
    """It conforms to the draft that it names."""
    draft = Draft202012Validator(Draft202012Validator.META_SCHEMA)
    assert list(draft.iter_errors(json_schema())) == []


def test_every_key_says_what_it_is_for() -> None:
    """Editors show a description at every key of a plan, a wave and a selection."""
    schema = json_schema()
    models = [schema, *schema["$defs"].values()]
    assert all(key["description"] for model in models for key in model["properties"].values())


@pytest.mark.parametrize(
    "path",
    [*sorted(PLANS.glob("*.yaml")), VALID / "every_key.yaml", VALID / "windows.yaml"],
    ids=lambda path: path.stem,
)
def test_a_good_plan_has_no_mark(path: Path) -> None:
    """The schema allows what the reader does."""
    assert errors(path) == []


@pytest.mark.parametrize(
    "stem",
    [
        "unknown_key",
        "missing_keys",
        "text_for_boolean",
        "text_for_list",
        "no_value",
        "no_waves",
        "empty_wave",
        "too_many_waves",
        "bad_server_id",
        "bad_region",
        "bad_duration",
        "bad_duration_number",
        "bad_drill_approvals",
        "bad_minimum_launched",
        "bad_on_failure",
        "bad_timeout",
        "bad_recovery_point",
        "bad_launch",
        "optional",
        "bad_connection_id",
        "numbers_for_text",
        "waves_are_a_mapping",
        "top_level_list",
    ],
)
def test_a_mistake_of_one_value_is_marked(stem: str) -> None:
    """The schema finds what can be found without comparing values."""
    assert errors(INVALID / f"{stem}.yaml")
