"""Markdown as Airflow's pages read it: what a text has become, with the links that are made at the end."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from markdown_it import MarkdownIt

if TYPE_CHECKING:
    from markdown_it.token import Token

PARSER = MarkdownIt("commonmark").enable(["table", "strikethrough"])

LITERAL = (
    re.compile(r"(https?://|www(?=\.))([-.\w]+)([^ \t\r\n]*)", re.IGNORECASE),
    re.compile(r"(?:^|(?<=[^\w]))([-.\w+]+)@([-\w]+(?:\.[-\w]+)+)"),
)
"""What mdast-util-gfm-autolink-literal makes links of, in text that is no code and in no link."""


@dataclass
class Page:
    """What is on a page: headings, links, images, HTML, and tables as rows of cells of plain text."""

    headings: list[str] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    images: list[str] = field(default_factory=list)
    html: list[str] = field(default_factory=list)
    tables: list[list[list[str]]] = field(default_factory=list)
    blocks: list[str] = field(default_factory=list)
    marks: list[str] = field(default_factory=list)
    text: str = ""


def read(markdown: str) -> Page:
    """Return the page that a text becomes."""
    page = Page()
    tokens = PARSER.parse(markdown)
    for at, token in enumerate(tokens):
        opener = tokens[at - 1] if at else token
        if token.type == "table_open":
            page.tables.append([])
        elif token.type == "tr_open":
            page.tables[-1].append([])
        elif token.type == "inline":
            _read_inline(page, token, opener)
        elif token.type == "html_block":
            page.html.append(token.content)
        if token.nesting >= 0 and token.type not in {"inline", "tr_open", "th_open", "td_open"}:
            page.blocks.append(token.type)
        if token.type == "fence":
            page.text += token.content
    return page


def _read_inline(page: Page, token: Token, opener: Token) -> None:
    shown = "".join(_message(page, child) for child in token.children or ())
    page.text += shown + "\n"
    if opener.type == "heading_open":
        page.headings.append(shown)
    if opener.type in {"th_open", "td_open"}:
        page.tables[-1][-1].append(shown)


def _message(page: Page, child: Token) -> str:
    if child.type == "link_open":
        page.links.append(str(child.attrs["href"]))
    elif child.type == "image":
        page.images.append(str(child.attrs["src"]))
    elif child.type == "html_inline":
        page.html.append(child.content)
    elif child.nesting > 0:
        page.marks.append(child.type)
    elif child.type == "text":
        page.links += [match[0] for pattern in LITERAL for match in pattern.finditer(child.content)]
        return child.content
    return child.content if child.type == "code_inline" else "\n" * (child.type in {"softbreak", "hardbreak"})
