"""What people are shown of the checks of launched servers, by `show` and by `watch` in lines."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from drs_recovery.cli.lines import changes
from drs_recovery.cli.watcher import read_snapshot
from drs_recovery.store.programs import wait_for_recovery
from drs_recovery.store.queries import read_execution
from drs_recovery.store.servers import read_servers
from tests.recovery.cli.cli_surroundings import document, recovery

if TYPE_CHECKING:
    import pytest

FOUND = {"s-00000000000app001": ("FAILED", "404"), "s-00000000000app002": ("IN_PROGRESS", "refused")}


def test_show_and_watch_say_which_check_failed_and_which_is_waited_for(
    story: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of each server, with what the last look found, while the wave is CHECKING."""
    monkeypatch.setenv("COLUMNS", "200")
    shown = story().to_the_second_gate().answer(1).launch(1)
    servers = [
        server.replace(
            launch_status="LAUNCHED",
            checks=[{"name": "page", "status": status, "since": shown.at, "found": text}],
            checks_status=status,
        )
        for server in shown.store.run(read_servers(shown.id, 1))
        for status, text in [FOUND[server.source_server_id]]
    ]
    shown.store.run(wait_for_recovery.poll(shown.id, 1, 1, servers, checking=True))
    snapshot = read_snapshot(shown.store, shown.store.run(read_execution(shown.id)))
    for text in (recovery("show", shown.id).stdout, "\n".join(changes(None, snapshot))):
        words = " ".join(text.split())
        assert "CHECKING" in words
        assert "check 'page' failed: 404" in words
        assert "check 'page' is waited for: refused" in words
    known = document("show", shown.id)
    assert known["execution"]["waves"][1]["status"] == "CHECKING"
    assert [one.get("checksStatus") for one in known["servers"]][1:3] == ["FAILED", "IN_PROGRESS"]
