"""The pages, run in this process."""

from __future__ import annotations

import shutil

import pytest
from streamlit.testing.v1 import AppTest

from app import assessing
from app.case import Case
from app.parts import ranking
from model.knowledge import SHIPPED

from .conftest import ENTRY, boxes


@pytest.mark.parametrize("page", ["", "compare", "batch", "knowledge"])
def test_each_page_is_drawn(dashboard, page):
    """Every page comes up with a case on the table."""
    at = dashboard(page, age="66", foot_drop="present")
    assert at.header or at.subheader


def test_the_first_screen_ranks_with_nothing_entered(dashboard):
    """The strip says what is open, and the differential is there."""
    at = dashboard()
    assert "No red flag met so far" in boxes(at)
    assert "Differential" in [head.value for head in at.subheader]
    assert not at.error


def test_the_first_screen_has_at_most_eight_fields(dashboard):
    """Age, sex, setting, four of the pattern, and the search box."""
    at = dashboard()
    fields = at.container(key="first_card")
    shown = [*fields.number_input, *fields.selectbox, *fields.text_input]
    shown += [*fields.get("segmented_control")]
    assert len(shown) == 8


def test_a_red_flag_raises_the_banner(dashboard):
    """What was met, by whom it is said, and what it suggests stand on the page."""
    at = dashboard(saddle_numbness="present")
    assert "Emergency: New numbness between the legs" in at.error[0].value
    card = " ".join(text.value for text in at.container(key="redflag_card").markdown)
    assert "Two of five lay articles (S2, S4) advise emergency care" in card
    assert "cauda equina syndrome" in card


def test_a_banner_that_was_read_shrinks_and_stays(dashboard):
    """One line is left; a new rule opens it again."""
    at = dashboard(saddle_numbness="present")
    at.button(key="read_flags").click().run()
    card = " ".join(text.value for text in at.container(key="redflag_card").markdown)
    assert "New numbness between the legs" in card
    assert "advise" not in card
    assert "Emergency" in at.error[0].value
    at.session_state["case"] = Case({"saddle_numbness": "present", "confusion": "present"})
    at.run()
    card = " ".join(text.value for text in at.container(key="redflag_card").markdown)
    assert "advise" in card


def test_red_flags_stand_when_entries_contradict(dashboard):
    """Without a ranking the banner is there and says why."""
    at = dashboard(saddle_numbness="present", numbness_or_tingling="absent")
    assert "Emergency" in at.error[0].value
    assert "contradict" in boxes(at)


def test_red_flags_stand_when_inference_fails(monkeypatch):
    """When no reasoner can be had the banner is complete, and the page says what is missing."""

    def broken(*_, **__):
        raise MemoryError

    monkeypatch.setattr(assessing, "open_reasoner", broken)
    at = AppTest.from_file(str(ENTRY), default_timeout=120)
    at.session_state["case"] = Case({"saddle_numbness": "present"})
    at.run()
    assert not at.exception
    assert "Emergency: New numbness between the legs" in at.error[0].value
    assert "The ranking failed" in boxes(at)


def test_mistakes_of_the_knowledge_are_listed(tmp_path, monkeypatch):
    """A broken knowledge base is named as such, with what is wrong."""
    folder = tmp_path / "priors"
    shutil.copytree(SHIPPED, folder)
    (folder / "groups.csv").write_text("id,label,order\n", encoding="utf-8")
    monkeypatch.setenv(assessing.VARIABLE, str(folder))
    at = AppTest.from_file(str(ENTRY), default_timeout=120).run()
    assert not at.exception
    assert "has mistakes" in at.error[0].value
    assert at.markdown


def test_typing_a_word_enters_it(dashboard):
    """Enter sets present, a minus sets absent, and both can be taken back."""
    at = dashboard()
    at.text_input(key="w_search").set_value("brisk").run()
    assert at.session_state["case"].values == {"reflexes_increased": "present"}
    at.text_input(key="w_search").set_value("-brisk").run()
    assert at.session_state["case"].values == {"reflexes_increased": "absent"}
    at.button(key="undo").click().run()
    at.button(key="undo").click().run()
    assert not at.session_state["case"].values


def test_a_word_enters_no_more_than_it_says(dashboard):
    """A raised creatine kinase may still be very high."""
    at = dashboard()
    at.text_input(key="w_search").set_value("ck raised").run()
    assert at.session_state["case"].values == {"creatine_kinase_raised": "present"}


def test_an_unclear_word_is_asked_back(dashboard):
    """Nothing is entered until one of the offers is pressed."""
    at = dashboard()
    at.text_input(key="w_search").set_value("numb").run()
    assert not at.session_state["case"].values
    at.button(key="offer_0").click().run()
    assert len(at.session_state["case"].values) == 1


def test_a_field_answers_and_clears(dashboard):
    """The first screen's fields set a value and make it unknown again."""
    at = dashboard(age="66")
    assert at.number_input(key="w_age").value == 66
    at.number_input(key="w_age").set_value(None).run()
    assert not at.session_state["case"].values


def test_why_not_opens_any_condition(dashboard):
    """The reasons of a condition that stands low can be read."""
    at = dashboard(foot_drop="present", back_pain="present")
    at.selectbox(key="w_opened").select("hypoglycaemia").run()
    assert not at.exception
    text = " ".join(one.value for one in at.container(key="detail_card").markdown)
    assert "about" in text
    assert at.container(key="detail_card").table


def test_what_if_shows_both_sides(dashboard):
    """One thing changed, one more scenario, and what moved."""
    at = dashboard("compare", saddle_numbness="present", back_pain="present")
    at.selectbox(key="what_item").select("saddle_numbness").run()
    at.get_by_key("what_value_saddle_numbness").set_value("absent").run()
    assert not at.exception
    text = " ".join(one.value for one in at.markdown)
    assert "present → absent" in text
    at.button(key="use_b").click().run()
    assert at.session_state["case"].values["saddle_numbness"] == "absent"


def test_a_table_is_checked_before_it_is_scored(dashboard):
    """Problems are shown by row and column, with nothing scored yet."""
    at = dashboard("batch")
    at.file_uploader(key="table").upload("t.csv", b"age,foot_drop\n66,perhaps\n").run()
    assert not at.exception
    assert "1 problem in 1 row" in boxes(at)
    assert "job" not in at.session_state


@pytest.mark.parametrize(
    "view",
    [
        "Findings",
        "Red-flag rules",
        "Sources and conflicts",
        "Outside the model",
        "Around this case",
        "If it were wrong",
    ],
)
def test_every_shelf_of_the_knowledge_opens(dashboard, view):
    """Findings, rules, sources and what is outside can be looked through."""
    at = dashboard("knowledge")
    at.get_by_key("k_view").set_value(view).run()
    assert not at.exception


def test_a_condition_that_must_not_be_missed_says_what_was_not_asked():
    """Among the leaders too it reads as not excluded."""
    desk = assessing.desk()
    assessment = desk.assess(Case({"saddle_numbness": "present"}))
    cauda = next(one for one in assessment.ranking if one.id == "cauda_equina_syndrome")
    shown = ranking.condition_row(assessment, desk, cauda)["sub"]
    assert "not excluded" in shown
    assert "unasked" in shown


def test_what_would_change_it_is_looked_for_on_request(dashboard):
    """The smallest changes are listed, or it is said that none is enough."""
    at = dashboard("compare", foot_drop="present")
    at.button(key="flip").click().run()
    assert not at.exception
    told = " ".join(one.value for one in (*at.markdown, *at.caption))
    assert "Now first:" in told or "being tried" in told


def test_a_change_of_setting_says_why_it_moved(dashboard):
    """The pretest of both settings stands beside what moved."""
    at = dashboard("compare", foot_drop="present")
    at.selectbox(key="what_setting").set_value("neurology_clinic").run()
    assert not at.exception
    text = " ".join(one.value for one in at.markdown)
    assert "before anything is known" in text


def test_what_was_entered_is_weighed_when_it_changes(dashboard):
    """Why something moved names the entry and how much likelier it makes what moved."""
    at = dashboard("compare", saddle_numbness="present", back_pain="present")
    at.selectbox(key="what_item").set_value("saddle_numbness").run()
    at.get_by_key("what_value_saddle_numbness").set_value("absent").run()
    text = " ".join(one.value for one in at.markdown)
    assert "from present to absent makes it" in text
    assert "No longer met" in text


def test_a_case_without_a_ranking_breaks_no_page(dashboard):
    """Where nothing can be computed the pages say so, and the red flags stand."""
    for page in ("", "compare", "knowledge"):
        at = dashboard(page, saddle_numbness="present", numbness_or_tingling="absent")
        assert "Emergency" in at.error[0].value
        if page == "knowledge":
            for view in ("Around this case", "If it were wrong"):
                at.get_by_key("k_view").set_value(view).run()
                assert not at.exception
