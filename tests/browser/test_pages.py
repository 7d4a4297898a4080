"""The other pages, and what a screen reader meets on all of them."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests.vignettes import FOLDER

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


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", ["", "compare", "batch", "knowledge"])
def test_nothing_keeps_a_screen_reader_out(visit, path, scheme):
    """Axe finds nothing serious: names, roles, contrast, order."""
    here = visit(scheme=scheme)
    page = here.open(path)
    if not path:
        here.type("saddle")
        expect(page.get_by_role("button", name="Remove ")).to_have_count(1)
    found = Axe().run(page)
    wrong = [
        f"{one['id']}: {node['html'][:160]}"
        for one in found.response["violations"]
        if one["impact"] in BAD
        for node in one["nodes"]
    ]
    assert not wrong
