"""`http`: a request to an address, and with the secrets, of an Airflow connection."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from airflow.providers.http.operators.http import HttpOperator
from airflow.sdk.exceptions import AirflowException

from drs_recovery.plan.actions import HttpRequest
from drs_recovery.tasks.actions.obeys import Obeys

if TYPE_CHECKING:
    from airflow.sdk import Context

    from drs_recovery.plan.actions import Action
    from drs_recovery.plan.target import Target


class HttpAction(Obeys, HttpOperator):
    """Sends a request, once, and expects an answer from 200 to 299; a redirection is none.

    It is sent by a worker and never by a triggerer, which would send it again when it is started again.
    """

    @classmethod
    def arguments_of(cls, action: Action, _: Target) -> dict[str, Any]:
        """Return the arguments of the request; a body that is no text is sent as JSON."""
        asked = action.spec(HttpRequest)
        return {
            "http_conn_id": asked.connection,
            "endpoint": asked.path,
            "method": asked.method,
            "data": asked.body,
            "headers": asked.headers,
            "deferrable": False,
            "extra_options": {"timeout": action.limit.total_seconds(), "allow_redirects": False},
        }

    def do_work(self, context: Context) -> Any:
        """Send the body as text, or as the JSON that it is."""
        if self.data and not isinstance(self.data, str) and self.method != "GET":
            self.data = json.dumps(self.data)
            self.headers = {"Content-Type": "application/json", **self.headers}
        return super().do_work(context)

    def process_response(self, context: Context, response: Any) -> str:
        """Return the status of the answer; AirflowException unless it is from 200 to 299."""
        status = f"{response.status_code} {response.reason}"
        if HTTPStatus.OK <= response.status_code < HTTPStatus.MULTIPLE_CHOICES:
            return status
        raise AirflowException(status)
