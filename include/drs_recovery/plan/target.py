"""Where the servers of a wave are recovered to."""

from __future__ import annotations

from typing import NamedTuple

OWN_CONNECTION = "aws_default"
"""The connection of a plan, and of a group, that names none."""


class Target(NamedTuple):
    """An Airflow connection, which stands for an account and a role in it, and a Region of AWS.

    Which account it is, AWS says; two connections that lead to one account and Region are one place.
    """

    aws_conn_id: str
    region: str
