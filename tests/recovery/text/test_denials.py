"""A denial of AWS is followed by its cure, whichever service spells it."""

from __future__ import annotations

import pytest

from drs_recovery.text.denials import DENIED, cure_of

SAID = "User: arn:aws:sts::1:assumed-role/x is not authorized to perform: drs:StartRecovery on resource: arn"


@pytest.mark.parametrize("code", sorted(DENIED))
def test_the_right_is_named(code: str) -> None:
    """As AWS names it."""
    assert cure_of(code, SAID).startswith("; allow drs:StartRecovery to the role that is named")


def test_what_aws_does_not_name_is_not_made_up() -> None:
    """EC2 encodes it."""
    assert cure_of("UnauthorizedOperation", "You are not authorized.").startswith(
        "; allow it to the role that asked"
    )


@pytest.mark.parametrize("code", ["ThrottlingException", None])
def test_nothing_follows_another_answer(code: str | None) -> None:
    """However it is worded."""
    assert cure_of(code, SAID) == ""
