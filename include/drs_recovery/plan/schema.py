"""The JSON schema of a plan file, by which editors complete keys and mark mistakes."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from pydantic.json_schema import GenerateJsonSchema

from drs_recovery.plan.models import PlanFile
from drs_recovery.plan.values import write_duration

if TYPE_CHECKING:
    from pydantic.json_schema import JsonSchemaValue
    from pydantic_core import core_schema


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
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **schema,
        "title": "Recovery plan",
        "description": "A recovery plan for AWS Elastic Disaster Recovery: one file, one Airflow DAG.",
    }


def json_schema_text() -> str:
    """Return the JSON schema as the file that ships beside the plans."""
    return json.dumps(json_schema(), indent=2) + "\n"
