"""Handles incoming drs requests, invokes methods, returns responses."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from moto.core.responses import ActionContext, ActionResult, BaseResponse, EmptyResult
from moto.core.utils import camelcase_to_underscores, get_service_model

from .exceptions import NotSimulated, ValidationException
from .members import without_absent
from .models import DRSBackend, drs_backends
from .pagination import PAGE, paginate
from .validation import problems

if TYPE_CHECKING:
    from moto.core.common_types import TYPE_RESPONSE


class ModelledResult(ActionResult):
    """A result in the names and types of the model: spared moto's search, which costs 10 µs a member."""

    def execute_result(self, context: ActionContext) -> TYPE_RESPONSE:
        status = context.operation_model.http.get("responseCode", 200)
        return status, {"Content-Type": "application/json"}, json.dumps(without_absent(self.result))


class DRSResponse(BaseResponse):
    """Handler for DRS requests and responses."""

    params: dict[str, Any]
    use_raw_body = True

    def __init__(self) -> None:
        super().__init__(service_name="drs")
        self._operation: str | None = None

    @property
    def drs_backend(self) -> DRSBackend:
        """Return backend instance specific for this region, as of now."""
        backend: DRSBackend = drs_backends[self.current_account][self.region]
        backend.settle()
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
        parameters = self._read_body() | self._read_location(shape)
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

    def initialize_service(self) -> ActionResult:
        self.drs_backend.initialize_service()
        return EmptyResult()

    def describe_source_servers(self) -> ActionResult:
        backend = self.initialized_backend
        servers = backend.describe_source_servers(self.params.get("filters", {}))
        page, next_token = self._page(servers, lambda server: server.source_server_id)
        items = [server.to_dict(backend.now) for server in page]
        return ModelledResult({"items": items, "nextToken": next_token})

    def start_recovery(self) -> ActionResult:
        backend = self.initialized_backend
        job = backend.start_recovery(
            source_servers=self.params["sourceServers"],
            is_drill=self.params.get("isDrill", False),
            tags=self.params.get("tags", {}),
        )
        return ModelledResult({"job": job.to_dict(backend.now)})

    def terminate_recovery_instances(self) -> ActionResult:
        backend = self.initialized_backend
        job = backend.terminate_recovery_instances(self.params["recoveryInstanceIDs"])
        return ModelledResult({"job": job.to_dict(backend.now)})

    def describe_jobs(self) -> ActionResult:
        backend = self.initialized_backend
        jobs = backend.describe_jobs(self.params.get("filters", {}))
        newest_first, next_token = self._page(jobs, lambda job: -job.number)
        return ModelledResult(
            {"items": [job.to_dict(backend.now) for job in newest_first], "nextToken": next_token}
        )

    def describe_job_log_items(self) -> ActionResult:
        entries = self.initialized_backend.describe_job_log_items(self.params["jobID"])
        page, next_token = self._page(list(enumerate(entries)), lambda entry: entry[0])
        return ModelledResult({"items": [entry for _, entry in page], "nextToken": next_token})

    def describe_recovery_instances(self) -> ActionResult:
        instances = self.initialized_backend.describe_recovery_instances(self.params.get("filters", {}))
        page, next_token = self._page(instances, lambda instance: instance.position)
        return ModelledResult({"items": [instance.to_dict() for instance in page], "nextToken": next_token})

    def describe_recovery_snapshots(self) -> ActionResult:
        backend = self.initialized_backend
        snapshots = backend.describe_recovery_snapshots(
            self.params["sourceServerID"], self.params.get("filters", {})
        )
        sign = -1 if self.params.get("order") == "DESC" else 1
        page, next_token = self._page(snapshots, lambda snapshot: sign * snapshot.number)
        items = [snapshot.to_dict(backend.now) for snapshot in page]
        return ModelledResult({"items": items, "nextToken": next_token})

    def get_launch_configuration(self) -> ActionResult:
        server_id = self.params["sourceServerID"]
        configuration = self.initialized_backend.get_launch_configuration(server_id)
        return ModelledResult({"sourceServerID": server_id} | configuration.to_dict())

    def tag_resource(self) -> ActionResult:
        self.drs_backend.resource(self.params["resourceArn"]).tags.update(self.params["tags"])
        return EmptyResult()

    def untag_resource(self) -> ActionResult:
        tags = self.drs_backend.resource(self.params["resourceArn"]).tags
        for key in self.params["tagKeys"]:
            tags.pop(key, None)
        return EmptyResult()

    def list_tags_for_resource(self) -> ActionResult:
        return ModelledResult({"tags": self.drs_backend.resource(self.params["resourceArn"]).tags})

    def _page(self, items: list[Any], position: Any) -> tuple[list[Any], str | None]:
        size = self.params.get("maxResults", PAGE)
        return paginate(items, position, size, self.params.get("nextToken"))
