"""A small web server on each instance that runs at a loopback address, so that checks of its health reach it.

Instances have the addresses of their subnets. Linux answers at all of 127.0.0.0/8, so what is launched into a
network of the fleet with such a block can be connected to from this machine, and from nowhere else.
"""

from __future__ import annotations

import logging
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import TYPE_CHECKING, Any

from moto.ec2.models import ec2_backends

from drs_simulator.ec2.instances import every_instance

if TYPE_CHECKING:
    from drs_simulator.locks import ServiceLocks

PORT = 8080
LOOK_EVERY = 0.2
"""Seconds between two looks at which instances run."""

_log = logging.getLogger(__name__)


class InstancePages:
    """Pages of running instances, while it is entered."""

    def __init__(self, locks: ServiceLocks, port: int = PORT) -> None:
        self._locks, self._port = locks, port
        self._pages: dict[str, _Page | None] = {}
        self._stop = Event()
        self._thread = Thread(target=self._go_on, name="instance pages", daemon=True)

    def start(self) -> None:
        """Serve in threads of its own."""
        self._thread.start()

    def stop(self) -> None:
        """Listen no more."""
        self._stop.set()
        self._thread.join()
        for address in list(self._pages):
            self._close(address)

    def _go_on(self) -> None:
        while not self._stop.wait(LOOK_EVERY):
            with self._locks.hold("ec2"):
                running = _running()
            for address in self._pages.keys() - running.keys():
                self._close(address)
            for address in running.keys() - self._pages.keys():
                self._open(address, running[address])

    def _open(self, address: str, instance_id: str) -> None:
        try:
            self._pages[address] = _Page(address, self._port, instance_id)
        except OSError as error:
            self._pages[address] = None  # not tried again and again, and reported once
            _log.warning("%s has no page at %s:%s: %s", instance_id, address, self._port, error)

    def _close(self, address: str) -> None:
        if (page := self._pages.pop(address)) is not None:
            page.close()


def _running() -> dict[str, str]:
    """Return the ids of running instances by their addresses, of those that this machine is reached at."""
    return {
        str(instance.private_ip): instance.id
        for account in list(ec2_backends.values())
        for backend in list(account.values())
        for instance in every_instance(backend)
        if instance.state == "running" and str(instance.private_ip).startswith("127.")
    }


class _Page:
    """The web server of one instance."""

    def __init__(self, address: str, port: int, instance_id: str) -> None:
        page = f"<!doctype html><title>{instance_id}</title><p>{instance_id} runs.\n".encode()

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(200)
                self.send_header("Content-Type", "text/html; charset=utf-8")
                self.send_header("Content-Length", str(len(page)))
                self.end_headers()
                self.wfile.write(page)

            def log_message(self, *_: Any) -> None:
                """Print nothing."""

        self._server = ThreadingHTTPServer((address, port), Handler)
        self._server.daemon_threads = True
        self._thread = Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Let the address refuse connections again."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
