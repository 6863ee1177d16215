"""Parts that libraries make again for each session, client or table, and that all tests share.

Each is the same each time, and nothing that a test looks at: without this they are half of what tests cost.
"""

from __future__ import annotations

import sys
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any

import botocore.hooks
import botocore.session
from botocore.client import ClientCreator
from moto.kms import models as kms

if TYPE_CHECKING:
    from collections.abc import Callable

HOOKS = "airflow.providers.amazon.aws.hooks.base_aws"


def share() -> None:
    """Share what botocore and moto make: service models, methods of clients, names of events, a key."""
    botocore.session.create_loader = cache(botocore.session.create_loader)
    ClientCreator._create_methods = _methods_once(ClientCreator._create_methods)
    botocore.hooks.accepts_kwargs = _by_function(botocore.hooks.accepts_kwargs)
    aliases = lru_cache(maxsize=None)(botocore.hooks.EventAliaser(None)._alias_event_name)
    botocore.hooks.EventAliaser._alias_event_name = lambda _, name: aliases(name)
    # The key `aws/dynamodb`, which every table is encrypted under, and nothing ever signs with
    kms.generate_private_key = cache(kms.generate_private_key)


def name_one_caller() -> None:
    """Let Airflow's hooks name a caller to AWS that they need not look for.

    For each client they read the source of every frame of the stack, of which pytest has a hundred.
    """
    if hooks := sys.modules.get(HOOKS):
        hooks.AwsGenericHook._get_caller = lambda *_: "Test"  # type: ignore[attr-defined]


def _methods_once(create: Callable[..., dict[str, Any]]) -> Callable[..., dict[str, Any]]:
    made: dict[tuple[type, str, str], dict[str, Any]] = {}

    def methods(creator: ClientCreator, model: Any) -> dict[str, Any]:
        key = type(creator), model.service_name, model.api_version
        if key not in made:
            made[key] = create(creator, model)
        return made[key].copy()

    return methods


def _by_function(ask: Callable[[Any], Any]) -> Callable[[Any], Any]:
    once = lru_cache(maxsize=4096)(ask)
    return lambda handler: once(getattr(handler, "__func__", handler))
