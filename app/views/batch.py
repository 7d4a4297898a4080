"""Many patients: upload a table, see what is wrong with it, score it, open any row."""

from __future__ import annotations

import hashlib
import io
import math
from typing import Any, cast

import pandas as pd
import streamlit as st

from app import job, phrases
from app.case import from_row
from app.listing import vocabulary_template
from app.note import stamp
from app.parts import first, state
from app.parts.bars import bars
from model.errors import InputError

#: Rows of a table shown; all of them are in the downloads.
SHOWN = 1_000

#: Problems listed.
LISTED = 200

desk = state.the_desk()
case = state.case()


def command(name: str) -> str:
    """What to type for a table that is too large for a page."""
    quoted = "'" + name.replace("'", "'\\''") + "'"
    return f"paresis score {quoted} -o scored.csv --setting {case.setting} --basis {case.basis}"


def the_upload() -> job.Upload | None:
    """The uploaded table, read once for each content and setting."""
    file = st.file_uploader(
        "A CSV file, one patient a row", type="csv", max_upload_size=50, key="table",
        help="A column is an item; a cell: present, absent, a grade, an age, or blank for unknown.",
    )  # fmt: skip
    if file is None:
        return cast("job.Upload | None", st.session_state.get("upload"))
    content = file.getvalue()
    key = (hashlib.sha256(content).hexdigest(), case.setting, case.basis)
    if st.session_state.get("upload_key") != key:
        _drop()
        st.session_state["upload"] = job.read_upload(file.name, content, desk.reasoner(case))
        st.session_state["upload_key"] = key
    return cast(job.Upload, st.session_state["upload"])


def _drop() -> None:
    old = st.session_state.pop("job", None)
    if old is not None:
        old.stop.set()
    st.session_state.pop("upload", None)
    st.session_state.pop("upload_key", None)


def begin(upload: job.Upload) -> None:
    """Start scoring in the background."""
    wanted = bool(st.session_state.get("unusual")) and len(upload.frame) <= job.MOST_SURPRISED
    patients = int(desk.knowledge.thresholds["surprise_patients"]) if wanted else 0
    st.session_state["job"] = job.start(upload, desk.reasoner(case), surprise=patients)


def cancel() -> None:
    """Stop; what is finished stays."""
    st.session_state["job"].stop.set()


def problems(upload: job.Upload) -> None:
    """What was found before scoring, by row and column."""
    if upload.unknown:
        lines = [f"`{name}`{f' ({hint})' if hint else ''}" for name, hint in upload.unknown]
        st.warning(
            "These columns are no items; they are passed through and carry no weight: "
            + "; ".join(lines),
            icon=":material/help:",
        )
    if not upload.problems:
        st.success("Every cell can be read.", icon=":material/check:")
        return
    rows = len({row for row, _, _ in upload.problems})
    st.warning(
        f"{phrases.number(len(upload.problems), 'problem')} in {phrases.number(rows, 'row')}. "
        "Such rows are marked and get no ranking; the red flags of what can be read still stand.",
        icon=":material/report:",
    )
    listed = [
        {"Row": row, "Column": column, "Problem": text}
        for row, column, text in upload.problems[:LISTED]
    ]
    st.dataframe(listed, hide_index=True, height=min(300, 40 + 35 * len(listed)),
                 alt="Problems by row and column")  # fmt: skip


@st.fragment(run_every=0.5)
def progress() -> None:
    """How far the scoring is; looks again twice a second without touching the page."""
    now = cast(job.Job, st.session_state["job"])
    left = now.left
    wait = "" if math.isnan(left) else f", about {max(1, round(left)):,} s left"
    st.progress(now.done / max(1, now.rows), f"{now.done:,} of {now.rows:,} rows{wait}")
    if now.finished:
        st.rerun()


def summary(result: pd.DataFrame) -> None:
    """Dispositions and leading categories, as counts."""
    left, right = st.columns(2, gap="medium")
    total = max(1, len(result))
    tiers = job.counts(result["disposition"].tolist())
    with left, st.container(border=True):
        rows = [
            {"id": name, "label": phrases.DISPOSITIONS[name][0], "value": f"{count:,}",
             "p": count / total}
            for name, count in tiers.items()
        ]  # fmt: skip
        bars("tiers", [{"title": "Red flags: highest rule met", "rows": rows}])
    labels = {f"category_{row.id}": row.label for row in desk.knowledge.category}
    numbers = result[list(labels)].apply(pd.to_numeric, errors="coerce").dropna(how="all")
    leading = job.counts([labels[name] for name in numbers.idxmax(axis=1)]) if len(numbers) else {}
    with right, st.container(border=True):
        rows = [
            {"id": name, "label": name, "value": f"{count:,}", "p": count / total}
            for name, count in leading.items()
        ]  # fmt: skip
        bars("leading", [{"title": "Leading group of causes", "rows": rows}])
    with st.container(border=True):
        bars("fitting", [{"title": "Do the findings fit together?", "rows": _fitting(result)}])


def _fitting(result: pd.DataFrame) -> list[dict[str, Any]]:
    """In how many rows findings agree poorly, or are unusual for the model."""
    conflict = pd.to_numeric(result["conflict"], errors="coerce").dropna()
    told = [("conflict", "Agree poorly with each other", conflict > phrases.CONFLICT)]
    if "surprise" in result:
        share = pd.to_numeric(result["surprise"], errors="coerce").dropna()
        line = desk.knowledge.thresholds["unusual"]
        label = f"Unusual: at most {phrases.about(line)} of simulated patients are as improbable"
        told.append(("surprise", label, share <= line))
    return [
        {"id": name, "label": label, "value": f"{int(bad.sum()):,} of {len(bad):,}",
         "p": float(bad.mean()) if len(bad) else 0.0}
        for name, label, bad in told
    ]  # fmt: skip


def results(now: job.Job) -> None:
    """The scored table: summary, rows to open, downloads."""
    result = now.result()
    if result.empty:
        st.caption("Nothing was scored.")
        return
    states = ", ".join(f"{name} {n:,}" for name, n in job.counts(result["status"].tolist()).items())
    ended = "stopped after" if now.stop.is_set() else "scored:"
    st.markdown(f"**{now.upload.name}**: {ended} {len(result):,} rows ({states}).")
    if now.failed:
        st.error(f"The scoring failed ({now.failed}); what is shown was finished before.")
    summary(result)
    names = desk.knowledge.labels
    shown = pd.DataFrame({
        "Id": result["id"],
        "Status": result["status"],
        "Red flags": result["disposition"].map(lambda word: phrases.DISPOSITIONS[word][0]),
        "Leading condition": result["condition_1"].map(lambda name: names.get(name, "")),
        "Probability": pd.to_numeric(result["probability_1"], errors="coerce").map(
            lambda p: "" if math.isnan(p) else phrases.about(p)
        ),
        "Second": result["condition_2"].map(lambda name: names.get(name, "")),
        "Message": result["message"],
    }).head(SHOWN)  # fmt: skip
    chosen = st.dataframe(
        shown, hide_index=True, on_select="rerun", selection_mode="single-row", key="rows",
        alt="Scored rows; choose one to open it as a case",
    )  # fmt: skip
    if len(result) > SHOWN:
        st.caption(f"The first {SHOWN:,} of {len(result):,} rows; the downloads have them all.")
    places = chosen.selection.rows
    row = st.container(horizontal=True)
    if row.button(
        "Open the chosen row as a case", key="open_row", disabled=not places,
        icon=":material/open_in_new:",
    ):  # fmt: skip
        row_cells = now.upload.frame.iloc[places[0]]
        cells = {str(name): cell for name, cell in row_cells.items()}
        state.change(from_row(cells, desk.vocabulary, case))
        st.switch_page("views/case.py")
    row.download_button(
        "CSV", lambda: result.to_csv(index=False), "scored.csv", "text/csv", on_click="ignore",
        icon=":material/download:", key="csv",
    )  # fmt: skip
    row.download_button(
        "Parquet", lambda: _parquet(result), "scored.parquet", on_click="ignore",
        icon=":material/download:", key="parquet",
    )  # fmt: skip


def _parquet(result: pd.DataFrame) -> bytes:
    sink = io.BytesIO()
    result.to_parquet(sink, index=False)
    return sink.getvalue()


st.header("Many patients at once", anchor=False)
one, two = st.columns([2, 1], gap="medium")
with two:
    first.setting_field(desk, case)
    st.download_button(
        "Template with every column", vocabulary_template(desk.knowledge) + "\n", "template.csv",
        "text/csv", on_click="ignore", icon=":material/download:", key="template",
    )  # fmt: skip
with one:
    try:
        upload = the_upload()
    except InputError as error:
        upload = None
        for problem in error.problems:
            st.error(str(problem))
if upload is not None:
    problems(upload)
    if upload.large:
        st.info(
            f"The table has more than {job.MOST_ROWS:,} rows; these are scored here. "
            "For all of them, on the command line:"
        )
        st.code(command(upload.name), language="bash")
    running = cast("job.Job | None", st.session_state.get("job"))
    if running is None:
        if len(upload.frame) <= job.MOST_SURPRISED:
            st.toggle(
                "Also say how unusual each row is (about a second a row)", key="unusual",
                persist_state="session",
            )  # fmt: skip
        st.button(
            f"Score {phrases.number(len(upload.frame), 'row')}", key="score",
            icon=":material/play_arrow:", on_click=begin, args=(upload,),
        )  # fmt: skip
    elif not running.finished:
        progress()
        st.button("Stop", key="stop", icon=":material/stop:", on_click=cancel)
    else:
        results(running)
else:
    st.caption(
        "The same reading as on the command line: a bad cell marks its row and is never guessed. "
        "A file stays in this session's memory and is written nowhere."
    )
st.caption(f"{stamp(state.assessment(), desk)}  \n{phrases.PURPOSE}")
