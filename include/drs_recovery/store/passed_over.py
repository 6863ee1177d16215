"""What cannot be read hides nothing else: it is passed over, and reported."""

from __future__ import annotations

import logging
from collections.abc import Callable

logger = logging.getLogger(__name__)

PassedOver = Callable[[str], object]
"""Gets a text for each item that cannot be read."""


def log_it(text: str) -> None:
    """Leave it to the log that an item cannot be read."""
    logger.warning("passed over: %s", text)
