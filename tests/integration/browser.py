"""A person at a browser: a headless Chromium that signs in to Airflow's UI and answers gates there."""

from __future__ import annotations

import os
import shutil
from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.parse import quote

from playwright.sync_api import expect, sync_playwright

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Page

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")

QUIET = (
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-gpu",
    "--disable-quic",
    "--disable-sync",
    "--no-first-run",
)
"""Chromium calls nobody but the page it is shown to open."""


def find_chromium() -> str | None:
    """Return the path of a Chromium on this machine."""
    return next(filter(None, map(shutil.which, NAMES)), None)


@contextmanager
def signed_in(url: str, user: str, password: str) -> Iterator[Page]:
    """Give a page of a browser in which a user is signed in to Airflow."""
    # Chromium's sandbox does not work for root, as which CI runs
    sandbox = () if os.getuid() else ("--no-sandbox",)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=[*QUIET, *sandbox])
        try:
            page = browser.new_page(viewport={"width": 1400, "height": 1000})
            page.goto(f"{url}/auth/login")
            page.fill("input[name=username]", user)
            page.fill("input[name=password]", password)
            page.keyboard.press("Enter")
            page.wait_for_url(lambda address: "/auth/login" not in address)
            yield page
        finally:
            browser.close()


def open_gate(page: Page, url: str, dag_id: str, run_id: str, task_id: str) -> None:
    """Open the page of a gate, as the link in the UI does."""
    run = quote(run_id, safe="")
    page.goto(f"{url}/dags/{dag_id}/runs/{run}/tasks/{task_id}/required_actions")
    expect(page.get_by_role("button", name="Approve", exact=True)).to_be_visible(timeout=30_000)


def answer_gate(page: Page, option: str, reason: str) -> None:
    """Fill the form of an open gate, press a button, and see that Airflow took it."""
    page.locator("#element_reason").fill(reason)
    with page.expect_response(
        lambda answer: "hitlDetails" in answer.url and answer.request.method == "PATCH"
    ) as got:
        page.get_by_role("button", name=option, exact=True).click()
    assert got.value.ok, got.value.text()
