"""`lambda`: a function of AWS Lambda, invoked once and waited for."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from airflow.providers.amazon.aws.operators.lambda_function import LambdaInvokeFunctionOperator
from airflow.sdk.exceptions import AirflowException

from drs_recovery.plan.actions import Lambda
from drs_recovery.tasks.actions.obeys import Obeys

if TYPE_CHECKING:
    from airflow.sdk import Context

    from drs_recovery.plan.actions import Action
    from drs_recovery.plan.target import Target


class LambdaAction(Obeys, LambdaInvokeFunctionOperator):
    """Invokes a function; a ``FunctionError`` in the answer is a failure.

    botocore repeats nothing: a request whose answer is late would be sent again, and the function run twice.
    """

    @classmethod
    def arguments_of(cls, action: Action, target: Target) -> dict[str, Any]:
        """Return the function and what it is given."""
        asked = action.spec(Lambda)
        return {
            "function_name": asked.function,
            "payload": {} if asked.payload is None else asked.payload,
            "aws_conn_id": asked.aws_conn_id or target.aws_conn_id,
            "region_name": asked.region or target.region,
            "botocore_config": once(action.limit.total_seconds()),
        }

    def do_work(self, context: Context) -> Any:
        """Invoke the function with JSON, and say what it answered where it failed."""
        self.payload = json.dumps(self.payload)
        try:
            return super().do_work(context)
        except ValueError as error:
            details = error.args[1] if len(error.args) > 1 else {}
            said = details.get("Payload") if isinstance(details, dict) else details
            raise AirflowException(f"{self.function_name}: {error.args[0]}: {said}") from error


def once(seconds: float) -> dict[str, Any]:
    """Return the configuration of a client that sends a request once, and waits so long for its answer."""
    return {
        "retries": {"total_max_attempts": 1},
        "connect_timeout": 10,
        "read_timeout": max(60, int(seconds)),
    }
