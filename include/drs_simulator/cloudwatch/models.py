"""The place of these metrics in moto; what is in CloudWatch is in moto's own backend."""

from __future__ import annotations

from moto.core.base_backend import BackendDict, BaseBackend


class MetricsBackend(BaseBackend):
    """Nothing but the URLs of a handler that knows DRS."""


metrics_backends = BackendDict(MetricsBackend, "cloudwatch")
