"""What a request asks of AWS, read from the request alone."""

from __future__ import annotations

import io
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote

if TYPE_CHECKING:
    from wsgiref.types import WSGIEnvironment

_CREDENTIAL = re.compile(r"Credential=([^/,\s]+)/\d+/([^/]+)/([^/]+)/aws4_request")
_NAMES = {"servicequotas": "service-quotas"}
"""botocore's names of services that sign with others."""
_TAGS = {"POST": "TagResource", "DELETE": "UntagResource", "GET": "ListTagsForResource"}

_INVOCATION = re.compile(r"/\d{4}-\d\d-\d\d/functions/([^/]+)/invocations")


@dataclass(frozen=True)
class Call:
    """One request of an AWS client; ``operation`` is the HTTP request line where no name can be read."""

    service: str
    region: str | None
    access_key: str | None
    operation: str
    parameters: dict[str, Any]


def read_call(environ: WSGIEnvironment) -> Call:
    """Read the call, and the whole body with it, so that a slow client never holds a lock."""
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    environ["wsgi.input"] = io.BytesIO(body)
    signature = _CREDENTIAL.search(environ.get("HTTP_AUTHORIZATION", ""))
    access_key, region, service = signature.groups() if signature else (None, None, "")
    service = _NAMES.get(service, service)
    operation, parameters = _read_operation(environ, service, body)
    return Call(service, region, access_key, operation, parameters)


def _read_operation(environ: WSGIEnvironment, service: str, body: bytes) -> tuple[str, dict[str, Any]]:
    method, path = environ["REQUEST_METHOD"], environ.get("PATH_INFO", "")
    if target := environ.get("HTTP_X_AMZ_TARGET"):
        return target.rpartition(".")[2], _json(body)
    if environ.get("CONTENT_TYPE", "").startswith("application/x-www-form-urlencoded"):
        form = dict(parse_qsl(body.decode(errors="replace"), keep_blank_values=True))
        form.pop("Version", None)
        return form.pop("Action", f"{method} {path}"), dict(form)
    if service == "drs" and path.startswith("/tags/"):
        query = {"tagKeys": [v for k, v in parse_qsl(environ.get("QUERY_STRING", "")) if k == "tagKeys"]}
        arn = {"resourceArn": unquote(path.removeprefix("/tags/"))}
        return _TAGS.get(method, f"{method} {path}"), arn | _json(body) | {
            k: v for k, v in query.items() if v
        }
    if service == "drs":
        return path.removeprefix("/"), _json(body)
    if service == "lambda" and (invoked := _INVOCATION.fullmatch(path)):
        return "Invoke", {"FunctionName": unquote(invoked[1]), "Payload": _json(body)}
    return f"{method} {path}", {}


def _json(body: bytes) -> dict[str, Any]:
    try:
        content = json.loads(body or b"{}")
    except ValueError:
        return {}
    return content if isinstance(content, dict) else {}
