"""Reads and checks drs requests, and finds the backend that answers them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from moto.core.responses import ActionContext, ActionResult, BaseResponse
from moto.core.utils import camelcase_to_underscores, get_service_model

from .exceptions import NotSimulated, ValidationException
from .members import Parts, without_absent, written
from .models import DRSBackend, drs_backends
from .pagination import PAGE, paginate
from .validation import problems

if TYPE_CHECKING:
    from moto.core.common_types import TYPE_RESPONSE


class ModelledResult(ActionResult):
    """A result in the names and types of the model: spared moto's search, which costs 10 µs a member."""

    result: dict[str, Any]

    def execute_result(self, context: ActionContext) -> TYPE_RESPONSE:
        status = context.operation_model.http.get("responseCode", 200)
        # As bytes, moto spares it the search for an XML request id, which takes 5 ms in a page of servers.
        body = written(Parts(self.result)).encode()
        return status, {"Content-Type": "application/json"}, body


class ModelledResponse(BaseResponse):
    """What all operations have in common; each is a method that is named after it."""

    params: dict[str, Any]
    use_raw_body = True

    def __init__(self) -> None:
        super().__init__(service_name="drs")
        self._operation: str | None = None

    @property
    def drs_backend(self) -> DRSBackend:
        """Return backend instance specific for this region, as of now."""
        backend: DRSBackend = drs_backends[self.current_account][self.region]
        backend.advance()
        return backend

    @property
    def initialized_backend(self) -> DRSBackend:
        """Return the backend; raises UninitializedAccountException."""
        backend = self.drs_backend
        backend.require_initialized()
        return backend

    def _get_action(self) -> str:
        """Return the operation's name, or nothing; only method and path tell it in this protocol."""
        if self._operation is None:
            request = self.normalized_request
            self._operation = self._get_action_from_method_and_request_uri(request) or ""
        return self._operation

    def call_action(self) -> TYPE_RESPONSE:
        """Refuse what the model does not allow; answer the rest."""
        try:
            self.params = self._read_parameters()
        except ValidationException as error:
            return self.serialized(ActionResult(error))
        except NotSimulated as error:
            body = json.dumps({"__type": error.code, "message": error.message})
            return 501, {"X-Amzn-Errortype": error.code}, body
        return super().call_action()

    def _read_parameters(self) -> dict[str, Any]:
        operation = self._get_action()
        if not operation:
            raise ValidationException(f"{self.method} {self.path} is no operation.", "unknownOperation")
        if not hasattr(self, camelcase_to_underscores(operation)):
            raise NotSimulated(operation)
        shape = get_service_model("drs").operation_model(operation).input_shape
        sent = self._read_body() | self._read_location(shape)
        parameters = {name: value for name, value in sent.items() if name in shape.members}
        if found := list(problems(shape, parameters)):
            message = "; ".join(f"{place}: {problem}" for place, problem in found)
            raise ValidationException(message, "fieldValidationFailed", found)
        return parameters

    def _read_body(self) -> dict[str, Any]:
        try:
            content = without_absent(json.loads(self.body or "{}"))
        except ValueError as error:
            raise ValidationException(f"The body is no JSON: {error}", "cannotParse") from error
        if not isinstance(content, dict):
            raise ValidationException("The body is no JSON object.", "cannotParse")
        return content

    def _read_location(self, shape: Any) -> dict[str, Any]:
        located = {}
        for name, member in shape.members.items():
            if member.serialization.get("location") == "uri":
                located[name] = self.uri_match[name]
            elif member.serialization.get("location") == "querystring":
                located[name] = self.normalized_request.args.getlist(member.serialization["name"])
        return located

    def page(self, items: list[Any], position: Any) -> tuple[list[Any], str | None]:
        """Return the page that the request asks for, in this order, and the next token."""
        size = self.params.get("maxResults", PAGE)
        return paginate(items, position, size, self.params.get("nextToken"))
