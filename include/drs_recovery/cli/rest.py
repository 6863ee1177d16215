"""HTTP to Airflow's API server: retries what may pass, and raises all else with Airflow's own message."""

from __future__ import annotations

import random
import time
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any

import httpx

from drs_recovery.cli.proxies import proxy_for
from drs_recovery.cli.route import AUTHORITIES, client_for
from drs_recovery.cli.secrets import hide
from drs_recovery.errors import AirflowRefused, AirflowUnreachable
from drs_recovery.text.address import without_who_signs_in

PASSING = frozenset(
    {
        HTTPStatus.TOO_MANY_REQUESTS,
        HTTPStatus.INTERNAL_SERVER_ERROR,
        HTTPStatus.BAD_GATEWAY,
        HTTPStatus.SERVICE_UNAVAILABLE,
        HTTPStatus.GATEWAY_TIMEOUT,
    }
)
"""Answers after which the same request may succeed; Airflow answers a deadlock in PostgreSQL with 500."""

MAX_CHARACTERS = 500


class Refusal(AirflowRefused):
    """An answer with a status of 4xx, for callers that handle some of them."""

    def __init__(self, message: str, *, status: int) -> None:
        self.status = status
        super().__init__(message)


class Rest:
    """Sends requests to one API server and repeats them up to ``tries`` times.

    Every request must be one that may arrive twice: each caller recognises its own first try.
    """

    def __init__(self, url: str, *, tries: int = 5, timeout: float = 10, delay: float = 0.2) -> None:
        self.url = without_who_signs_in(url).rstrip("/")
        self.tries = tries
        self.delay = delay
        self.ahead = timedelta()
        self._http = client_for(url, timeout)

    def send(self, method: str, path: str, *, token: str | None = None, **request: Any) -> Any:
        """Return the decoded answer; raises Refusal for 4xx, AirflowUnreachable when no try succeeds."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        for attempt in range(1, self.tries + 1):
            try:
                answer = self._http.request(method, self.url + path, headers=headers, **request)
            except (httpx.RequestError, httpx.InvalidURL, ValueError) as error:
                if attempt == self.tries or not isinstance(error, httpx.TransportError) or _is_ours(error):
                    raise self._unreachable(_reason(error)) from error
            else:
                self._note_time(answer)
                if answer.status_code not in PASSING:
                    return self._decode(answer)
                if attempt == self.tries:
                    raise self._unreachable(f"{method} {path}: {answer.status_code}, {answer_text(answer)}")
            time.sleep(self.delay * 2**attempt * random.uniform(0.5, 1))  # noqa: S311 - jitter, no secret
        raise AssertionError("at least one try is made")

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def _note_time(self, answer: httpx.Response) -> None:
        """Note how far the server's clock is ahead; its header drops fractions of a second."""
        with suppress(KeyError, ValueError):
            self.ahead = parsedate_to_datetime(answer.headers["Date"]) - datetime.now(UTC)

    def _decode(self, answer: httpx.Response) -> Any:
        if answer.is_client_error:
            raise Refusal(
                f"Airflow refuses ({answer.status_code}): {answer_text(answer)}", status=answer.status_code
            )
        if not answer.is_success:
            raise self._unreachable(f"it answers {answer.status_code}, which is not Airflow's API")
        try:
            return answer.json() if answer.content else None
        except ValueError:
            raise self._unreachable("it answers, but not as Airflow's API does") from None

    def _unreachable(self, why: str) -> AirflowUnreachable:
        proxy = proxy_for(self.url)
        through = f", through the proxy that {proxy[0]} names" if proxy else ""
        return AirflowUnreachable(
            f"Airflow at {self.url} cannot be used{through}: {why}\n"
            "Start the local one with `make up`, or name another in RECOVERY_AIRFLOW_URL."
        )


def _is_ours(error: Exception) -> bool:
    """Whether a request cannot be sent at all, so that another try would not help."""
    return isinstance(error, httpx.UnsupportedProtocol | httpx.LocalProtocolError)


def _reason(error: Exception) -> str:
    """Return why a request did not get through, without secrets, such as the values of headers."""
    if isinstance(error, httpx.LocalProtocolError):
        return "the request cannot be sent: a header of it, such as the token, holds what no header may"
    message = str(error) or type(error).__name__
    if "CERTIFICATE_VERIFY_FAILED" in message:
        message += f"; the file of the authority that has signed its certificate is named in {AUTHORITIES}"
    return hide(message)


def answer_text(answer: httpx.Response) -> str:
    """Return Airflow's own message of an answer that is no success.

    Some answers repeat the request, so secrets are hidden before the message gets into notes of Airflow and
    the audit trail, and before it is cut, which would leave half of one.
    """
    return hide(_detail(answer))[:MAX_CHARACTERS] or answer.reason_phrase


def _detail(answer: httpx.Response) -> str:
    try:
        detail = answer.json()["detail"]
    except (ValueError, KeyError, TypeError):
        return answer.text.strip()
    if isinstance(detail, list):
        return "; ".join(_problem(entry) for entry in detail)
    if isinstance(detail, dict):
        return str(detail.get("reason") or detail)
    return str(detail)


def _problem(entry: Any) -> str:
    """Return one entry of FastAPI's list of what is wrong with a request."""
    if not isinstance(entry, dict):
        return str(entry)
    place = ".".join(str(part) for part in entry.get("loc", ()))
    return f"{place}: {entry.get('msg', entry)}" if place else str(entry.get("msg", entry))
