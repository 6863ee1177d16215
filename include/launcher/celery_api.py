"""Whether Redis and the workers of Celery are ready."""

from __future__ import annotations

from celery import Celery
from kombu.exceptions import OperationalError
from redis import Redis, RedisError

PATIENCE = 1.0
"""Seconds that each has for an answer."""


def redis_answers(url: str) -> bool:
    """Whether Redis answers."""
    try:
        with Redis.from_url(url, socket_timeout=PATIENCE, socket_connect_timeout=PATIENCE) as client:
            return bool(client.ping())
    except RedisError:
        return False


def worker_answers(url: str, name: str) -> bool:
    """Whether a worker answers, through Redis."""
    options = {"socket_timeout": PATIENCE, "socket_connect_timeout": PATIENCE}
    with Celery(broker=url, set_as_current=False, broker_transport_options=options) as app:
        try:
            return bool(app.control.ping(destination=[f"celery@{name}"], timeout=PATIENCE, limit=1))
        except (OperationalError, RedisError):
            return False
