"""Answers to AWS clients, and the errors that no backend of moto raises."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

from botocore.exceptions import UnknownServiceError
from moto.core.utils import get_service_model
from werkzeug.datastructures import Headers

if TYPE_CHECKING:
    from drs_simulator.calls import Call

_XML = {
    "ec2": "<Response><Errors><Error>{error}</Error></Errors><RequestID>fault</RequestID></Response>",
    "query": "<ErrorResponse><Error><Type>Sender</Type>{error}</Error>"
    "<RequestId>fault</RequestId></ErrorResponse>",
    "rest-xml": "<Error>{error}<RequestId>fault</RequestId></Error>",
}
"""Error bodies of the protocols that speak XML; all others speak JSON."""


@dataclass(frozen=True)
class Answer:
    """What a client gets: ``status`` with its reason, headers and body."""

    status: str
    headers: Headers
    body: bytes

    @property
    def code(self) -> int:
        return int(self.status.split()[0])


@dataclass(frozen=True)
class AwsError:
    """An error in no protocol yet; ``members`` are those that its model declares beside the message."""

    code: str
    status: int
    message: str
    members: dict[str, str] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)

    def answer(self, call: Call) -> Answer:
        """Write the error as the called service writes errors."""
        protocol = protocol_of(call.service)
        if body := _XML.get(protocol):
            error = f"<Code>{escape(self.code)}</Code><Message>{escape(self.message)}</Message>"
            headers, content = {"Content-Type": "text/xml"}, body.format(error=error)
        else:
            headers = {"Content-Type": "application/json", "X-Amzn-Errortype": self.code}
            content = json.dumps({"__type": self.code, "message": self.message} | self.members)
        return Answer(
            f"{self.status} {HTTPStatus(self.status).phrase}",
            Headers(headers | self.headers),
            content.encode(),
        )


def protocol_of(service: str) -> str:
    """Return the protocol that botocore speaks with a service; JSON where there is no such service."""
    try:
        return str(get_service_model(service).protocol)
    except UnknownServiceError:
        return "json"
