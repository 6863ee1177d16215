r"""Markdown that Airflow's pages show, in which a value is text and never markup.

Those pages read CommonMark with GitHub's tables, footnotes, strikethrough and automatic links, and drop HTML
silently (``skipHtml`` in the UI of 3.3.2). So a value is escaped unless it is `Markdown` already, as
markupsafe does for HTML: in `render`, in `Markdown.format`, in `join`. A text of others, of a person, DRS or
AWS, is quoted: `code`. Links are made from addresses after escapes are read, so these are quoted as well.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import quote

from markupsafe import Markup

from drs_recovery.text.values import ABSENT
from drs_recovery.text.visible import one_line, visible_lines

if TYPE_CHECKING:
    from collections.abc import Iterable

    from jinja2 import Environment, Template

_MARKUP = re.compile(r"[\\`*_\[\]<>#|~&]")
_AT_A_START = re.compile(r"^(\d*(?=[.)](?:\s|$))|(?=[-+=]))(.)")
"""What makes a list, a heading or a rule of the line that a value begins."""

_ADDRESS = re.compile(r"://|www|@", re.IGNORECASE)
"""In a word that would become a link by itself; more words than that are quoted, and none fewer."""

_URL = "!#$%&'()*+,/:;=?@[]~"


class Markdown(Markup):
    """Text that is Markdown, and to which everything else is escaped."""

    @classmethod
    def escape(cls, s: Any, /) -> Self:
        """Return a value as the text it is; Markdown stays as it is."""
        return s if isinstance(s, cls) else cls(text(str(s)))


def text(value: str) -> Markdown:
    """Return a value as text of a paragraph, a heading or a cell, on one line; none is "—"."""
    message = (code(word) if _ADDRESS.search(word) else _escaped(word) for word in one_line(value).split(" "))
    return Markdown(_AT_A_START.sub(r"\1\\\2", " ".join(message)) or ABSENT)


def _escaped(word: str) -> str:
    return _MARKUP.sub(r"\\\g<0>", word)


def code(value: object) -> Markdown:
    """Return the text or the name that others gave, quoted as code; absent is "—".

    A bar stands between two quotes, since a table would end its cell at one in a quote.
    """
    message = one_line("" if value is None else str(value))
    if not message:
        return Markdown(ABSENT)
    return Markdown("\\|".join(_span(part) if part else "" for part in message.split("|")))


def _span(message: str) -> str:
    longest = max(map(len, re.findall("`+", message)), default=0)
    fence = "`" * (longest + 1)
    # One blank on both sides is taken for padding, unless there is nothing else
    padded = (message[0] in " `" or message[-1] in " `") and bool(message.strip(" "))
    return f"{fence} {message} {fence}" if padded else f"{fence}{message}{fence}"


def codes(values: Iterable[object]) -> Markdown:
    """Return values as ``code``, as a sentence lists them."""
    return Markdown(", ").join(code(value) for value in values)


def fenced(value: str) -> Markdown:
    """Return text of several lines, such as an error, as a block that shows them as they are."""
    longest = max(map(len, re.findall("`+", value)), default=0)
    fence = "`" * max(3, longest + 1)
    return Markdown(f"{fence}text\n{visible_lines(value)}\n{fence}")


def link(message: str, url: str) -> Markdown:
    """Return a link of ours to an address; nothing in it ends the link early."""
    return Markdown(f"[{text(message)}](<{quote(url, safe=_URL, errors='replace')}>)")


def render(template: str, **values: Any) -> Markdown:
    """Return a template of ours with values filled in, each as text unless it is Markdown."""
    return Markdown(compiled(template).render(values))


@cache
def compiled(template: str) -> Template:
    """Return a template of ours, compiled: 0.01 s, once in a process."""
    return _environment().from_string(template)


@cache
def _environment() -> Environment:
    from jinja2 import Environment, StrictUndefined  # noqa: PLC0415 - the command line renders none

    # Not `autoescape`, which knows HTML: all that a template prints goes through `finalize`
    environment = Environment(undefined=StrictUndefined, finalize=Markdown.escape, autoescape=False)  # noqa: S701
    environment.filters |= {"code": code, "codes": codes}
    return environment
