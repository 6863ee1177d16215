"""Files that are full of one thing each, at any size: the worst that a plan file can be."""

# ruff: noqa: E501 - a file is a line

from __future__ import annotations

from typing import TYPE_CHECKING

from drs_recovery.plan.reader import LARGEST

if TYPE_CHECKING:
    from collections.abc import Callable

HEAD = "name: Shop\ndescription: A shop.\nowner: team\nregion: eu-west-1\n"
WAVE = "waves:\n- name: One\n  servers: [s-00000000000000001]\n"


def server(number: int) -> str:
    return f"s-{number:017}"


def listed(item: Callable[[int], str]) -> Callable[[int], str]:
    """Return what writes so many items as a list."""
    return lambda size: "[" + ", ".join(item(number) for number in range(size)) + "]"


def lines(line: Callable[[int], str]) -> Callable[[int], str]:
    """Return what writes so many lines."""
    return lambda size: "".join(f"{line(number)}\n" for number in range(size))


servers, wrong = listed(server), listed(lambda number: server(10**6 + number))
names = listed(lambda number: f"Wave {number}")
waves = lines(lambda number: f"- name: W{number}\n  servers: [{server(number)}]")

FILES: dict[str, Callable[[int], str]] = {
    "a good plan": lambda size: f"{HEAD}waves:\n- name: One\n  servers: {servers(size)}\n  optional: {servers(size)}\n",
    "wrong optional servers": lambda size: f"{HEAD}waves:\n- name: One\n  servers: {servers(size)}\n  optional: {wrong(size)}\n",
    "waves of wrong optional servers": lambda size: f"{HEAD}waves:\n"
    + lines(lambda number: f"- name: W{number}\n  servers: [{server(number)}]\n  optional: [{server(10**6 + number)}]")(size),
    "wrong waves to wait for": lambda size: f"{HEAD}waves:\n{waves(50)}  depends_on: {names(size)}\n",
    "a good wave to wait for, many times": lambda size: f"{HEAD}waves:\n{waves(50)}  depends_on: {listed(lambda _: 'W1')(size)}\n",
    "the same server again": lambda size: f"{HEAD}waves:\n- name: One\n  servers: {listed(lambda _: server(1))(size)}\n",
    "servers in two waves": lambda size: f"{HEAD}waves:\n- name: One\n  servers: {servers(size)}\n- name: Two\n  servers: {servers(size)}\n",
    "the same optional server again": lambda size: f"{HEAD}{WAVE}  optional: {listed(lambda _: server(1))(size)}\n",
    "the same approver again": lambda size: f"{HEAD}approvers: {listed(lambda _: 'alice')(size)}\n{WAVE}",
    "approvers": lambda size: f"{HEAD}approvers: {listed(lambda number: f'user{number}')(size)}\n{WAVE}",
    "too many waves": lambda size: f"{HEAD}waves:\n{waves(size)}",
    "waves of one name": lambda size: f"{HEAD}waves:\n" + lines(lambda number: f"- name: W\n  servers: [{server(number)}]")(size),
    "waves of one task group": lambda size: f"{HEAD}waves:\n"
    + lines(lambda number: f"- name: W{'-' * (number % 9)}\n  servers: [{server(number)}]")(size),
    "unknown keys": lambda size: f"{HEAD}{WAVE}" + lines(lambda number: f"regiom{number}: x")(size),
    "unknown keys of a wave": lambda size: f"{HEAD}{WAVE}" + lines(lambda number: f"  servrs{number}: x")(size),
    "unknown checks": lambda size: f"{HEAD}{WAVE}preflight:\n" + lines(lambda number: f"  lagg{number}: x")(size),
    "duplicate keys": lambda size: f"{HEAD}{WAVE}" + lines(lambda _: "owner: x")(size),
    "keys without values": lambda size: f"{HEAD}{WAVE}" + lines(lambda number: f"k{number}:")(size),
    "servers that are none": lambda size: f"{HEAD}waves:\n- name: One\n  servers: {listed(lambda number: f'i-{number}')(size)}\n",
    "servers that are numbers": lambda size: f"{HEAD}waves:\n- name: One\n  servers: {listed(str)(size)}\n",
    "servers that are nothing": lambda size: f"{HEAD}waves:\n- name: One\n  servers: {listed(lambda _: '~')(size)}\n",
    "waves that are none": lambda size: f"{HEAD}waves: {listed(lambda _: 'x')(size)}\n",
    "waves without anything": lambda size: f"{HEAD}waves: {listed(lambda _: '{}')(size)}\n",
    "anchors": lambda size: f"{HEAD}waves: {listed(lambda number: f'&a{number} x')(size)}\n",
    "aliases": lambda size: f"{HEAD}waves: {listed(lambda _: '*a')(size)}\n",
    "YAML tags": lambda size: f"{HEAD}waves: {listed(lambda _: '!!str x')(size)}\n",
    "DRS tags": lambda size: f"{HEAD}waves:\n- name: One\n  servers:\n    tags:\n" + lines(lambda number: f"      k{number}: v")(size),
    "optional DRS tags": lambda size: f"{HEAD}{WAVE}  optional:\n    tags:\n" + lines(lambda number: f"      {'k' * 130}{number}: v")(size),
    "characters that are none": lambda size: HEAD + WAVE + "description: " + "\x01" * size + "\n",
    "comments": lambda size: HEAD + lines(lambda _: "# so it is")(size) + WAVE,
    "brackets": lambda size: HEAD + "waves: " + "[" * size + "\n",
    "braces": lambda size: HEAD + "waves: " + "{a: " * size + "\n",
    "a long name": lambda size: f"{HEAD}{WAVE}aws_conn_id: {'x' * 20 * size}\n",
    "a long number": lambda size: f"{HEAD}{WAVE}rto: {'1' * 20 * size}x\n",
    "a long Region": lambda size: HEAD.replace("eu-west-1", "eu" + "-a" * 10 * size) + WAVE,
    "a long duration": lambda size: f"{HEAD}{WAVE}rto: {'1d' * 10 * size}\n",
    "a long schedule": lambda size: f"{HEAD}{WAVE}drill_schedule: '0 0 {'1,' * 10 * size}1 * *'\n",
    "a long percentage": lambda size: f"{HEAD}{WAVE}  minimum_launched: {'9' * 10 * size}%\n",
    "a long key": lambda size: f"{HEAD}{WAVE}? {'k' * 20 * size}\n: x\n",
    "a text of lines": lambda size: HEAD.replace("A shop.", "|\n" + lines(lambda _: "  text")(size)) + WAVE,
}  # fmt: skip


def largest(write: Callable[[int], str]) -> str:
    """Return the largest file of its kind, to a half, that is read at all."""
    size = 100
    while len(write(2 * size).encode()) <= LARGEST:
        size *= 2
    return write(size)
