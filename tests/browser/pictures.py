"""Makes the pictures of docs/dashboard.md: `python -m tests.browser.pictures http://127.0.0.1:8501`.

The dashboard has to be running at that address (`paresis dashboard --no-browser`).
"""

from __future__ import annotations

import io
import shutil
import sys
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, expect, sync_playwright

from .conftest import RESTING

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "docs" / "pictures"

#: How long to wait for what is slow, in milliseconds.
PATIENCE = 180_000

#: A woman of 46 who might have cauda equina syndrome.
WORDS = ("saddle", "back pain", "pain shooting down both", "-fever", "reduced reflexes")


def calm(page: Page) -> None:
    """Wait until the page has been drawn to its end."""
    state = page.get_by_test_id("stApp")
    expect(state).to_have_attribute("data-test-script-state", "notRunning", timeout=PATIENCE)
    expect(page.locator("[data-stale=true]")).to_have_count(0, timeout=PATIENCE)
    page.wait_for_function(RESTING, timeout=PATIENCE)


def opened(browser: Browser, address: str, *, width: int, height: int, scheme: str) -> Page:
    """The case page with the patient entered, once all that is slow has come."""
    context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme)
    context.set_default_timeout(PATIENCE)
    page = context.new_page()
    page.goto(address)
    field = page.get_by_role("spinbutton", name="Age")
    field.fill("46")
    field.press("Enter")
    box = page.get_by_role("textbox", name="Add anything by name")
    for word in WORDS:
        box.fill(word)
        box.press("Enter")
        expect(box).to_have_value("", timeout=PATIENCE)
    expect(page.get_by_text("Thin lines, and")).to_be_visible(timeout=PATIENCE)
    calm(page)
    return page


def keep(page: Page, name: str, *, height: int = 0) -> None:
    """Store what is seen, or more of it, as a small PNG."""
    size = page.viewport_size
    if height and size:
        page.set_viewport_size({"width": size["width"], "height": height})
    calm(page)
    expect(page.get_by_text("encountered an error")).to_have_count(0)
    image = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    image.quantize(96).save(FOLDER / f"dashboard_{name}.png", optimize=True)
    if height and size:
        page.set_viewport_size(size)


def go(page: Page, name: str) -> None:
    """Open another page, with the case."""
    page.get_by_role("link", name=name).first.click()
    calm(page)


def main() -> None:
    """Make every picture."""
    address = sys.argv[1].rstrip("/")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        page = opened(browser, address, width=1280, height=1000, scheme="light")
        keep(page, "case")
        reasons(page)
        what_if(page)
        batch(page)
        knowledge(page)
        keep(opened(browser, address, width=390, height=844, scheme="light"), "phone")
        keep(opened(browser, address, width=1280, height=1000, scheme="dark"), "dark")
        browser.close()


def reasons(page: Page) -> None:
    """What speaks for a condition, and who has one of its findings."""
    page.get_by_role("button", name="Cauda equina syndrome").first.click()
    detail = page.locator(".st-key-detail_card")
    detail.get_by_role("button", name="Back pain").click()
    expect(page.locator(".st-key-finding_card")).to_be_visible(timeout=PATIENCE)
    calm(page)
    detail.evaluate("card => card.scrollIntoView({block: 'start', behavior: 'instant'})")
    page.locator(".stMain").evaluate("main => main.scrollBy({top: -140, behavior: 'instant'})")
    keep(page, "reasons")


def what_if(page: Page) -> None:
    """Two scenarios, and what would put another cause first."""
    go(page, "What if")
    page.get_by_role("combobox", name="Change one thing").click()
    page.get_by_role("option", name="New numbness between the legs").first.click()
    page.get_by_role("radio", name="absent").or_(
        page.get_by_role("button", name="absent", exact=True)
    ).first.click()
    expect(page.get_by_role("heading", name="What moved")).to_be_visible(timeout=PATIENCE)
    keep(page, "what_if", height=1500)
    page.get_by_role("button", name="Look for them").click()
    expect(page.get_by_text("Now first:")).to_be_visible(timeout=PATIENCE)
    calm(page)
    card = page.locator(".st-key-flips_card")
    card.evaluate("card => card.scrollIntoView({block: 'start', behavior: 'instant'})")
    page.locator(".stMain").evaluate("main => main.scrollBy({top: -140, behavior: 'instant'})")
    keep(page, "flips")


def batch(page: Page) -> None:
    """A scored table."""
    go(page, "Batch")
    vignettes = ROOT / "evaluation" / "vignettes" / "documents.csv"
    page.locator("input[type=file]").set_input_files(vignettes)
    page.get_by_role("button", name="Score").click()
    expect(page.get_by_text("Red flags: highest rule met")).to_be_visible(timeout=PATIENCE)
    keep(page, "batch", height=1250)


def knowledge(page: Page) -> None:
    """One condition, the network around the case, and one number bent."""
    go(page, "Knowledge")
    keep(page, "knowledge")
    page.get_by_role("radio", name="Around this case").click()
    expect(page.get_by_role("img", name="lines between what is entered")).to_be_visible(
        timeout=PATIENCE
    )
    keep(page, "network", height=760)
    page.get_by_role("radio", name="If it were wrong").click()
    page.get_by_role("slider").first.press("ArrowRight")
    expect(page.get_by_text("2 times higher")).to_be_visible(timeout=PATIENCE)
    keep(page, "wrong", height=1300)


if __name__ == "__main__":
    main()
