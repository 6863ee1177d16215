"""A value in Markdown is text, whatever it says: it adds nothing to a page but its own words."""

from __future__ import annotations

import pytest
from hypothesis import given

from drs_recovery.text.markdown import Markdown, code, fenced, link, render, text
from drs_recovery.text.visible import one_line, visible_lines
from tests.hostile import EXAMPLES, TRIED, texts
from tests.markdown_page import read

TEMPLATE = """\
{{ value }}

## {{ value }} and more

**{{ value }}** {{ value | code }}. Then {{ value }}.

- {{ value }}
- {{ value | code }}

| {{ value }} | Quoted |
| --- | --- |
| {{ value }} | {{ value | code }} |
| {{ value | code }} | last |
"""


def plain(fragments: str) -> str:
    """Return words without what reading takes away: blanks, and a backslash that stands for itself."""
    return "".join(fragments.split())


@TRIED
@given(texts())
def test_a_value_adds_nothing_to_a_page(value: str) -> None:
    """No heading, link, image, HTML, row, column, item or emphasis but those of the template."""
    page, empty = (read(render(TEMPLATE, value=given)) for given in (value, "x"))
    assert (page.links, page.images, page.html) == ([], [], [])
    assert page.marks == ["strong_open"]
    assert page.blocks == empty.blocks
    assert [len(row) for table in page.tables for row in table] == [2, 2, 2]
    assert page.tables[0][2][1] == "last"


@TRIED
@given(texts())
def test_what_is_written_is_read_as_it_was_stated(value: str) -> None:
    """But for blanks, all of it is on the page, in a table and outside, and what is hidden is shown."""
    message = one_line(value)
    page = read(render("{{ value }}\n\n| {{ value }} | {{ value | code }} |\n| --- | --- |\n", value=value))
    (row,) = page.tables[0]
    assert plain(row[0]) == plain(message or "—")
    assert plain(row[1]) == plain(message or "—")
    assert page.text.startswith(row[0].split("\n")[0][:1])


@pytest.mark.parametrize("value", EXAMPLES)
def test_an_error_stays_within_its_block(value: str) -> None:
    """Whatever fences it holds itself."""
    page = read(f"before\n\n{fenced(value)}\n\nafter")
    assert page.blocks == ["paragraph_open", "fence", "paragraph_open"]
    assert visible_lines(value) in page.text


@pytest.mark.parametrize("value", EXAMPLES)
def test_an_address_of_ours_is_one_link(value: str) -> None:
    """A run id, which people choose, neither ends it nor opens another."""
    page = read(link("the DAG run", f"http://localhost:8080/dags/{value}"))
    assert len(page.links) == 1
    assert page.links[0].startswith("http://localhost:8080/dags/")
    assert page.text == "the DAG run\n"


def test_what_is_made_of_markdown_escapes_what_is_not() -> None:
    """Forgetting to escape shows too much, and never too little."""
    assert Markdown("**{}**").format("*") == "**\\***"
    assert Markdown("a ") + "<b>" == "a \\<b\\>"
    assert Markdown(", ").join(["_", Markdown("_")]) == "\\_, _"
    assert render("{{ 'a' ~ value }}{{ value }}", value=Markdown("`x`")) == "a\\`x\\``x`"
    assert code(Markdown("*")) == "`*`"


def test_names_without_markup_stay_as_people_wrote_them() -> None:
    """What needs no escape has none: the text is read in logs and by REST too."""
    for name in ("Web shop", "DBWave1", "データベース", '2.5 GB, 80 % (of all): done; it\'s "ok" / fine?'):
        assert text(name) == name
    assert code("db-1.shop.example") == "`db-1.shop.example`"
    assert code("a|b") == "`a`\\|`b`"
