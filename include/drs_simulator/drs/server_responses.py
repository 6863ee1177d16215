"""Requests about source servers and their replication."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from moto.core.responses import ActionResult, EmptyResult

from .modelled import ModelledResponse, ModelledResult

if TYPE_CHECKING:
    from collections.abc import Callable

    from .models import DRSBackend
    from .source_server import SourceServer


class SourceServerResponse(ModelledResponse):
    """Handler for requests about source servers."""

    def describe_source_servers(self) -> ActionResult:
        backend = self.initialized_backend
        servers = backend.describe_source_servers(self.params.get("filters", {}))
        page, next_token = self.page(servers, lambda server: server.source_server_id)
        items = [server.to_dict(backend.now) for server in page]
        return ModelledResult({"items": items, "nextToken": next_token})

    def describe_recovery_snapshots(self) -> ActionResult:
        backend = self.initialized_backend
        snapshots = backend.describe_recovery_snapshots(
            self.params["sourceServerID"], self.params.get("filters", {})
        )
        sign = -1 if self.params.get("order") == "DESC" else 1
        page, next_token = self.page(snapshots, lambda snapshot: sign * snapshot.position)
        items = [snapshot.to_dict(backend.now) for snapshot in page]
        return ModelledResult({"items": items, "nextToken": next_token})

    def stop_replication(self) -> ActionResult:
        backend = self.initialized_backend
        return ModelledResult({"sourceServer": self._server(backend, backend.stop_replication)})

    def start_replication(self) -> ActionResult:
        backend = self.initialized_backend
        return ModelledResult({"sourceServer": self._server(backend, backend.start_replication)})

    def retry_data_replication(self) -> ActionResult:
        backend = self.initialized_backend
        return ModelledResult(self._server(backend, backend.retry_data_replication))

    def disconnect_source_server(self) -> ActionResult:
        backend = self.initialized_backend
        return ModelledResult(self._server(backend, backend.disconnect_source_server))

    def delete_source_server(self) -> ActionResult:
        self.initialized_backend.delete_source_server(self.params["sourceServerID"])
        return EmptyResult()

    def _server(self, backend: DRSBackend, change: Callable[[str], SourceServer]) -> dict[str, Any]:
        return change(self.params["sourceServerID"]).to_dict(backend.now)
