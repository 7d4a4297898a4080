"""The case page as a clinician meets it."""

from __future__ import annotations

import json
import re

import pytest
from playwright.sync_api import expect

SADDLE = "New numbness between the legs"


def chips(page):
    """What has been entered, as it can be removed."""
    return page.get_by_role("button", name="Remove ")


def strip(page):
    """The line on top."""
    return page.locator(".st-key-redflag_strip")


def unfold(page, title):
    """Open what is folded under a title, by keyboard: the page may still be growing."""
    head = page.locator("summary", has_text=title)
    head.press("Enter")
    expect(page.locator("details[open]", has=head)).to_have_count(1)


def test_the_first_screen_ranks_and_sends_nothing_away(visit):
    """With nothing entered there is a ranking; no console error, no request to anywhere else."""
    here = visit()
    page = here.open()
    expect(page.get_by_role("heading", name="Differential")).to_be_visible()
    expect(page.get_by_role("button", name="sciatica")).to_be_visible()
    expect(strip(page)).to_contain_text("No red flag met so far")
    assert not here.complaints
    assert not here.outside


def test_one_click_raises_the_banner_and_one_more_takes_it_back(visit):
    """Present, absent and unknown are one click each; the banner follows."""
    page = visit().open()
    yes = page.get_by_role("button", name=SADDLE, exact=False).and_(page.locator(".yes"))
    no = page.get_by_role("button", name=re.compile("^absent: " + SADDLE))
    yes.click()
    expect(strip(page)).to_contain_text(f"Emergency: {SADDLE}")
    expect(page.locator(".st-key-redflag_card")).to_contain_text("advise emergency care")
    no.first.click()
    expect(strip(page)).to_contain_text("No red flag met so far")
    expect(chips(page)).to_have_text(re.compile("✕ no new numbness"))
    no.first.click()
    expect(chips(page)).to_have_count(0)


def test_the_banner_stays_in_view(visit):
    """However far down one reads, the strip stands above everything."""
    page = visit().open()
    page.locator(".yes", has_text=SADDLE).first.click()
    expect(strip(page)).to_contain_text("Emergency")
    page.mouse.move(900, 500)
    page.mouse.wheel(0, 3000)
    expect(strip(page)).to_be_in_viewport(ratio=0.9)


def test_none_of_these_closes_a_row_and_undo_opens_it(visit):
    """A row is denied with one press, shown as chips, and taken back with one."""
    page = visit().open()
    page.get_by_role("button", name="none of these: Bladder, bowel, breathing").click()
    expect(chips(page)).to_have_count(4)
    page.get_by_role("button", name="Undo").click()
    expect(chips(page)).to_have_count(0)


def test_rest_normal_keeps_what_was_found(visit):
    """The examination row closes around a positive sign."""
    here = visit()
    page = here.open()
    here.type("brisk")
    page.locator("summary", has_text="Examination").click()
    page.get_by_role("button", name="rest normal: Reflexes").click()
    expect(chips(page)).to_have_count(7)
    expect(chips(page).filter(has_text="✓")).to_have_text(re.compile("Brisk reflexes"))


def test_clicks_faster_than_the_answers_are_all_heard(visit):
    """No click is lost when several come at once."""
    page = visit().open()
    for word in ("New confusion", "New severe headache", "New speech difficulty", "Poor coordin"):
        page.locator(".st-key-flags_card .yes", has_text=word).click(no_wait_after=True)
    expect(chips(page)).to_have_count(4)


def test_the_keyboard_alone_is_enough(visit):
    """Words, arrows, plus, minus and Backspace enter and clear."""
    here = visit()
    page = here.open()
    here.type("foot drop")
    expect(chips(page)).to_have_text([re.compile("✓ .*foot drop")])
    here.type("-foot drop")
    expect(chips(page)).to_have_text([re.compile("✕ no .*foot drop")])
    row = page.get_by_role("group", name="Head, eyes, speech, swallowing")
    row.locator(".yes").first.focus()
    page.keyboard.press("+")
    expect(chips(page)).to_have_count(2)
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("-")
    expect(chips(page)).to_have_count(3)
    page.keyboard.press("Backspace")
    expect(chips(page)).to_have_count(2)


def test_keys_faster_than_the_answers_are_all_heard(visit):
    """Nothing is lost, and nothing goes to another item, while the page is drawn again."""
    page = visit().open()
    row = page.get_by_role("group", name="Head, eyes, speech, swallowing")
    row.locator(".yes").first.focus()
    for key in "+-+-+":
        page.keyboard.press(key)
        page.keyboard.press("ArrowRight")
        page.keyboard.press("ArrowRight")
    expect(chips(page)).to_have_count(5)
    expect(chips(page).filter(has_text="✕ no")).to_have_count(2)


def test_an_age_that_is_cleared_is_unknown(visit):
    """An emptied field is not the age of nought."""
    page = visit().open()
    field = page.get_by_role("spinbutton", name="Age")
    field.fill("66")
    field.press("Enter")
    expect(chips(page)).to_have_text([re.compile("Age: 66")])
    field.fill("")
    field.press("Enter")
    expect(chips(page)).to_have_count(0)


def test_a_condition_opens_its_reasons(visit):
    """What speaks for and against it, given all other entries."""
    here = visit()
    page = here.open()
    here.type("saddle")
    here.type("back pain")
    page.get_by_role("button", name="Cauda equina syndrome").first.click()
    card = page.locator(".st-key-detail_card")
    expect(card).to_contain_text("times likelier")
    expect(card).to_be_in_viewport()
    page.get_by_role("tab", name="Numbers and sources").click()
    expect(card).to_contain_text("S2")


def test_a_finding_opens_who_has_it(visit):
    """Pressed in the ledger, a finding says who has it, how often, and who says so."""
    here = visit()
    page = here.open()
    here.type("back pain")
    page.get_by_role("button", name="Herniated disc").first.click()
    page.locator(".st-key-detail_card").get_by_role("button", name="Back pain").click()
    card = page.locator(".st-key-finding_card")
    expect(card).to_contain_text("Who has: back pain")
    expect(card).to_contain_text("S3")
    card.get_by_role("button", name="Close").click()
    expect(card).to_have_count(0)


def test_a_phone_shows_what_a_rule_rests_on_before_the_sheet(visit):
    """At 390 pixels the rules met stand right below the first fields, until they were read."""
    here = visit(width=390, height=844)
    page = here.open()
    here.type("saddle")
    said = page.locator(".st-key-brief_flags")
    expect(said).to_contain_text("advise emergency care")
    above, below = said.bounding_box(), page.locator(".st-key-flags_card").bounding_box()
    assert above["y"] < below["y"]
    page.get_by_role("button", name="I have read this").click()
    expect(said.get_by_role("listitem")).to_have_count(0)
    expect(strip(page)).to_contain_text("Emergency")


def test_the_note_says_what_would_change_the_ranking(visit):
    """Once the questions are weighed they stand in the note."""
    here = visit()
    page = here.open()
    here.type("foot drop")
    unfold(page, "Copy as note")
    expect(page.locator(".st-key-note code")).to_contain_text("What would change it:")


def test_questions_come_when_the_case_stands_still(visit):
    """The next questions can be answered where they stand."""
    here = visit()
    page = here.open()
    here.type("foot drop")
    card = page.locator(".st-key-questions_card")
    expect(card.get_by_role("group").first).to_be_visible()
    card.locator(".no, .opt").first.click()
    expect(chips(page)).to_have_count(2)


def test_several_users_see_only_their_own_case(visit):
    """Two browsers at once, two patients."""
    one, other = visit(), visit()
    first, second = one.open(), other.open()
    one.type("saddle")
    other.type("brisk")
    expect(chips(first)).to_have_text([re.compile("numbness")])
    expect(chips(second)).to_have_text([re.compile("Brisk")])


def test_no_patient_stands_in_the_address_unless_asked(visit):
    """The link is made on request, and what it restored does not stay in the address."""
    here = visit()
    page = here.open()
    here.type("saddle")
    assert "?" not in page.url
    unfold(page, "Save, load, print, share")
    page.get_by_role("switch", name="Make a link that restores this case").press("Space")
    link = page.locator(".st-key-link_code code").inner_text()
    restored = visit()
    restored.page.goto(link)
    expect(chips(restored.page)).to_have_text([re.compile("numbness")])
    expect(restored.page).not_to_have_url(re.compile("case="))


def test_a_case_is_saved_and_loaded(visit, tmp_path):
    """The file that was saved brings the same case back."""
    here = visit()
    page = here.open()
    here.type("saddle")
    unfold(page, "Save, load, print, share")
    with page.expect_download() as download:
        page.get_by_role("button", name="Save case (JSON)").click()
    path = tmp_path / "case.json"
    download.value.save_as(path)
    assert json.loads(path.read_text())["values"] == {"saddle_numbness": "present"}
    page.get_by_role("button", name="New case").click()
    expect(chips(page)).to_have_count(0)
    page.locator("input[type=file]").set_input_files(path)
    expect(chips(page)).to_have_count(1)


@pytest.mark.parametrize("path", ["", "compare", "batch", "knowledge"])
def test_a_phone_has_nothing_to_scroll_sideways(visit, path):
    """At 390 pixels every page fits."""
    here = visit(width=390, height=844)
    page = here.open(path)
    wide = page.evaluate(
        "[...document.querySelectorAll('main, .stMain, html')].map(e => e.scrollWidth)"
    )
    assert max(wide) <= 390
    assert not here.complaints
    assert not here.outside


def test_answers_do_not_move_what_is_being_answered(visit):
    """Chips and words heard have their place: the sheet below stays where it is."""
    here = visit()
    page = here.open()
    card = page.locator(".st-key-flags_card")
    first = page.locator(".st-key-first_card")
    before = card.bounding_box()["y"] - first.bounding_box()["y"]
    here.type("brisk")
    for title in ("Bladder, bowel, breathing", "Head, eyes, speech, swallowing"):
        close = page.get_by_role("button", name=f"none of these: {title}")
        close.click()
        expect(close).to_be_disabled()
        here.settle()
    assert card.bounding_box()["y"] - first.bounding_box()["y"] == before
