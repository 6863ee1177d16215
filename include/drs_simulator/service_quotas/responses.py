"""Handles incoming service-quotas requests, invokes methods, returns responses."""

from __future__ import annotations

import base64
import json
from typing import Any

from moto.servicequotas.responses import ServiceQuotasResponse

from .models import QuotasBackend, service_quotas_backends

PAGE = 100
"""Quotas in a page at most, as the service model says."""


class QuotasResponse(ServiceQuotasResponse):
    """moto's handler, with the operation that it lacks."""

    @property
    def backend(self) -> QuotasBackend:
        """Return backend instance specific for this region."""
        backend: QuotasBackend = service_quotas_backends[self.current_account][self.region]
        return backend

    def list_service_quotas(self) -> str:
        params = json.loads(self.body)
        quotas = self.backend.list_service_quotas(str(params.get("ServiceCode")))
        begin = int(base64.b64decode(params["NextToken"])) if params.get("NextToken") else 0
        end = begin + min(int(params.get("MaxResults") or PAGE), PAGE)
        answer: dict[str, Any] = {"Quotas": quotas[begin:end]}
        if end < len(quotas):
            answer["NextToken"] = base64.b64encode(str(end).encode()).decode()
        return json.dumps(answer)
