"""Writes the policies of the CloudFormation template to docs/iam/, as JSON for who deploys in another way.

``python docs/policies.py`` does it; a test holds the files to the template.
"""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[1]
TEMPLATE = ROOT / "infrastructure" / "recovery.yaml"
FOLDER = ROOT / "docs" / "iam"

YOURS = frozenset({"archive", "assume", "assume_others", "pass_roles", "snapshots_read", "snapshots_write"})
"""Policies that name roles or a bucket of one installation: nothing that another could take."""

NARROWER = frozenset({"TaggedServersOnly"})
"""Conditions of the template that are false by default and narrow a policy down."""

NAMES = {"AWS::Partition": "aws", "AWS::Region": "*", "AWS::AccountId": "*", "AWS::NoValue": None}


class _Loader(yaml.SafeLoader):
    """Reads the short forms of CloudFormation's functions as the long ones."""


def _function(loader: yaml.SafeLoader, name: str, node: yaml.Node) -> dict[str, Any]:
    construct = {
        yaml.ScalarNode: loader.construct_scalar,
        yaml.SequenceNode: lambda one: loader.construct_sequence(one, deep=True),
        yaml.MappingNode: lambda one: loader.construct_mapping(one, deep=True),
    }
    value = construct[type(node)](node)
    if name == "GetAtt":
        value = value.split(".", 1)
    return {name if name in {"Ref", "Condition"} else f"Fn::{name}": value}


_Loader.add_multi_constructor("!", _function)


@cache
def template() -> dict[str, Any]:
    """Return the template, its functions in their long forms."""
    read: dict[str, Any] = yaml.load(TEMPLATE.read_text(), Loader=_Loader)  # noqa: S506 - a safe one
    return read


@cache
def documents() -> dict[str, dict[str, Any]]:
    """Return the policies by name (``clean_up``) as they are by default, in any account and Region."""
    return {
        re.sub(r"(?<!^)(?=[A-Z])", "_", name.removesuffix("Policy")).lower(): _resolved(
            resource["Properties"]["PolicyDocument"]
        )
        for name, resource in template()["Resources"].items()
        if resource["Type"] == "AWS::IAM::ManagedPolicy"
    }


def _resolved(value: Any) -> Any:
    if isinstance(value, list):
        return [one for part in value if (one := _resolved(part)) is not None]
    if not isinstance(value, dict):
        return value
    for function, work in _FUNCTIONS.items():
        if function in value:
            return work(value[function])
    return {key: one for key, part in value.items() if (one := _resolved(part)) is not None}


def _named(name: str) -> str | None:
    parameter = template()["Parameters"].get(name, {})
    return NAMES[name] if name in NAMES else parameter.get("Default", name)


_FUNCTIONS = {
    "Ref": _named,
    "Fn::Sub": lambda text: re.sub(r"\$\{([^}]+)\}", lambda found: str(_named(found[1])), text),
    "Fn::GetAtt": ".".join,
    "Fn::If": lambda parts: _resolved(parts[2 if parts[0] in NARROWER else 1]),
}


def files() -> dict[Path, str]:
    """Return what the files of docs/iam hold, by their paths."""
    return {
        FOLDER / f"{name}.json": json.dumps(document, indent=2) + "\n"
        for name, document in documents().items()
        if name not in YOURS
    }


if __name__ == "__main__":
    for path in FOLDER.glob("*.json"):
        path.unlink()
    for path, text in files().items():
        path.write_text(text)
