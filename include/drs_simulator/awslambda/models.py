"""Functions are moto's: of its own this backend has the addresses under which they answer."""

from __future__ import annotations

from moto.core.base_backend import BackendDict, BaseBackend


class FunctionBackend(BaseBackend):
    """Leads moto to the answers beside it, by the module that it is in."""


functions_backends = BackendDict(FunctionBackend, "lambda")
