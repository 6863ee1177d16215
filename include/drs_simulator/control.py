"""The control API under ``/simulator``: JSON in, JSON out; what cannot be read is refused with its place."""

from __future__ import annotations

import json
from collections import deque
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel
from werkzeug.exceptions import HTTPException
from werkzeug.routing import Map, Rule
from werkzeug.wrappers import Request, Response

from drs_simulator.clock import SpeedError, clock, read_speed
from drs_simulator.descriptions import sentences
from drs_simulator.drs.quotas import Quotas, quotas
from drs_simulator.faults import FaultDescriptions, faults, replication
from drs_simulator.fleet import Fleet, Place
from drs_simulator.seeding import Unconnectable, connect

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from wsgiref.types import StartResponse, WSGIEnvironment

    from drs_simulator.locks import ServiceLocks
    from drs_simulator.requests import RequestLog

_ROUTES = Map(
    [
        Rule("/simulator/requests", endpoint="list_requests", methods=["GET"]),
        Rule("/simulator/requests", endpoint="clear_requests", methods=["DELETE"]),
        Rule("/simulator/faults", endpoint="list_faults", methods=["GET"]),
        Rule("/simulator/faults", endpoint="add_faults", methods=["POST"]),
        Rule("/simulator/faults", endpoint="clear_faults", methods=["DELETE"]),
        Rule("/simulator/faults/<fault_id>", endpoint="remove_fault", methods=["DELETE"]),
        Rule("/simulator/clock", endpoint="show_clock", methods=["GET"]),
        Rule("/simulator/clock", endpoint="set_clock", methods=["PUT"]),
        Rule("/simulator/clock/advance", endpoint="advance_clock", methods=["POST"]),
        Rule("/simulator/servers", endpoint="add_servers", methods=["POST"]),
        Rule("/simulator/messages", endpoint="list_messages", methods=["GET"]),
        Rule("/simulator/messages", endpoint="add_message", methods=["POST"]),
        Rule("/simulator/quotas", endpoint="show_quotas", methods=["GET"]),
        Rule("/simulator/quotas", endpoint="set_quotas", methods=["PUT"]),
        Rule("/simulator/reset", endpoint="reset", methods=["POST"]),
    ]
)
_Model = TypeVar("_Model", bound=BaseModel)
MOST_MESSAGES = 1000
"""Messages that are remembered: what somebody posted, who would page people elsewhere."""

_FILTERS = ("service", "operation", "error", "job_id", "outcome")


class _Refused(Exception):
    """A request that cannot be done as it is."""

    def __init__(self, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.status = status


class _Advance(BaseModel):
    """How far to move the clock; the longest is ten years."""

    model_config = ConfigDict(extra="forbid")

    seconds: float = Field(gt=0, le=315_360_000)


class _Reset(BaseModel):
    """What another run is to have."""

    model_config = ConfigDict(extra="forbid")

    seed: int | None = None


class _Quotas(BaseModel):
    """The quotas of DRS."""

    model_config = ConfigDict(extra="forbid", alias_generator=to_camel, populate_by_name=True)

    concurrent_jobs: int = Field(default=Quotas.concurrent_jobs, ge=0)
    servers_in_job: int = Field(default=Quotas.servers_in_job, ge=0)
    servers_in_all_jobs: int = Field(default=Quotas.servers_in_all_jobs, ge=0)


class ControlApi:
    """What people and tests ask of the simulator itself."""

    def __init__(
        self, fleet: Fleet, locks: ServiceLocks, log: RequestLog, reset: Callable[[int | None], None]
    ) -> None:
        self._fleet, self._locks, self._log, self._reset_all = fleet, locks, log, reset
        self.messages: deque[Any] = deque(maxlen=MOST_MESSAGES)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        request = Request(environ)
        try:
            endpoint, named = _ROUTES.bind_to_environ(environ).match()
            status, content = 200, getattr(self, f"_{endpoint}")(request, **named)
        except HTTPException as error:
            rules = sorted(f"{_method(rule)} {rule.rule}" for rule in _ROUTES.iter_rules())
            message = f"{request.method} {request.path}: {error.name}; there are: {', '.join(rules)}"
            status, content = error.code or 500, {"error": message}
        except _Refused as error:
            status, content = error.status, {"error": str(error)}
        response = Response(json.dumps(content), status=status, mimetype="application/json")
        return response(environ, start_response)

    def _list_requests(self, request: Request) -> dict[str, Any]:
        if unknown := set(request.args) - set(_FILTERS):
            raise _Refused(f"{', '.join(sorted(unknown))}: allowed are {', '.join(_FILTERS)}")
        requests = self._log.select(**request.args.to_dict())
        return {"requests": [_dump(logged) for logged in requests]}

    def _clear_requests(self, _: Request) -> dict[str, Any]:
        self._log.clear()
        return {"requests": []}

    def _list_faults(self, _: Request) -> dict[str, Any]:
        return faults.to_dict()

    def _add_faults(self, request: Request) -> dict[str, Any]:
        specs = _read(FaultDescriptions, request)
        with self._locks.hold("drs"):
            if contradictions := list(replication.contradictions(specs)):
                raise _Refused("; ".join(contradictions))
            added = faults.add(specs)
            replication.begin(added)
        return {"added": [fault.id for fault in added]} | faults.to_dict()

    def _remove_fault(self, request: Request, fault_id: str) -> dict[str, Any]:
        with self._locks.hold("drs"):
            removed = faults.remove(fault_id)
            if removed is None:
                known = [fault["id"] for kind in faults.to_dict().values() for fault in kind]
                allowed = f"allowed are {', '.join(known)}" if known else "no fault is set"
                raise _Refused(f"fault {fault_id!r}: {allowed}", 404)
            replication.end([removed])
        return faults.to_dict()

    def _clear_faults(self, _: Request) -> dict[str, Any]:
        with self._locks.hold("drs"):
            replication.end(faults.clear())
        return faults.to_dict()

    def _show_clock(self, _: Request) -> dict[str, Any]:
        now = clock.now()
        return {"speed": clock.speed, "now": clock.date(now).isoformat(), "simulatedSeconds": now}

    def _set_clock(self, request: Request) -> dict[str, Any]:
        content = request.get_json(force=True, silent=True)
        if not isinstance(content, dict) or set(content) != {"speed"}:
            raise _Refused(f'{request.get_data(as_text=True)!r}: allowed is {{"speed": …}}')
        try:
            clock.set_speed(read_speed(content["speed"]))
        except SpeedError as error:
            raise _Refused(str(error)) from error
        return self._show_clock(request)

    def _advance_clock(self, request: Request) -> dict[str, Any]:
        clock.advance(_read(_Advance, request).seconds)
        return self._show_clock(request)

    def _add_servers(self, request: Request) -> dict[str, Any]:
        place = _read(Place, request, **self._place_of_servers(request))
        try:
            with self._locks.hold("drs"):
                connect(place)
        except Unconnectable as error:
            raise _Refused(str(error)) from error
        return {"added": [server.id for server in place.servers]}

    def _place_of_servers(self, request: Request) -> dict[str, Any]:
        """Return where servers are added unless a request says otherwise, and the networks that are there."""
        content, fleet = request.get_json(force=True, silent=True), self._fleet
        asked = content if isinstance(content, dict) else {}
        if "networks" in asked:
            raise _Refused("networks: allowed in a fleet; EC2's own operations make more")
        where = {"account": fleet.account, "region": fleet.region}
        wanted = (where | asked)["account"], (where | asked)["region"]
        networks = next((p.networks for p in fleet.places() if (p.account, p.region) == wanted), ())
        return where | {"networks": [network.model_dump() for network in networks]}

    def _list_messages(self, _: Request) -> dict[str, Any]:
        return {"messages": list(self.messages)}

    def _add_message(self, request: Request) -> dict[str, Any]:
        self.messages.append(request.get_json(force=True, silent=True) or request.get_data(as_text=True))
        return {"messages": len(self.messages)}

    def _show_quotas(self, _: Request) -> dict[str, Any]:
        return _dump(_Quotas(**asdict(quotas)))

    def _set_quotas(self, request: Request) -> dict[str, Any]:
        asked = _read(_Quotas, request)
        quotas.become(Quotas(**asked.model_dump()))
        return _dump(asked)

    def _reset(self, request: Request) -> dict[str, Any]:
        asked = _read(_Reset, request) if request.get_data() else _Reset()
        self.messages.clear()
        self._reset_all(asked.seed)
        return {"reset": True}


def _method(rule: Rule) -> str:
    return next(method for method in rule.methods or () if method not in ("HEAD", "OPTIONS"))


def _dump(model: BaseModel) -> dict[str, Any]:
    return model.model_dump(mode="json", by_alias=True, exclude_none=True)


def _read(model: type[_Model], request: Request, **usual: Any) -> _Model:
    """Read a body; ``usual`` are members that it can leave out."""
    try:
        content = request.get_json(force=True, silent=True) if usual else None
        if isinstance(content, dict):
            return model.model_validate_json(json.dumps(usual | content))
        return model.model_validate_json(request.get_data())
    except ValidationError as error:
        raise _Refused("; ".join(sentences(error, model, whole="body"))) from error
