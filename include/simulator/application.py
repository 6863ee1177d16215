"""moto's WSGI application, one request per service at a time, with a log and a control API beside it."""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from moto.ec2.models import ec2_backends
from moto.moto_api._internal.models import moto_api_backend
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.datastructures import Headers
from werkzeug.test import run_wsgi_app

from simulator.calls import read_call
from simulator.clock import Speed, clock
from simulator.control import ControlApi
from simulator.drs.models import settle_all
from simulator.drs.quotas import Quotas, quotas
from simulator.faults import faults
from simulator.locks import ServiceLocks
from simulator.registration import register
from simulator.requests import RequestLog, logged
from simulator.seeding import plant

if TYPE_CHECKING:
    from collections.abc import Iterable
    from wsgiref.types import StartResponse, WSGIEnvironment

    from simulator.fleet import Fleet

_log = logging.getLogger(__name__)


class _Moto(DomainDispatcherApplication):
    """moto's application, which remembers what serves a host instead of listing its package each time."""

    def __init__(self) -> None:
        super().__init__(create_backend_app)
        self._backends: dict[str | None, Any] = {}

    def get_backend_for_host(self, host: str | None) -> Any:
        if host not in self._backends:
            self._backends[host] = super().get_backend_for_host(host)
        return self._backends[host]


class Application:
    """A local AWS as a WSGI application.

    moto keeps its state in the process: two applications in one process are the same AWS.
    """

    def __init__(self, fleet: Fleet, speed: Speed) -> None:
        register()
        self._fleet, self._speed = fleet, speed
        self._moto = _Moto()
        self._locks = ServiceLocks()
        self.log = RequestLog()
        self._control = ControlApi(self)
        self.reset()

    def reset(self) -> None:
        """Return to how it was at the start: the fleet, the speed, and nothing else."""
        with self._locks.hold_all():
            # Each EC2 backend's own reset would build default VPCs, only for them to be thrown away.
            ec2_backends.clear()
            moto_api_backend.reset()
            clock.reset(self._speed)
            faults.clear()
            quotas.become(Quotas())
            self.log.clear()
            plant(self._fleet)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        if path.startswith("/simulator"):
            return self._control(environ, start_response)
        if path.startswith("/moto-api"):
            with self._locks.hold_all():
                answer: Iterable[bytes] = self._moto(environ, start_response)
                return answer
        return self._answer(environ, start_response)

    def _answer(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        arrival = datetime.now(UTC)
        call = read_call(environ)
        with self._locks.hold(call.service):
            if call.service == "ec2":
                settle_all()
            status, headers, body = self._ask_moto(environ)
            self.log.add(logged(call, arrival, int(status.split()[0]), headers, body))
        start_response(status, list(headers))
        return [body]

    def _ask_moto(self, environ: WSGIEnvironment) -> tuple[str, Headers, bytes]:
        try:
            content, status, headers = run_wsgi_app(self._moto, environ, buffered=True)
            return status, headers, b"".join(content)
        except NotImplementedError as error:
            return _refusal("501 Not Implemented", "NotSimulated", str(error))
        except Exception as error:  # noqa: BLE001 - whatever moto raises, the client gets an answer
            _log.exception("moto failed on %s %s", environ["REQUEST_METHOD"], environ.get("PATH_INFO"))
            return _refusal("500 Internal Server Error", "InternalFailure", repr(error))


def _refusal(status: str, code: str, message: str) -> tuple[str, Headers, bytes]:
    headers = Headers({"Content-Type": "application/json", "X-Amzn-Errortype": code})
    return status, headers, json.dumps({"__type": code, "message": message}).encode()
