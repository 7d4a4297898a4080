"""How long a click waits for the ranking: `python -m tests.browser.speed http://127.0.0.1:8501`.

A dashboard has to be running at that address (`paresis dashboard --no-browser`), best on a machine
that does nothing else. The figures are written into docs/dashboard.md.

The patients are those of the reference work: 8 positive findings, 12 negative ones, half of the
contexts known. Measured in the browser, from the click to the first picture in which the ranking is
another one. First an item is answered that was not before, so that the ranking is computed anew.
Then that is undone: the same page is run and the same card drawn again, from an assessment that is
still at hand. That is the empty rerun beside which the first is to be read.
"""

from __future__ import annotations

import os
import platform
import re
import shutil
import statistics
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from playwright.sync_api import Locator, Page, expect, sync_playwright

from app.assessing import desk
from app.case import Case, answered, to_link
from evaluation.benchmarks.work import Work, entered
from model.vocabulary import UNKNOWN

ROOT = Path(__file__).resolve().parents[2]
PLACE = ROOT / "docs" / "dashboard.md"

#: Patients measured, and clicks on each.
PATIENTS, CLICKS = 6, 5

#: How long to wait for what is slow, in milliseconds.
PATIENCE = 180_000

#: Run in the page: presses a button and tells the milliseconds until the card reads otherwise.
MEASURE = """
(button) => new Promise((resolve, reject) => {
  const read = node => node.nodeType === Node.TEXT_NODE ? node.data
    : [...(node.shadowRoot ?? node).childNodes].map(read).join('|')
  const card = document.querySelector('.st-key-ranking')
  const before = read(card)
  const start = performance.now()
  const look = () => {
    if (read(card) !== before) resolve(performance.now() - start)
    else if (performance.now() - start > 60000) reject(new Error('the ranking did not change'))
    else requestAnimationFrame(look)
  }
  button.click()
  requestAnimationFrame(look)
})
"""


def patients() -> list[Case]:
    """Cases of the reference work; an age in the middle of its band."""
    table = desk()
    kind = Work("half", (8,))
    rows = entered(table.reasoner(Case()), kind, PATIENTS)
    bands = {row.id: str(int(row.start + row.end) // 2) for row in table.knowledge.age_band}
    found = []
    for row in rows:
        values = {
            item.id: item.values[row[item.column]]
            for item in table.vocabulary.items
            if row[item.column] != UNKNOWN
        }
        found.append(Case(values | {"age": bands[values["age"]]}))
    return found


def settled(page: Page) -> None:
    """Wait until nothing is being worked out beside the page."""
    steady = page.locator(".st-key-ranking_card").get_by_text(
        re.compile("The lead is|cannot be said")
    )
    expect(steady).to_be_visible(timeout=PATIENCE)
    state = page.get_by_test_id("stApp")
    expect(state).to_have_attribute("data-test-script-state", "notRunning", timeout=PATIENCE)


def timed(page: Page, button: Locator) -> float:
    """Milliseconds from a press to another ranking."""
    settled(page)
    expect(button).to_be_enabled(timeout=PATIENCE)
    handle = button.element_handle()
    return float(page.evaluate(MEASURE, handle))


def measured(page: Page, address: str, case: Case) -> tuple[list[float], list[float]]:
    """Milliseconds of new rankings and of the same taken back."""
    page.goto(f"{address}/?case={to_link(case)}")
    fresh, again = [], []
    unasked = page.locator(".st-key-flags_card .item[data-state='']:not([data-implied]) .yes")
    expect(unasked.first).to_be_visible(timeout=PATIENCE)
    for place in range(min(CLICKS, unasked.count())):
        fresh.append(timed(page, unasked.nth(place)))
        again.append(timed(page, page.get_by_role("button", name="Undo")))
    return fresh, again


def engine(cases: Sequence[Case]) -> list[float]:
    """Milliseconds of the assessment alone, in this process, each with one more answer."""
    table = desk()
    items = [entry.id for entry in table.sections[0].entries]
    table.assess(Case())
    found = []
    for case in cases:
        for item in [one for one in items if one not in case.values][:CLICKS]:
            changed = answered(case, {item: "present"})
            start = time.perf_counter()
            table.assess(changed)
            found.append(1000 * (time.perf_counter() - start))
    return found


def _row(name: str, times: Sequence[float]) -> str:
    ordered = sorted(times)
    tenth = ordered[min(len(ordered) - 1, round(0.9 * len(ordered)))]
    return f"| {name} | {len(times)} | {statistics.median(times):.0f} ms | {tenth:.0f} ms |\n"


def written(fresh: Sequence[float], again: Sequence[float], alone: Sequence[float]) -> str:
    """The figures as a table."""
    return (
        "| From the click to the ranking, in the browser | clicks | median | 9 in 10 within |\n"
        "|---|---|---|---|\n"
        + _row("an item answered: the ranking computed anew", fresh)
        + _row("the same undone: nothing computed (an empty rerun)", again)
        + _row("for comparison, the assessment alone, without a page", alone)
        + f"\n{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}. "
        f"While it ran, {os.getloadavg()[1]:.1f} programs wanted a core on average, this one among "
        "them: on a busy machine all three rows grow.\n"
    )


def main() -> None:
    """Measure, print, and write the table."""
    address = sys.argv[1].rstrip("/")
    cases = patients()
    fresh: list[float] = []
    again: list[float] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        page = browser.new_context(viewport={"width": 1280, "height": 1000}).new_page()
        for case in cases:
            new, back = measured(page, address, case)
            fresh += new
            again += back
        browser.close()
    table = written(fresh, again, engine(cases))
    print(table)  # noqa: T201 - what the script is for
    text = PLACE.read_text(encoding="utf-8")
    pattern = re.compile(r"(<!-- speed -->\n).*?(<!-- /speed -->)", re.DOTALL)
    PLACE.write_text(pattern.sub(lambda m: m[1] + table + m[2], text), encoding="utf-8")


if __name__ == "__main__":
    main()
