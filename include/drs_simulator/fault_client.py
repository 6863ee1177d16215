"""The part of the control API's client that sets faults."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, TypedDict

from pydantic.alias_generators import to_camel

if TYPE_CHECKING:
    from typing import Unpack

Phase = Literal["CLEANUP", "SNAPSHOT", "CONVERSION", "LAUNCH"]


class SlowCalls(TypedDict, total=False):
    """Which calls a fault hits: those that match all that is given; ``resource`` is in the parameters."""

    region: str
    access_key: str
    resource: str
    times: int
    rate: float


class Calls(SlowCalls, total=False):
    """And what their callers get, so many real ``seconds`` late."""

    seconds: float
    error: str
    message: str
    retry_after_seconds: int


class FaultControl:
    """Sets faults, each by a method that returns the fault's id; all raise ControlRefused.

    ``times`` is how often a fault hits at most; without it, it hits until it is cleared.
    """

    def add_faults(self, description: dict[str, Any]) -> list[str]:
        """Set faults, given as the control API takes them; returns their ids."""
        ids: list[str] = self._ask("POST", "faults", json=description)["added"]
        return ids

    def faults(self) -> dict[str, Any]:
        """Return the faults that are set, each with its ``id`` and ``hits``, by kind."""
        return self._ask("GET", "faults")

    def remove_fault(self, fault_id: str) -> None:
        """Clear one fault: what hangs in it goes on."""
        self._ask("DELETE", f"faults/{fault_id}")

    def clear_faults(self) -> None:
        """Set no faults any more."""
        self._ask("DELETE", "faults")

    def throttle(self, service: str, operation: str | None = None, **calls: Unpack[Calls]) -> str:
        """Throttle calls, as the service does it; ``error`` names another error than its usual one."""
        return self._set_call_fault("throttle", service, operation, calls)

    def break_calls(
        self, service: str, operation: str | None = None, *, after: bool = False, **calls: Unpack[Calls]
    ) -> str:
        """Answer calls with a server error; ``after`` the work is done, or before it is begun."""
        return self._set_call_fault(
            "server_error_after" if after else "server_error", service, operation, calls
        )

    def deny(self, service: str, operation: str | None = None, **calls: Unpack[Calls]) -> str:
        """Refuse calls for want of permission."""
        return self._set_call_fault("access_denied", service, operation, calls)

    def drop(self, service: str, operation: str | None = None, *, after: bool, **calls: Unpack[Calls]) -> str:
        """Close the connection of calls without an answer, ``after`` the work or before it."""
        return self._set_call_fault("drop_after" if after else "drop_before", service, operation, calls)

    def slow(
        self, seconds: float, service: str, operation: str | None = None, **calls: Unpack[SlowCalls]
    ) -> str:
        """Do the work of calls at once, and answer so many real seconds later."""
        return self._set_call_fault("slow", service, operation, {**calls, "seconds": seconds})

    def fail_server(
        self,
        source_server_id: str,
        phase: Phase = "LAUNCH",
        raw_error: str | None = None,
        *,
        times: int | None = None,
    ) -> str:
        """Make launches of a source server fail in a phase that they pass through."""
        return self._server("fail", source_server_id, phase=phase, raw_error=raw_error, times=times)

    def hang_server(self, source_server_id: str, phase: Phase = "LAUNCH", *, times: int | None = None) -> str:
        """Make launches of a source server stay in a phase until the fault is cleared."""
        return self._server("hang", source_server_id, phase=phase, times=times)

    def skip_server(
        self,
        source_server_id: str,
        *,
        launch_status: Literal["FAILED", "PENDING"] = "FAILED",
        raw_error: str | None = None,
        times: int | None = None,
    ) -> str:
        """Make jobs skip a source server: SERVER_SKIPPED, and nothing else is done to it."""
        options = {"launch_status": launch_status, "raw_error": raw_error, "times": times}
        return self._server("skip", source_server_id, **options)

    def leave_server_pending(self, source_server_id: str, *, times: int | None = None) -> str:
        """Make jobs end COMPLETED with a source server still PENDING."""
        return self._server("leave_pending", source_server_id, times=times)

    def name_instance(self, source_server_id: str, *, times: int | None = None) -> str:
        """Make jobs tell a source server's ``recoveryInstanceID`` once it is launched."""
        return self._server("name_instance", source_server_id, times=times)

    def use_previous_snapshot(
        self, source_server_id: str, *, there: bool = True, times: int | None = None
    ) -> str:
        """Make a source server's snapshots fail, so that the one before is launched, if it is ``there``."""
        effect = "previous_snapshot" if there else "no_previous_snapshot"
        return self._server(effect, source_server_id, times=times)

    def log_event(
        self, source_server_id: str, event: str = "UNKNOWN_EVENT", *, times: int | None = None
    ) -> str:
        """Make job logs have an event when a source server is through, in the model or not."""
        return self._server("log_event", source_server_id, event=event, times=times)

    def fail_actions(
        self, source_server_id: str, raw_error: str | None = None, *, times: int | None = None
    ) -> str:
        """Make the post-launch actions of a source server fail after its launch."""
        return self._server("fail_actions", source_server_id, raw_error=raw_error, times=times)

    def fail_document(
        self,
        document: str,
        status: Literal["Failed", "TimedOut", "Cancelled"] = "Failed",
        message: str | None = None,
        *,
        times: int | None = None,
    ) -> str:
        """Make runs of a document of Systems Manager fail, post-launch actions among them."""
        options = {"status": status, "message": message, "times": times}
        return self._add("documents", options | {"effect": "fail", "document": document})

    def fail_function(self, function: str, message: str | None = None, *, times: int | None = None) -> str:
        """Make invocations of a function of Lambda fail: a ``FunctionError`` in their answers."""
        return self._add(
            "functions", {"effect": "fail", "function": function, "message": message, "times": times}
        )

    def answer_function(self, function: str, payload: Any, *, times: int | None = None) -> str:
        """Make a function of Lambda answer with this; else it answers with what it is given."""
        answer = {"effect": "answer", "function": function, "payload": payload, "times": times}
        return self._add("functions", answer)

    def lag_server(self, source_server_id: str, seconds: float) -> str:
        """Make a source server's replication lag."""
        return self._server("lag", source_server_id, seconds=seconds)

    def stall_server(self, source_server_id: str, seconds: float = 0) -> str:
        """Make a source server's replication stall."""
        return self._server("stall", source_server_id, seconds=seconds)

    def disconnect_server(self, source_server_id: str, seconds: float = 0) -> str:
        """Make a source server's agent lose its connection."""
        return self._server("disconnect", source_server_id, seconds=seconds)

    def impair_server(self, source_server_id: str) -> str:
        """Make both EC2 status checks of the instances of a source server fail."""
        return self._server("impair", source_server_id)

    def lose_agent(self, source_server_id: str) -> str:
        """Make Systems Manager lose the agent on the instances of a source server."""
        return self._server("lose_agent", source_server_id)

    def hide_jobs(
        self,
        source_server_id: str | None = None,
        *,
        seconds: float = 0,
        looks: int = 0,
        times: int | None = None,
    ) -> str:
        """Make DescribeJobs not show new jobs for simulated seconds, and for so many calls of it."""
        return self._job("hide", source_server_id, seconds=seconds, looks=looks, times=times)

    def forbid_launches(
        self,
        source_server_id: str | None = None,
        *,
        phase: Phase = "LAUNCH",
        raw_error: str | None = None,
        times: int | None = None,
    ) -> str:
        """Make new jobs launch nothing, as if the caller had no rights in EC2."""
        return self._job("unauthorized", source_server_id, phase=phase, raw_error=raw_error, times=times)

    def _set_call_fault(self, effect: str, service: str, operation: str | None, calls: Any) -> str:
        return self._add("calls", calls | {"effect": effect, "service": service, "operation": operation})

    def _server(self, effect: str, source_server_id: str, **options: Any) -> str:
        return self._add("servers", options | {"effect": effect, "sourceServerID": source_server_id})

    def _job(self, effect: str, source_server_id: str | None, **options: Any) -> str:
        return self._add("jobs", options | {"effect": effect, "sourceServerID": source_server_id})

    def _add(self, kind: str, members: dict[str, Any]) -> str:
        spec = {_alias(name): value for name, value in members.items() if value is not None}
        return self.add_faults({kind: [spec]})[0]

    def _ask(self, method: str, path: str, **content: Any) -> dict[str, Any]:
        raise NotImplementedError


def _alias(name: str) -> str:
    return to_camel(name) if "_" in name else name
