"""Parts that libraries make again for each session, client or table, and that all tests share.

Each is the same each time, and nothing that a test looks at: without this they are half of what tests cost.
"""

from __future__ import annotations

import os
from copy import copy
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any

import botocore.hooks
import botocore.session
import botocore.useragent
from botocore.client import ClientCreator
from moto.kms import models as kms

if TYPE_CHECKING:
    from collections.abc import Callable


def share() -> None:
    """Share what botocore and moto make: service models, methods of clients, handlers of events, a key."""
    botocore.session.create_loader = cache(botocore.session.create_loader)
    ClientCreator._load_service_model = _model_once(ClientCreator._load_service_model)
    ClientCreator._create_methods = _methods_once(ClientCreator._create_methods)
    botocore.useragent.sanitize_user_agent_string_component = cache(
        botocore.useragent.sanitize_user_agent_string_component
    )
    _share_handlers()
    botocore.hooks.accepts_kwargs = _by_function(botocore.hooks.accepts_kwargs)
    aliases = lru_cache(maxsize=None)(botocore.hooks.EventAliaser(None)._alias_event_name)
    botocore.hooks.EventAliaser._alias_event_name = lambda _, name: aliases(name)
    # The key `aws/dynamodb`, which every table is encrypted under, and nothing ever signs with
    kms.generate_private_key = cache(kms.generate_private_key)
    # Images that AWS sells, which every reset would make again for each Region, and no fleet is launched from
    os.environ["MOTO_EC2_LOAD_DEFAULT_AMIS"] = "false"


def _methods_once(create: Callable[..., dict[str, Any]]) -> Callable[..., dict[str, Any]]:
    made: dict[tuple[type, str, str], dict[str, Any]] = {}

    def methods(creator: ClientCreator, model: Any) -> dict[str, Any]:
        key = type(creator), model.service_name, model.api_version
        if key not in made:
            made[key] = create(creator, model)
        return made[key].copy()

    return methods


def _model_once(load: Callable[..., Any]) -> Callable[..., Any]:
    models: dict[tuple[str, str | None], Any] = {}

    def model(creator: ClientCreator, service_name: str, api_version: str | None = None) -> Any:
        key = service_name, api_version
        if key not in models:
            models[key] = load(creator, service_name, api_version)
        return models[key]

    return model


def _share_handlers() -> None:
    """Let copies of a trie of handlers share its nodes, and sessions start with a copy of the first one's."""
    trie, session = botocore.hooks._PrefixTrie, botocore.session.Session
    append, remove, register = trie.append_item, trie.remove_item, session._register_builtin_handlers
    emitters: dict[type, Any] = {}

    def share_nodes(original: Any) -> Any:
        shares = trie()
        shares._root, original.shared, shares.shared = original._root, True, True
        return shares

    def append_item(self: Any, key: str, *args: Any, **kwargs: Any) -> None:
        if getattr(self, "shared", False):
            node = self._root = _own(self._root)
            for part in key.split("."):
                if part not in node["children"]:
                    break
                node["children"][part] = node = _own(node["children"][part])
        append(self, key, *args, **kwargs)

    def remove_item(self: Any, *args: Any) -> None:
        if getattr(self, "shared", False):
            self._root, self.shared = self._recursive_copy(self._root), False
        remove(self, *args)

    def register_builtin_handlers(self: Any, events: Any) -> None:
        kind = type(self._original_handler)
        if kind in emitters:
            self._original_handler.__dict__.update(copy(emitters[kind]).__dict__)
        else:
            register(self, events)
            emitters[kind] = copy(self._original_handler)

    trie.__copy__, trie.append_item, trie.remove_item = share_nodes, append_item, remove_item
    session._register_builtin_handlers = register_builtin_handlers


def _own(node: dict[str, Any]) -> dict[str, Any]:
    return {"chunk": node["chunk"], "children": node["children"].copy(), "values": copy(node["values"])}


def _by_function(ask: Callable[[Any], Any]) -> Callable[[Any], Any]:
    once = lru_cache(maxsize=4096)(ask)
    return lambda handler: once(getattr(handler, "__func__", handler))
