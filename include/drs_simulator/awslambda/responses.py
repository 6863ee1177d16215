"""What a function answers: what it was given, or what a fault says."""

from __future__ import annotations

import json
from urllib.parse import unquote

from moto.awslambda.responses import LambdaResponse

from drs_simulator.faults import faults


class FunctionResponse(LambdaResponse):
    """Answers of functions that somebody created; no code of theirs is run."""

    def invoke(self) -> tuple[int, dict[str, str], str]:
        named = unquote(self.path.rsplit("/", 2)[-2])
        function = self.backend.get_function(
            named, self._get_param("qualifier")
        )  # raises for one that is not there
        headers = {"content-type": "application/json", "X-Amz-Executed-Version": str(function.version)}
        fault = faults.on_function(function.function_name)
        if fault is None:
            return 200, headers, str(self.body or "null")
        if fault.spec.effect == "answer":
            return 200, headers, json.dumps(fault.spec.payload)
        failed = {"errorMessage": fault.spec.message, "errorType": "Exception"}
        return 200, headers | {"X-Amz-Function-Error": "Unhandled"}, json.dumps(failed)
