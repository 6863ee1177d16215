"""Stopping, starting and ending the replication of source servers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .exceptions import ConflictException
from .launch_template import forget
from .lookup import invalid
from .resources import Resources

if TYPE_CHECKING:
    from .source_server import SourceServer

RETRIABLE = ("STALLED", "DISCONNECTED", "STOPPED")
HALTED = ("STOPPED", "DISCONNECTED")


class ProtectionBackend(Resources):
    """The operations on the replication of source servers."""

    def stop_replication(self, source_server_id: str) -> SourceServer:
        server = self.source_server(source_server_id)
        self.require_idle(server)
        if (state := server.replication.state(self.now)) in HALTED:
            raise _conflict(server, f"is {state}: only a replicating one can be stopped.")
        server.replication.stop(self.now)
        return server

    def start_replication(self, source_server_id: str) -> SourceServer:
        server = self.source_server(source_server_id)
        if (state := server.replication.state(self.now)) != "STOPPED":
            raise _conflict(server, f"is {state}: only a STOPPED one can be started.")
        server.replication.start(self.now)
        return server

    def retry_data_replication(self, source_server_id: str) -> SourceServer:
        server = self.source_server(source_server_id)
        if (state := server.replication.state(self.now)) not in RETRIABLE:
            message = f"Source Server {source_server_id} is {state}: allowed are {', '.join(RETRIABLE)}."
            raise invalid("sourceServerID", message)
        server.replication.retry(self.now)
        return server

    def disconnect_source_server(self, source_server_id: str) -> SourceServer:
        server = self.source_server(source_server_id)
        self.require_idle(server)
        if server.recovery_instance_id:
            text = f"Cannot disconnect Source Server {source_server_id} because it has a Recovery Instance."
            raise ConflictException(text, source_server_id, "SourceServer")
        server.replication.disconnect(self.now)
        return server

    def delete_source_server(self, source_server_id: str) -> None:
        """Delete a disconnected server, and the EC2 launch template that was made for it."""
        server = self.source_server(source_server_id)
        self.require_idle(server)
        if (state := server.replication.state(self.now)) != "DISCONNECTED":
            raise _conflict(server, f"is {state}: only a DISCONNECTED one can be deleted.")
        forget(self.ec2, server)
        if server.reversed:
            server.reversed.reversed = None
        del self.source_servers[source_server_id]


def _conflict(server: SourceServer, what: str) -> ConflictException:
    server_id = server.source_server_id
    return ConflictException(f"Source Server {server_id} {what}", server_id, "SourceServer")
