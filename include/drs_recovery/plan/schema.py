"""The JSON schema of a plan file, by which editors complete keys and mark mistakes."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from pydantic.json_schema import GenerateJsonSchema

from drs_recovery.names import DAG_ID
from drs_recovery.plan.groups import ONE, SEVERAL, GroupFile
from drs_recovery.plan.models import PlanFile
from drs_recovery.plan.values import write_duration

if TYPE_CHECKING:
    from collections.abc import Callable

    from pydantic.json_schema import JsonSchemaValue
    from pydantic_core import core_schema


_DRAFT = {"$schema": "https://json-schema.org/draft/2020-12/schema"}

_GROUP_ID = {"type": "string", "pattern": f"^{DAG_ID}$"}
_OF_GROUPS = [
    {"type": "object", "properties": {key: content}, "required": [key], "additionalProperties": False}
    for key, content in (
        (ONE, _GROUP_ID | {"description": "Id of a protection group: the stem of its file."}),
        (SEVERAL, {"type": "array", "items": _GROUP_ID, "minItems": 1}),
    )
]
"""What a wave may say of its servers that is none of the plan's any more once its file is read."""


class _ForEditors(GenerateJsonSchema):
    """Leaves out what only repeats a key's name, and writes defaults as a plan file would."""

    def field_title_should_be_set(self, schema: object) -> bool:
        return False

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        written = super().default_schema(schema)
        return {key: value for key, value in written.items() if key != "default" or value is not None}

    def nullable_schema(self, schema: core_schema.NullableSchema) -> JsonSchemaValue:
        """Leave null out: a key without a value is refused."""
        return self.generate_inner(schema["schema"])

    def encode_default(self, dft: Any) -> Any:
        return write_duration(dft) if isinstance(dft, timedelta) else super().encode_default(dft)


def json_schema() -> dict[str, Any]:
    """Return the JSON schema (draft 2020-12) of a plan file."""
    schema = PlanFile.model_json_schema(schema_generator=_ForEditors)
    schema["$defs"]["Wave"]["properties"]["servers"]["oneOf"] += _OF_GROUPS
    return {
        **_DRAFT,
        **schema,
        "title": "Recovery plan",
        "description": "A recovery plan for AWS Elastic Disaster Recovery: one file, one Airflow DAG.",
    }


def group_schema() -> dict[str, Any]:
    """Return the JSON schema of a group's file."""
    return {
        **_DRAFT,
        **GroupFile.model_json_schema(schema_generator=_ForEditors),
        "title": "Protection group",
        "description": "Source servers that are described once, for many recovery plans.",
    }


def json_schema_text(schema: Callable[[], dict[str, Any]] = json_schema) -> str:
    """Return a JSON schema as the file that ships beside the plans, or beside the groups."""
    return json.dumps(schema(), indent=2) + "\n"
