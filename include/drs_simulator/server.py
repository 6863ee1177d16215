"""The server: a local AWS at a port."""

from __future__ import annotations

import socket
from threading import Thread
from typing import TYPE_CHECKING, Any, Self

from moto.moto_server.werkzeug_app import MotoRequestHandler
from werkzeug.serving import ThreadedWSGIServer

from drs_simulator.application import Application
from drs_simulator.clock import DEMO, Speed, read_speed
from drs_simulator.fleet import Fleet, read_fleet
from drs_simulator.instance_pages import InstancePages

if TYPE_CHECKING:
    from types import TracebackType
    from wsgiref.types import WSGIEnvironment


class PortTaken(OSError):
    """The address cannot be listened on."""


class _Handler(MotoRequestHandler):
    # Header and body leave in two writes; Nagle's algorithm would hold the second back for 40 ms.
    disable_nagle_algorithm = True
    protocol_version = "HTTP/1.1"

    def connection_dropped(self, error: BaseException, environ: WSGIEnvironment | None = None) -> None:
        """Close a connection whose call is not to be answered, or whose client has gone."""
        self.close_connection = True

    def log_request(self, *_: Any) -> None:
        """Print nothing: requests are in the log of requests."""


class Server:
    """A local AWS that listens; as a context manager in a thread of its own."""

    def __init__(
        self,
        *,
        port: int = 0,
        host: str = "127.0.0.1",
        speed: Speed | str = DEMO,
        fleet: Fleet | None = None,
        seed: int | None = None,
        pages: bool = False,
    ) -> None:
        """Listen; with ``pages``, instances at loopback addresses have a web server each."""
        with _listen(host, port) as listening:
            application = Application(fleet or read_fleet(), read_speed(speed), seed)
            self._pages = InstancePages(application.locks) if pages else None
            self._server = ThreadedWSGIServer(host, port, application, _Handler, fd=listening.fileno())
        self._thread: Thread | None = None
        self.url = f"http://{host}:{self._server.port}"

    def serve(self) -> None:
        """Answer until the process ends."""
        if self._pages:
            self._pages.start()
        self._server.serve_forever(poll_interval=0.05)

    def start(self) -> None:
        """Answer in another thread."""
        self._thread = Thread(target=self.serve, name="simulator", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Listen no more."""
        self._server.shutdown()
        if self._pages:
            self._pages.stop()
        if self._thread:
            self._thread.join()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def _listen(host: str, port: int) -> socket.socket:
    try:
        return socket.create_server((host, port), backlog=128)
    except OSError as error:
        raise PortTaken(f"cannot listen on {host}:{port}: {_reason(error)}") from error


def _reason(error: OSError) -> str:
    """Return what the system says, without what Python adds to it."""
    return (error.strerror or str(error)).partition(" (while")[0]
