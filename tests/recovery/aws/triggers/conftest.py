"""What the tests of triggers stand on."""

from __future__ import annotations

import pytest


@pytest.fixture
def drs_says(endpoint, answers):
    """Let DRS answer one look after another; the last answer is repeated."""

    def say(*looks):
        endpoint.answers.clear()
        for look in looks:
            endpoint.answers.append(answers.Answer(body={"items": look}) if isinstance(look, list) else look)

    return say
