"""Who listens to the store in tasks and triggers: what has gone on record is counted, and lines name it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drs_recovery.tasks.log_lines import carry_news
from drs_recovery.tasks.metrics import count_news

if TYPE_CHECKING:
    from drs_recovery.record.events import News


def hear(news: News) -> None:
    """Take an event that has gone on record; what comes of it harms no task."""
    carry_news(news)
    count_news(news)
