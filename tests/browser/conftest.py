"""One server and one browser for all; a page of its own for each test."""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from app.assessing import desk
from app.case import Case

#: A shared machine may be slow; nothing here asserts a time.
PATIENCE = 30_000

expect.set_options(timeout=PATIENCE)

#: Whether nothing on the page is fading in or out any more.
RESTING = "document.getAnimations().every(one => one.playState !== 'running')"


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@pytest.fixture(scope="session")
def server(tmp_path_factory) -> Iterator[str]:
    """The dashboard as a user starts it, from a folder that is not the project's."""
    desk().assess(Case())  # after a change of the kernel this compiles, for the server as well
    port = _free_port()
    folder = tmp_path_factory.mktemp("anywhere")
    command = "from app.cli import main; main()"
    words = ["dashboard", "--no-browser", "--port", str(port)]
    with (folder / "log").open("wb") as log:
        running = subprocess.Popen(
            [sys.executable, "-c", command, *words], cwd=folder, stdout=log, stderr=log
        )
        address = f"http://127.0.0.1:{port}"
        try:
            _wait(address, running)
            yield address
        finally:
            running.terminate()
            running.wait(30)


def _wait(address: str, running: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + 180
    while time.monotonic() < until and running.poll() is None:
        try:
            with urllib.request.urlopen(f"{address}/_stcore/health") as answer:  # noqa: S310 - our own
                if answer.status == 200:
                    return
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.2)
    pytest.fail("the dashboard did not start")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Debian's chromium, without a window."""
    path = shutil.which("chromium") or shutil.which("google-chrome")
    if path is None:
        pytest.fail("these tests need chromium: apt-get install chromium")
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield opened
        opened.close()


@dataclass
class Visit:
    """A page in a browser of one user, with all that it complained about or asked for."""

    page: Page
    server: str
    complaints: list[str] = field(default_factory=list)
    outside: list[str] = field(default_factory=list)

    def open(self, path: str = "") -> Page:
        """Go to a page of the dashboard and wait until it has been drawn."""
        self.page.goto(f"{self.server}/{path}")
        expect(self.page.get_by_text("informs and gives no orders").last).to_be_visible()
        self.settle()
        return self.page

    def type(self, word: str) -> None:
        """Type into the search box and press Enter; wait until it was heard."""
        box = self.page.get_by_role("textbox", name="Add anything by name")
        box.fill(word)
        box.press("Enter")
        expect(box).to_have_value("")
        self.settle()

    def settle(self) -> None:
        """Wait until the page has been drawn to its end."""
        app = self.page.get_by_test_id("stApp")
        expect(app).to_have_attribute("data-test-script-state", "notRunning")
        expect(self.page.locator("[data-stale=true]")).to_have_count(0)
        self.page.wait_for_function(RESTING)


@pytest.fixture
def visit(browser, server):
    """Make a visit: width, height and colour scheme may be chosen."""
    contexts = []

    def begin(*, width: int = 1280, height: int = 900, scheme: str = "light") -> Visit:
        context = browser.new_context(
            viewport={"width": width, "height": height}, color_scheme=scheme, accept_downloads=True
        )
        context.set_default_timeout(PATIENCE)
        contexts.append(context)
        found = Visit(context.new_page(), server)

        def requested(request) -> None:
            if not request.url.startswith((server, server.replace("http", "ws"), "data:", "blob:")):
                found.outside.append(request.url)

        def said(message) -> None:
            # opened at a page, Streamlit first looks for its server below that page's address
            looking = "/_stcore/" in message.location.get("url", "")
            if message.type == "error" and not looking:
                found.complaints.append(message.text)

        found.page.on("request", requested)
        found.page.on("console", said)
        found.page.on("pageerror", lambda error: found.complaints.append(str(error)))
        return found

    yield begin
    for context in contexts:
        context.close()
