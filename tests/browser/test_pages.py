"""The other pages, and what a screen reader meets on all of them."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests.vignettes import FOLDER

#: For what is worked out beside the page, in milliseconds.
LONG = 180_000

#: How bad a finding of axe must be to fail: what keeps somebody from using the page.
BAD = {"serious", "critical"}


def test_what_if_is_reached_with_the_case(visit):
    """The case goes along; a changed setting moves the ranking and says so."""
    here = visit()
    page = here.open()
    here.type("foot drop")
    page.get_by_role("link", name="What if").first.click()
    expect(page.get_by_role("heading", name="What if", exact=True)).to_be_visible()
    page.get_by_role("combobox", name="Setting of B").click()
    page.get_by_role("option", name="Neurology clinic").click()
    expect(page.get_by_role("heading", name="What moved")).to_be_visible()
    assert not here.complaints


def test_a_table_is_scored_and_a_row_opened(visit):
    """Upload, score, look, open as a case."""
    here = visit()
    page = here.open("batch")
    page.locator("input[type=file]").set_input_files(FOLDER / "ordinary.csv")
    page.get_by_role("button", name="Score").click()
    expect(page.get_by_text("Red flags: highest rule met")).to_be_visible()
    canvas = page.locator("[data-testid=stDataFrame] canvas").first
    canvas.click(position={"x": 15, "y": 50}, force=True)  # a scroller lies over it
    page.get_by_role("button", name="Open the chosen row").click()
    expect(page.get_by_role("button", name="Remove ").first).to_be_visible()
    assert not here.complaints
    assert not here.outside


def prepared(visit, path: str, scheme: str):
    """A page with as much on it as it can show."""
    here = visit(scheme=scheme)
    page = here.open(path)
    if path == "":
        here.type("saddle")
        page.get_by_role("button", name="Cauda equina syndrome").first.click()
        ledger = page.locator(".st-key-detail_card").get_by_role("button", name="New numbness")
        ledger.press("Enter")
        expect(page.locator(".st-key-finding_card")).to_be_visible()
        for name in ("Copy as note", "Save, load, print, share"):
            page.locator("summary", has_text=name).press("Enter")
        page.locator("summary", has_text="Examination").press("Enter")
    elif path == "compare":
        expect(page.get_by_role("button", name="Look for them")).to_be_visible()
    elif path == "batch":
        page.locator("input[type=file]").set_input_files(FOLDER / "ordinary.csv")
        page.get_by_role("button", name="Score").click()
        expect(page.get_by_text("Red flags: highest rule met")).to_be_visible()
    elif path == "knowledge":
        page.get_by_text("If it were wrong").click()
        expect(page.get_by_text("If one number were wrong")).to_be_visible()
    here.settle()
    return here


def barriers(page) -> list[str]:
    """What axe finds on a page that keeps somebody from using it."""
    found = Axe().run(page)
    return [
        f"{one['id']}: {node['html'][:160]}"
        for one in found.response["violations"]
        if one["impact"] in BAD
        for node in one["nodes"]
    ]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", ["", "compare", "batch", "knowledge"])
def test_nothing_keeps_a_screen_reader_out(visit, path, scheme):
    """Axe finds nothing serious, wide and on a phone: names, roles, contrast, order."""
    here = prepared(visit, path, scheme)
    assert not barriers(here.page)
    here.page.set_viewport_size({"width": 390, "height": 844})
    here.settle()
    assert not barriers(here.page)
    assert not here.complaints
    assert not here.outside


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_shelf_of_the_knowledge_can_be_read_aloud(visit, scheme):
    """Findings, rules, sources, what is outside, and the network around a case."""
    here = visit(scheme=scheme)
    page = here.open()
    here.type("saddle")
    page.get_by_role("link", name="Knowledge").first.click()
    for name in ("Findings", "Red-flag rules", "Sources and conflicts", "Outside the model",
                 "Around this case"):  # fmt: skip
        page.get_by_role("radio", name=name).click()
        here.settle()
        assert not barriers(page), name
    expect(page.get_by_role("img", name="lines between what is entered")).to_be_visible()
    assert not here.complaints
    assert not here.outside


def test_a_change_that_was_found_becomes_scenario_b(visit):
    """What would put another cause first is looked for, and one press shows it side by side."""
    here = visit()
    page = here.open()
    here.type("foot drop")
    page.get_by_role("link", name="What if").first.click()
    expect(page.get_by_role("heading", name="What if", exact=True)).to_be_visible()
    page.get_by_role("button", name="Look for them").click()
    expect(page.get_by_text("Now first:")).to_be_visible(timeout=LONG)
    expect(page.get_by_text("Two changes")).to_be_visible()
    page.locator(".st-key-flips_card button.row").first.click()
    expect(page.get_by_role("heading", name="What moved")).to_be_visible()
    expect(page.get_by_text("Why it moved")).to_be_visible()


def test_a_bent_number_moves_the_case_and_is_kept_nowhere(visit):
    """One elicited number is made higher; the page says from what to what, and what came of it."""
    here = visit()
    page = here.open()
    here.type("foot drop")
    page.get_by_role("link", name="Knowledge").first.click()
    page.get_by_role("radio", name="If it were wrong").click()
    expect(page.get_by_role("slider").first).to_be_visible(timeout=LONG)
    page.get_by_role("slider").first.press("ArrowRight")
    expect(page.get_by_text("2 times higher")).to_be_visible()
    expect(page.locator(".st-key-bent")).to_contain_text("→")
