"""The policies of the template, and the calls of AWS that the product's code and its runs make."""

from __future__ import annotations

import ast
import json
import re
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

import botocore.session
from botocore import xform_name

from docs.policies import documents

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[1]
CODE = ROOT / "include" / "drs_recovery"
PREFIX = {"service-quotas": "servicequotas"}
"""How IAM names a service, where botocore names it otherwise."""

FREE = {"sts:GetCallerIdentity"}
"""Calls that need no right."""

NAMED_OTHERWISE = {"lambda:Invoke": "lambda:InvokeFunction"}
"""Rights that are not named as the call."""

NO_CALL = {"drs:TagResource"}
"""Rights that another call needs too: StartRecovery with tags."""

BY_OPERATORS = {
    *("lambda:InvokeFunction", "sts:AssumeRole"),
    *("s3:DeleteObject", "s3:GetObject", "s3:ListBucket", "s3:PutObject"),
}
"""Rights for calls that stand in no code of ours: Airflow's operator, hook and object storage make them."""

FOR_DRS = frozenset({"launch", "pass_roles"})
"""Policies for what DRS does with its caller's rights: local AWS shows no call of that."""

WAITERS = {"table_exists": "dynamodb:DescribeTable", "job_completed": "drs:DescribeJobs"}
"""Calls that botocore's waiters, and ours, make."""


def policy(name: str) -> dict[str, Any]:
    """Return a policy."""
    return documents()[name]


def actions(*names: str) -> set[str]:
    """Return what policies allow."""
    statements = [statement for name in names for statement in policy(name)["Statement"]]
    listed = [s["Action"] if isinstance(s["Action"], list) else [s["Action"]] for s in statements]
    return {action for actions in listed for action in actions}


def seen(requests: list[dict[str, Any]], key: str) -> set[str]:
    """Return what the calls with an access key needed, by the simulator's log."""
    mine = [request for request in requests if request["accessKey"] == key]
    called = {f"{PREFIX.get(r['service'], r['service'])}:{_operation(r)}" for r in mine}
    return {NAMED_OTHERWISE.get(call, call) for call in called} - FREE


def _operation(request: dict[str, Any]) -> str:
    """Return the name of an operation, also where the log has its method and path alone."""
    method, _, path = request["operation"].partition(" ")
    if not path:
        return method
    model = botocore.session.get_session().get_service_model(request["service"])
    (name,) = (
        name
        for name in model.operation_names
        if (http := model.operation_model(name).http)["method"] == method
        and re.fullmatch(re.sub(r"\\{\w+\\}", "[^/]+", re.escape(http["requestUri"].partition("?")[0])), path)
    )
    return name


@cache
def _authorization() -> dict[str, Any]:
    """Return AWS's service authorization reference, as cfn-lint has it."""
    read: dict[str, Any] = json.loads((files("cfnlint.data.AdditionalSpecs") / "Policies.json").read_text())
    return read


@cache
def about(action: str, resource: str) -> bool:
    """Tell whether an action is about resources of that ARN."""
    service, _, name = action.partition(":")
    known = _authorization()[service]
    kinds = known["Actions"][name.lower()].get("Resources", [])
    forms = [form for kind in kinds for form in known["Resources"][kind.lower()]["ARNFormats"]]
    patterns = [re.sub(r"\$\{\w+\}|(?<=:)(?=:)", "[^:]*", form) for form in forms]
    return any(re.fullmatch(pattern, resource) for pattern in patterns)


@cache
def operations(service: str) -> dict[str, str]:
    """Return the actions of a service's operations, by the name of the client's method."""
    model = botocore.session.get_session().get_service_model(service)
    prefix = PREFIX.get(service, service)
    return {xform_name(name): f"{prefix}:{name}" for name in model.operation_names}


@cache
def services() -> set[str]:
    """Return the services of which the code makes clients."""
    return {
        node.value
        for tree in _trees()
        for call in ast.walk(tree)
        if isinstance(call, ast.Call)
        for node in [*_client_arguments(call), *(k.value for k in call.keywords if k.arg == "client_type")]
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    } | _assigned_client_types()


def _client_arguments(call: ast.Call) -> list[ast.expr]:
    """Return the service of ``boto3.client(...)`` and its like."""
    makes = isinstance(call.func, ast.Attribute) and call.func.attr in {"client", "create_client", "resource"}
    return call.args[:1] if makes else []


def _assigned_client_types() -> set[str]:
    """Return the services of ``kwargs["client_type"] = ...``."""
    return {
        str(node.value.value)
        for tree in _trees()
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
        if any(
            isinstance(target, ast.Subscript)
            and isinstance(target.slice, ast.Constant)
            and target.slice.value == "client_type"
            for target in node.targets
        )
    }


def called() -> set[str]:
    """Return the actions that the code calls: a client's methods, called or named in a string."""
    known = {method: action for service in services() for method, action in operations(service).items()}
    names = {name for tree in _trees() for name in _names(tree)}
    return {known[name] for name in names & known.keys()} | {WAITERS[n] for n in names & WAITERS.keys()}


def first_arguments(name: str) -> list[ast.expr]:
    """Return what the code gives first to a function, or a method, of a name."""
    return [
        call.args[0]
        for tree in _trees()
        for call in ast.walk(tree)
        if isinstance(call, ast.Call) and call.args
        if name in {getattr(call.func, "id", None), getattr(call.func, "attr", None)}
    ]


def _names(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            yield node.func.attr
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


@cache
def _trees() -> tuple[ast.AST, ...]:
    return tuple(ast.parse(path.read_text()) for path in sorted(CODE.rglob("*.py")))
