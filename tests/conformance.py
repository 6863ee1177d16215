"""Answers of DRS and Service Quotas are what botocore's service models promise, and no more, whoever asks.

The check is one of botocore's own handlers, which each session has from its start: those of boto3 and of
aiobotocore, those that tests make and those that hooks make. It raises in the call, and remembers what it
found, in case the caller takes any exception for a failure of AWS.
"""

from __future__ import annotations

import inspect
import json
import re
from typing import TYPE_CHECKING, Any

from botocore import handlers

from drs_simulator.drs.exceptions import NotSimulated
from drs_simulator.drs.validation import problems

if TYPE_CHECKING:
    from collections.abc import Iterator

EVENTS = ("after-call.drs", "after-call.service-quotas")
found: list[str] = []
"""What did not conform since the last test."""
_OF_MOTO = ("__type", "Message", "message")
"""Members that moto gives every error, which clients of any model understand."""
expected: set[str] = set()
"""Values that the model lacks, and that a test makes DRS answer."""
RECORDED = (
    re.compile(r"'\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{6})?\+00:00': allowed is .+Z"),
    re.compile(r"'LAUNCH_END': allowed are JOB_START, .+"),
)
"""What the model forbids, and every recorded answer has: how dates end, and an event of job logs."""


class DoesNotConform(AssertionError):
    """An answer that the service model forbids."""


def install() -> None:
    """Check what sessions get to hear that are made from now on."""
    for event in EVENTS:
        if (event, check) not in handlers.BUILTIN_HANDLERS:
            handlers.BUILTIN_HANDLERS.append((event, check))


def check(http_response: Any, parsed: dict[str, Any], model: Any, **_: Any) -> Any:
    """Raise DoesNotConform; return a coroutine that does for aiobotocore, whose content has to be awaited."""
    if not _is_the_simulator(http_response):
        return None
    content = http_response.content
    if inspect.isawaitable(content):
        return _check_later(content, parsed, model)
    return _check(content, parsed, model)


def _is_the_simulator(http_response: Any) -> bool:
    """Whether the local AWS answers, and no peer of a test's own, who says what no AWS would."""
    return not http_response.headers.get("server", "").startswith("BaseHTTP")


async def _check_later(content: Any, parsed: dict[str, Any], model: Any) -> None:
    _check(await content, parsed, model)


def _check(content: bytes, parsed: dict[str, Any], model: Any) -> None:
    wrong = [problem for problem in _wrong(content, parsed, model) if not _is_expected(problem)]
    if wrong:
        found.append(f"{model.name} answers what the service model forbids: {wrong}")
        raise DoesNotConform(found[-1])


def _is_expected(problem: Any) -> bool:
    if any(recorded.fullmatch(problem[1]) for recorded in RECORDED):
        return True
    return any(problem[1].startswith(f"{value!r}: ") for value in expected)


def _wrong(content: bytes, parsed: dict[str, Any], model: Any) -> Iterator[Any]:
    try:
        answer = json.loads(content or b"{}")
    except ValueError:
        yield "body", f"{content!r} is no JSON"
        return
    if "Error" in parsed:
        yield from _wrong_error(answer, parsed, model)
    elif model.output_shape is None:
        yield from ((name, "is not in the model") for name in answer)
    else:
        status, promised = parsed["ResponseMetadata"]["HTTPStatusCode"], model.http.get("responseCode", 200)
        if status != promised:
            yield "status", f"{status}: promised is {promised}"
        yield from problems(model.output_shape, answer)
        yield from _invented(model.output_shape, answer)


def _wrong_error(answer: dict[str, Any], parsed: dict[str, Any], model: Any) -> Iterator[Any]:
    """Any operation may raise any error of the service: AWS declares the common ones at some only."""
    code, status = parsed["Error"]["Code"], parsed["ResponseMetadata"]["HTTPStatusCode"]
    if code == NotSimulated.code:
        return
    shape = next((s for s in model.service_model.error_shapes if s.name == code), None)
    if shape is None:
        yield "error", f"{code} is none of the service"
        return
    if status != (promised := shape.metadata.get("error", {}).get("httpStatusCode", status)):
        yield "status", f"{status}: promised is {promised}"
    members = {name: v for name, v in answer.items() if name in shape.members or name not in _OF_MOTO}
    yield from problems(shape, members)
    yield from _invented(shape, members)


def _invented(shape: Any, value: Any, place: str = "") -> Iterator[Any]:
    """Yield the members that the model lacks, at every depth."""
    if shape.type_name == "structure":
        for name in value:
            inner = f"{place}.{name}" if place else name
            if name not in shape.members:
                yield inner, "is not in the model"
            else:
                yield from _invented(shape.members[name], value[name], inner)
    elif shape.type_name == "list":
        for index, item in enumerate(value):
            yield from _invented(shape.member, item, f"{place}[{index}]")
    elif shape.type_name == "map":
        for key, item in value.items():
            yield from _invented(shape.value, item, f"{place}.{key}")
