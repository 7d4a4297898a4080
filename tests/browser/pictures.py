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

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "docs" / "pictures"

#: A woman of 46 who might have cauda equina syndrome.
WORDS = ("saddle", "back pain", "pain shooting down both", "-fever", "reduced reflexes")


def opened(browser: Browser, address: str, *, width: int, height: int, scheme: str) -> Page:
    """The case page with the patient entered, once all that is slow has come."""
    context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme)
    page = context.new_page()
    page.goto(address)
    field = page.get_by_role("spinbutton", name="Age")
    field.fill("46")
    field.press("Enter")
    box = page.get_by_role("textbox", name="Add anything by name")
    for word in WORDS:
        box.fill(word)
        box.press("Enter")
        expect(box).to_have_value("")
    expect(page.get_by_text("The lead is")).to_be_visible(timeout=120_000)
    page.wait_for_timeout(1_500)
    return page


def keep(page: Page, name: str) -> None:
    """Store what is seen as a small PNG."""
    image = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    image.quantize(96).save(FOLDER / f"dashboard_{name}.png", optimize=True)


def main() -> None:
    """Make every picture."""
    address = sys.argv[1].rstrip("/")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        page = opened(browser, address, width=1280, height=1000, scheme="light")
        keep(page, "case")
        page.get_by_role("button", name="Cauda equina syndrome").first.click()
        page.wait_for_timeout(2_500)
        keep(page, "reasons")
        page.get_by_role("link", name="What if").first.click()
        page.get_by_role("combobox", name="Change one thing").click()
        page.get_by_role("option", name="New numbness between the legs").first.click()
        page.get_by_role("radio", name="absent").or_(
            page.get_by_role("button", name="absent", exact=True)
        ).first.click()
        expect(page.get_by_role("heading", name="What moved")).to_be_visible()
        page.set_viewport_size({"width": 1280, "height": 1250})
        page.wait_for_timeout(1_500)
        keep(page, "what_if")
        page.get_by_role("link", name="Batch").first.click()
        vignettes = ROOT / "evaluation" / "vignettes" / "documents.csv"
        page.locator("input[type=file]").set_input_files(vignettes)
        page.get_by_role("button", name="Score").click()
        expect(page.get_by_text("Red flags: highest rule met")).to_be_visible(timeout=60_000)
        page.wait_for_timeout(1_500)
        keep(page, "batch")
        page.get_by_role("link", name="Knowledge").first.click()
        page.wait_for_timeout(1_500)
        keep(page, "knowledge")
        keep(opened(browser, address, width=390, height=844, scheme="light"), "phone")
        keep(opened(browser, address, width=1280, height=1000, scheme="dark"), "dark")
        browser.close()


if __name__ == "__main__":
    main()
