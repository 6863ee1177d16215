"""What cannot be read hides nothing else: it is passed over, and somebody is told."""

from __future__ import annotations

import logging
from collections.abc import Callable

logger = logging.getLogger(__name__)

PassedOver = Callable[[str], object]
"""Is told, in words, of each item that cannot be read."""


def log_it(text: str) -> None:
    """Leave it to the log that an item cannot be read."""
    logger.warning("passed over: %s", text)
