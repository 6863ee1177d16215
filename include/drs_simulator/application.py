"""moto's WSGI application, one request per service at a time, with a log and a control API beside it."""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from moto.ec2.models import ec2_backends
from moto.moto_api._internal.models import moto_api_backend
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.test import run_wsgi_app
from werkzeug.wrappers import Response

from drs_simulator.answers import Answer, AwsError
from drs_simulator.calls import Call, read_call
from drs_simulator.clock import Speed, clock
from drs_simulator.control import ControlApi
from drs_simulator.document_results import ConfiguredResults
from drs_simulator.drs.models import advance_all
from drs_simulator.drs.quotas import Quotas, quotas
from drs_simulator.drs.world import world
from drs_simulator.faults import faults
from drs_simulator.faults.faulty_response import UNWORKED, faulty_response
from drs_simulator.faults.on_drs import FaultsOnDrs
from drs_simulator.locks import ServiceLocks
from drs_simulator.registration import register
from drs_simulator.requests import RequestLog, logged
from drs_simulator.rng import rng
from drs_simulator.seeding import seed_fleet
from drs_simulator.ssm.documents import documents
from drs_simulator.ssm.post_launch import SystemsManager
from drs_simulator.visitors import refusal

if TYPE_CHECKING:
    from collections.abc import Iterable
    from wsgiref.types import StartResponse, WSGIEnvironment

    from drs_simulator.fleet import Fleet

LOOKING = ("ec2", "events", "iam", "logs", "monitoring", "sqs", "ssm")
"""Services that show what DRS has done, or decide it: before one of them answers, what is due happens."""

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


class ConnectionDropped(ConnectionError):
    """A call whose client is not to be answered: the server closes the connection."""


class Application:
    """A local AWS as a WSGI application.

    moto keeps its state in the process: two applications in one process are the same AWS.
    """

    def __init__(self, fleet: Fleet, speed: Speed, seed: int | None = None) -> None:
        register()
        world.become(clock, rng, FaultsOnDrs())
        world.documents = SystemsManager()
        self.fleet, self._speed, self._seed = fleet, speed, seed
        self._moto = _Moto()
        self.locks = ServiceLocks()
        self.log = RequestLog()
        self._control = ControlApi(fleet, self.locks, self.log, self.reset)
        self.reset()

    def reset(self, seed: int | None = None) -> None:
        """Return to how it was at the start: the fleet, the speed, the seed, and nothing else.

        Another seed is that of this run alone.
        """
        with self.locks.hold_all():
            # Each EC2 backend's own reset would build default VPCs, only for them to be thrown away.
            ec2_backends.clear()
            moto_api_backend.reset()
            rng.reset(self._seed if seed is None else seed)
            clock.reset(self._speed)
            faults.reset()
            quotas.become(Quotas())
            documents.results = ConfiguredResults(self.fleet.documents)
            self.log.clear()
            seed_fleet(self.fleet)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if why := refusal(environ):
            _log.warning("refused: %s", why)
            forbidden = Response(json.dumps({"error": why}), status=403, mimetype="application/json")
            return forbidden(environ, start_response)
        path = environ.get("PATH_INFO", "")
        if path.startswith("/simulator"):
            return self._control(environ, start_response)
        if path.startswith("/moto-api"):
            with self.locks.hold_all():
                answer: Iterable[bytes] = self._moto(environ, start_response)
                return answer
        return self._answer(environ, start_response)

    def _answer(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        arrival = datetime.now(UTC)
        call = read_call(environ)
        fault = faults.on_call(call)
        if call.service in LOOKING:
            self._settle(call)
        with self.locks.hold(call.service):
            worked = None if fault and fault.spec.effect in UNWORKED else self._work(call, environ)
            answer = faulty_response(fault.spec, call, worked) if fault else worked
            self.log.add(logged(call, arrival, worked, answer, fault))
        if call.service == "events":  # a rule hears what happens from now on
            self._settle(call)
        if fault:
            fault.cleared.wait(fault.spec.seconds)
        if answer is None:
            raise ConnectionDropped(call.operation)
        start_response(answer.status, list(answer.headers))
        return [answer.body]

    def _settle(self, call: Call) -> None:
        with self.locks.hold("drs"):
            advance_all(templates=_looks_at_templates(call))

    def _work(self, call: Call, environ: WSGIEnvironment) -> Answer:
        try:
            content, status, headers = run_wsgi_app(self._moto, environ, buffered=True)
            return Answer(status, headers, b"".join(content))
        except NotImplementedError as error:
            return AwsError("NotSimulated", 501, str(error)).answer(call)
        except Exception as error:  # noqa: BLE001 - whichever error moto raises, the client gets an answer
            _log.exception("moto failed on %s %s", environ["REQUEST_METHOD"], environ.get("PATH_INFO"))
            return AwsError("InternalFailure", 500, repr(error)).answer(call)


def _looks_at_templates(call: Call) -> bool:
    """Return whether an answer may depend on launch templates: thousands take a while to make."""
    describes = call.operation.startswith("Describe") and call.operation != "DescribeTags"
    return call.service == "ec2" and (not describes or "LaunchTemplate" in call.operation)
