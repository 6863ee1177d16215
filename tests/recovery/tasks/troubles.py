"""What may become of a source server between a plan and the start of its wave."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.sdk.exceptions import AirflowFailException

from drs_recovery.store.read_trail import read_events
from drs_recovery.store.servers import read_servers

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.recovery.tasks.conftest import Drive


def delete(table: Any, server: str) -> None:
    """Delete a source server in DRS; moving it to another account is this, seen from here."""
    drs = table.client("drs")
    drs.disconnect_source_server(sourceServerID=server)
    drs.delete_source_server(sourceServerID=server)


def disconnect(table: Any, server: str) -> None:
    """Let the agent of a server be heard of no more."""
    table.control.disconnect_server(server, seconds=3600)


def rename(table: Any, server: str) -> None:
    """Give a server another Name tag."""
    (item,) = table.client("drs").describe_source_servers(filters={"sourceServerIDs": [server]})["items"]
    table.client("drs").tag_resource(resourceArn=item["arn"], tags={"Name": "renamed"})


def stop(table: Any, server: str) -> None:
    """Stop the replication of a server, which makes its job fail for want of data."""
    table.client("drs").stop_replication(sourceServerID=server)


def recover(table: Any, *servers: str) -> None:
    """Let somebody else have recovered servers: each has a real recovery instance, which is no drill's."""
    wanted = [{"sourceServerID": server} for server in servers]
    table.client("drs").start_recovery(sourceServers=wanted, isDrill=False)
    table.client("drs").describe_jobs()


TROUBLES: dict[str, Callable[[Any, str], None]] = {
    "deleted": delete,
    "disconnected": disconnect,
    "renamed": rename,
    "without data": stop,
    "recovered": recover,
}


def hold(table: Any, *servers: str) -> str:
    """Let another's job hold servers until time passes; return the job."""
    table.control.set_speed("real")
    wanted = [{"sourceServerID": server} for server in servers]
    return str(table.client("drs").start_recovery(sourceServers=wanted, isDrill=True)["job"]["jobID"])


def released(table: Any) -> None:
    """Let all jobs end."""
    table.control.set_speed("immediate")
    table.client("drs").describe_jobs()


def sent(table: Any, drive: Drive) -> list[set[str]]:
    """Return the servers of each StartRecovery of an execution that became a job, in turn."""
    return [
        {server["sourceServerID"] for server in call["parameters"]["sourceServers"]}
        for call in table.control.requests(operation="StartRecovery")
        if call["parameters"].get("tags", {}).get("recovery:execution") == drive.execution_id
        and "jobID" in call
    ]


def details_of(drive: Drive, type_: str) -> list[str]:
    """Return what the audit trail tells of a type."""
    return [event.detail for event in drive.store.run(read_events(drive.execution_id)) if event.type == type_]


def errors(drive: Drive) -> dict[str, str]:
    """Return what went wrong with servers, as it is on record: also where they were launched all the same."""
    servers = drive.store.run(read_servers(drive.execution_id))
    return {server.source_server_id: server.error for server in servers if server.error}


def finish(drive: Drive, task_id: str) -> None:
    """Execute a task, whether or not it fails."""
    try:
        drive.execute(task_id)
    except AirflowFailException:
        return
