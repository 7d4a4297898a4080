"""The command line: parse, call, print. Results on stdout, progress and messages on stderr."""

from __future__ import annotations

import errno
import io
import json
import os
import sys
import textwrap
from collections import Counter
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from model.errors import InputError, KnowledgeError, ParesisError, Problem

if TYPE_CHECKING:
    from model.assessment import Assessment
    from model.knowledge import KnowledgeBase
    from model.reasoner import Reasoner

HELP = "A differential diagnosis of leg weakness: red flags first, then exact probabilities."

#: Set in the environment, it has an internal error say where it happened.
TRACEBACK = "PARESIS_TRACEBACK"

EPILOG = (
    f"After an internal error, {TRACEBACK}=1 in the environment has the same command show where it "
    "happened; what it shows may hold a patient's values."
)

#: Problems of one kind that are shown; of more, only the number and the places.
SHOWN = 5

#: Characters in which those places must fit.
PLACES = 500


class _Group(TyperGroup):
    """The commands; what is wrong with an option is said without words of the library's own."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command that was named."""
        try:
            return super().invoke(ctx)
        except typer.BadParameter as error:
            error.message = error.message.replace("Value error, ", "")
            raise


app = typer.Typer(
    name="paresis",
    cls=_Group,
    help=HELP,
    epilog=EPILOG,
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


class SettingName(StrEnum):
    """Whose legs are weak."""

    primary_care = "primary_care"
    emergency_department = "emergency_department"
    neurology_clinic = "neurology_clinic"
    even = "even"


class BasisName(StrEnum):
    """What the numbers rest on."""

    all = "all"
    documents = "documents"


class FormatName(StrEnum):
    """A format networks are exchanged in."""

    bif = "bif"
    xmlbif = "xmlbif"
    xdsl = "xdsl"


class OnError(StrEnum):
    """What a bad row does to the run."""

    mark = "mark"
    stop = "stop"


SettingOption = Annotated[
    SettingName, typer.Option("--setting", help="Care setting the pretest probabilities are of.")
]
BasisOption = Annotated[
    BasisName, typer.Option("--basis", help="All links, or only those the documents state.")
]
PriorsOption = Annotated[
    Path | None, typer.Option("--priors", help="Folder of another knowledge base.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]


def _say_version(value: bool) -> None:
    """Print what every output is stamped with, and leave."""
    if value:
        from model.knowledge import load
        from model.version import ENGINE_VERSION

        typer.echo(f"paresis {ENGINE_VERSION}, knowledge {load().digest}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool,
        typer.Option(
            "--version",
            callback=_say_version,
            is_eager=True,
            help="Print the versions of engine and shipped knowledge.",
        ),
    ] = False,
) -> None:
    """Options that stand before any command (the help of the whole is `HELP`)."""


def _knowledge(priors: Path | None) -> KnowledgeBase:
    from model.knowledge import load

    return load(priors)


def _reasoner(priors: Path | None, setting: SettingName, basis: BasisName) -> Reasoner:
    from model.compiled import compiled_before
    from model.reasoner import open_reasoner

    if sys.stderr.isatty() and not compiled_before():
        typer.echo("First use: compiling the engine for this machine, under a minute.", err=True)
    return open_reasoner(_knowledge(priors), setting=setting.value, basis=basis.value)


def _write_json(value: Any) -> None:
    text = json.dumps(value, indent=2, ensure_ascii=False)
    try:
        text.encode(sys.stdout.encoding)
    except UnicodeEncodeError:  # a terminal that knows fewer letters; JSON has a way to say them
        text = json.dumps(value, indent=2)
    typer.echo(text)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A JSON object, unless a name stands in it twice."""
    values = dict(pairs)
    if len(values) < len(pairs):
        names = [name for name, _ in pairs]
        twice = sorted({name for name in names if names.count(name) > 1})
        raise InputError(
            [Problem("given_twice", name, "is given twice.", "Keep one.") for name in twice]
        )
    return values


def _problem(code: str, where: str, message: str, remedy: str = "") -> InputError:
    """An error of one problem."""
    return InputError([Problem(code, where, message, remedy)])


def _read(file: str) -> str:
    """The text of a file, or of standard input."""
    try:
        raw = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        remedy = "Give one patient as JSON, saved as UTF-8."
        raise _problem("bad_encoding", file, "is not UTF-8 text.", remedy) from None
    except FileNotFoundError:
        raise _problem("no_file", file, "does not exist.", "Check the name.") from None
    except OSError as error:
        message = f"cannot be read ({error.strerror})."
        if Path(file).is_dir():
            message = "cannot be read: it is a folder."
        raise _problem("unreadable", file, message, "Name a file.") from None


def _values(pairs: list[str], file: str | None, text: str | None) -> dict[str, Any]:
    """Collect one patient's values from a JSON file or text, and item=value pairs on top."""
    values: dict[str, Any] = {}
    if file is not None and text is not None:
        raise typer.BadParameter("give --file or --json-text, not both")
    if file is not None:
        text = _read(file)
    if text is not None:
        if not text.strip():
            remedy = 'Write one object, such as {"age": 71, "foot_drop": true}.'
            raise _problem("empty_file", file or "--json-text", "is empty.", remedy)
        try:
            loaded = json.loads(text, object_pairs_hook=_once)
        except (ValueError, RecursionError) as error:
            at = f" (line {error.lineno})" if isinstance(error, json.JSONDecodeError) else ""
            raise InputError(
                [Problem("bad_json", file or "--json-text", f"is not JSON{at}.", "Check commas.")]
            ) from None
        if not isinstance(loaded, dict):
            raise InputError([Problem("bad_json", file or "--json-text", "must be one object {}.")])
        saved = "paresis" in loaded and isinstance(loaded.get("values"), dict)
        if saved:
            message = "a case saved in the dashboard: its items are read, not its setting and basis"
            typer.echo(message, err=True)
        values.update(loaded["values"] if saved else loaded)
    problems = []
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if name.strip() in values:
            problems.append(Problem("given_twice", name.strip(), "is given twice.", "Keep one."))
        values[name.strip()] = value if equals else "present"
    if problems:
        raise InputError(problems)
    return values


def _say_notes(error: BaseException) -> None:
    """Say what is left of a run that was stopped."""
    for note in getattr(error, "__notes__", ()):
        typer.echo(note, err=True)


def _leave(assessment: Assessment) -> None:
    """Exit as the status says; a refused posterior is an answer."""
    if assessment.status == "error":
        raise typer.Exit(InputError.exit_code)
    if assessment.status == "failed":
        raise typer.Exit(1)


PairsArgument = Annotated[
    list[str] | None,
    typer.Argument(
        help="What is known, as item=value: age=71 onset=sudden foot_drop (alone: present).",
        metavar="ITEM=VALUE",
    ),
]
FileOption = Annotated[
    str | None, typer.Option("--file", "-f", help="A JSON file with one patient (- for stdin).")
]
TextOption = Annotated[str | None, typer.Option("--json-text", help="One patient as JSON text.")]


@app.command()
def assess(
    items: PairsArgument = None,
    file: FileOption = None,
    json_text: TextOption = None,
    setting: SettingOption = SettingName.primary_care,
    basis: BasisOption = BasisName.all,
    priors: PriorsOption = None,
    as_json: JsonOption = False,
    sites: Annotated[bool, typer.Option("--sites", help="Add the posterior of each site.")] = False,
) -> None:
    """Assess one patient: red flags, then the ranked differential."""
    from app import report
    from model.evidence import read_evidence

    values = _values(items or [], file, json_text)
    reasoner = _reasoner(priors, setting, basis)
    assessment = reasoner.assess(read_evidence(values, reasoner.vocabulary), sites=sites)
    if as_json:
        _write_json(assessment.to_dict())
    else:
        typer.echo(report.text(assessment, reasoner.knowledge), nl=False)
    _leave(assessment)


class PartName(StrEnum):
    """A part of an explanation."""

    ledger = "ledger"
    sequence = "sequence"
    together = "together"
    questions = "questions"
    stopping = "stopping"
    doubt = "doubt"
    surprise = "surprise"
    changes = "changes"
    leans = "leans"
    sources = "sources"
    provenance = "provenance"
    all = "all"


class AboutName(StrEnum):
    """Who competes for the first place."""

    conditions = "conditions"
    categories = "categories"


class ModeName(StrEnum):
    """What the next question is for."""

    inform = "inform"
    screen = "screen"
    up = "raise"
    down = "lower"
    tell = "tell"


@app.command()
def explain(
    items: PairsArgument = None,
    file: FileOption = None,
    json_text: TextOption = None,
    condition: Annotated[
        list[str] | None,
        typer.Option(
            "--condition", "-c", help="Which condition, category, or unexplained; repeatable."
        ),
    ] = None,
    show: Annotated[
        list[PartName] | None,
        typer.Option(
            "--show", help="Which part; repeatable. By default: ledger, together, questions."
        ),
    ] = None,
    mode: Annotated[
        ModeName, typer.Option("--mode", help="What the next question is for.")
    ] = ModeName.inform,
    target: Annotated[
        list[str] | None,
        typer.Option("--target", help="Condition to raise or lower; two to tell apart."),
    ] = None,
    burden: Annotated[
        float | None,
        typer.Option("--burden", min=0, help="The most a question may cost (priors/steps.csv)."),
    ] = None,
    about: Annotated[
        AboutName, typer.Option("--about", help="Questions about conditions, or categories.")
    ] = AboutName.conditions,
    answers: Annotated[
        int | None,
        typer.Option("--answers", min=1, max=30, help="Questions answered before stopping: 6."),
    ] = None,
    ahead: Annotated[
        bool, typer.Option("--ahead", help="Look two questions ahead from the best few.")
    ] = False,
    goal: Annotated[
        str | None,
        typer.Option(
            "--goal", help="Condition that a change is to put first, or past --threshold."
        ),
    ] = None,
    threshold: Annotated[
        float | None,
        typer.Option("--threshold", help="Probability that --goal, or the leader, is to cross."),
    ] = None,
    setting: SettingOption = SettingName.primary_care,
    basis: BasisOption = BasisName.all,
    priors: PriorsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say why: what speaks for and against, what to ask next, how far to trust it.

    ledger: for and against each condition, given the others; sequence: the same, item after item;
    together: the likeliest sets of conditions; questions: what to ask next; stopping: whether
    anything left would change the leader; doubt: ranges from the uncertainty of our numbers (the
    first time takes a minute or two); surprise: how unusual this patient is; changes: what would
    change the result; leans: the numbers it rests on; sources: without each document; provenance:
    where each number comes from.
    """
    from app import report
    from app.explaining import PARTS, Subject, leaders
    from app.explaining import explain as told
    from app.progress import work_progress
    from model.evidence import read_evidence

    values = _values(items or [], file, json_text)
    reasoner = _reasoner(priors, setting, basis)
    evidence = read_evidence(values, reasoner.vocabulary)
    assessment = reasoner.assess(evidence)
    parts = [
        part.value for part in show or (PartName.ledger, PartName.together, PartName.questions)
    ]
    if "all" in parts:
        parts = list(PARTS)
    if not assessment.has_differential:
        if as_json:
            _write_json({**assessment.to_dict(), **dict.fromkeys(parts)})
        else:
            typer.echo(report.text(assessment, reasoner.knowledge), nl=False)
        _leave(assessment)
        return
    names = tuple(condition or leaders(reasoner, evidence, assessment))
    with work_progress("explaining") as progress:
        views, text = told(
            Subject(
                reasoner,
                evidence,
                names,
                mode=mode.value,
                target=tuple(target or ()),
                burden=burden,
                about=about.value,
                answers=answers,
                ahead=ahead,
                goal=goal,
                threshold=threshold,
                progress=progress,
            ),
            parts,
        )
    if as_json:
        _write_json({**assessment.to_dict(), **views})
        return
    typer.echo(report.text(assessment, reasoner.knowledge), nl=False)
    typer.echo("\n" + text, nl=False)


@app.command()
def compare(
    items: PairsArgument = None,
    file: FileOption = None,
    json_text: TextOption = None,
    what_if: Annotated[
        list[str] | None,
        typer.Option(
            "--what-if",
            help="Items that are otherwise, in quotes if several; `unknown` takes one back. "
            "Repeatable: each is compared with the patient as given.",
            metavar="'ITEM=VALUE ...'",
        ),
    ] = None,
    other: Annotated[
        list[str] | None,
        typer.Option("--other", help="A JSON file with another whole description; repeatable."),
    ] = None,
    condition: Annotated[
        list[str] | None,
        typer.Option(
            "--condition",
            "-c",
            help="Whose change is put down to the items; repeatable. Those that moved most.",
        ),
    ] = None,
    setting: SettingOption = SettingName.primary_care,
    basis: BasisOption = BasisName.all,
    priors: PriorsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Compare descriptions of a patient: what differs, what moves, and which item moved it.

    paresis compare age=66 back_pain cancer --what-if cancer=absent --what-if 'age=40 fever'
    """
    from app.reasons.scenarios import comparison_lines
    from model.evidence import read_evidence
    from model.reasons.scenarios import compare as compared

    first = _values(items or [], file, json_text)
    if any(not text.strip() for text in what_if or []):
        message = "is empty, so nothing is otherwise."
        raise _problem(
            "empty_what_if", "--what-if", message, "Write 'ITEM=VALUE', or leave it out."
        )
    others = [{**first, **_values(text.split(), None, None)} for text in what_if or []]
    others += [_values([], name, None) for name in other or []]
    names = [*(what_if or []), *(other or [])]
    if not others:
        message = "needs something to compare with."
        remedy = "Add --what-if 'ITEM=VALUE' or --other FILE."
        raise InputError([Problem("nothing_to_compare", "compare", message, remedy)])
    reasoner = _reasoner(priors, setting, basis)
    evidences = [read_evidence(values, reasoner.vocabulary) for values in (first, *others)]
    found = compared(reasoner, evidences, names=condition or ())
    if as_json:
        _write_json(
            [{"name": name, **one.to_dict()} for name, one in zip(names, found, strict=True)]
        )
        return
    texts = [
        "\n".join([f"{number}. {name}", *comparison_lines(one, reasoner.knowledge)])
        for number, (name, one) in enumerate(zip(names, found, strict=True), start=1)
    ]
    typer.echo("\n\n".join(texts))


def _only(sources: list[str]) -> str:
    """The one file that is scored without a cluster."""
    source = sources[0]
    pattern = set(source) & set("*?[") and not Path(source).exists()
    if len(sources) > 1 or pattern or Path(source).is_dir():
        remedy = "Add --dask local and name a folder with -o, or score one file at a time."
        message = "may be several files."
        raise InputError([Problem("several_files", " ".join(sources), message, remedy)])
    return source


@app.command()
def score(
    sources: Annotated[
        list[str],
        typer.Argument(
            help="CSV or Parquet of vignettes (- for stdin). With --dask also several, folders, "
            "and patterns in quotes."
        ),
    ],
    output: Annotated[
        str,
        typer.Option(
            "--output",
            "-o",
            help="CSV, CSV.gz or Parquet to write (- for stdout). With --dask a folder.",
        ),
    ] = "-",
    keep: Annotated[
        list[str] | None,
        typer.Option("--keep", help="Columns to pass through; repeatable, or joined by commas."),
    ] = None,
    all_conditions: Annotated[
        bool, typer.Option("--all-conditions", help="Add p_<condition> for every condition.")
    ] = False,
    surprise: Annotated[
        int,
        typer.Option(
            "--surprise",
            min=0,
            max=100_000,
            help="Add how unusual each row is among so many simulated patients of whom the same is "
            "known: 400 is usual, and as many posteriors for each different row.",
        ),
    ] = 0,
    on_error: Annotated[
        OnError, typer.Option("--on-error", help="Mark a bad row and go on, or stop.")
    ] = OnError.mark,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with a run that was stopped.")
    ] = False,
    dask: Annotated[
        str | None,
        typer.Option(
            "--dask", help="Score on a cluster, tcp://host:8786 or local: see docs/cluster.md."
        ),
    ] = None,
    block: Annotated[
        int | None,
        typer.Option("--block", min=1, help="With --dask: rows of a part, about (10,000)."),
    ] = None,
    setting: SettingOption = SettingName.primary_care,
    basis: BasisOption = BasisName.all,
    priors: PriorsOption = None,
) -> None:
    """Score a table of vignettes, one row out for every row in.

    OUTPUT appears when it is whole. Until then finished rows stand in OUTPUT.incomplete. When a run
    is killed or interrupted, or stops at a bad row, a broken source or a full disk, mend the cause
    and give the same command with --resume: it checks that the source is the same up to where it
    got, scores the rest, and writes what an undisturbed run would have written. To begin anew,
    delete OUTPUT.incomplete. A run that stops before any row is finished, or reads standard input
    and ends with an error, leaves nothing; one to standard output cannot be resumed.

    With --dask the files are scored on a cluster into the folder OUTPUT, a Parquet file for every
    block of rows. The same command finishes a folder in which a run was stopped.
    """
    from app.progress import file_progress
    from app.summary import counted
    from evaluation.files import score_file
    from evaluation.runs import folder_of

    if block is not None and not dask:
        raise typer.BadParameter("is for --dask alone; leave it out", param_hint="'--block'")
    if dask and output == "-":
        message = "standard output cannot take the parts that a cluster writes."
        raise InputError([Problem("no_folder", "", message, "Name a folder with -o.")])
    source = "" if dask else _only(sources)
    reasoner = _reasoner(priors, setting, basis)
    kept = [name.strip() for part in keep or [] for name in part.split(",") if name.strip()]
    if resume and not dask and "-" not in (source, output) and not folder_of(output).exists():
        typer.echo("nothing to resume; scoring from the beginning", err=True)
    try:
        if dask:
            from evaluation.blocks import ROWS
            from evaluation.cluster import score_files

            summary = score_files(
                sources,
                output,
                reasoner,
                scheduler=dask,
                priors=priors,
                keep=kept,
                all_conditions=all_conditions,
                surprise=surprise,
                stop_on_error=on_error is OnError.stop,
                rows=block or ROWS,
                watch=file_progress,
            )
        else:
            with file_progress(Path(source).name) as progress:
                summary = score_file(
                    source,
                    output,
                    reasoner,
                    keep=kept,
                    all_conditions=all_conditions,
                    surprise=surprise,
                    stop_on_error=on_error is OnError.stop,
                    resume=resume,
                    progress=progress,
                )
    except KeyboardInterrupt as stopped:
        _say_notes(stopped)
        raise
    _say_diagnoses(summary.diagnoses)
    typer.echo(counted(summary), err=True)


def _say_diagnoses(names: Sequence[str]) -> None:
    """Say once which columns were taken for more than a label of the row."""
    if names:
        more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
        typer.echo(
            f"taken as diagnoses already made: {', '.join(names[:SHOWN])}{more} "
            "(rename a column that is a label)",
            err=True,
        )


@app.command()
def evaluate(
    source: Annotated[str, typer.Argument(help="CSV of labelled vignettes.")],
    truth: Annotated[
        str, typer.Option("--truth", help="Column with the true condition's id.")
    ] = "label",
    keep: Annotated[
        list[str] | None, typer.Option("--keep", help="Other columns that are not items.")
    ] = None,
    setting: Annotated[
        list[SettingName] | None, typer.Option("--setting", help="Care setting; repeatable.")
    ] = None,
    basis: BasisOption = BasisName.all,
    priors: PriorsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Compare scored vignettes with their true conditions, and summarise the red flags."""
    from app.summary import accuracy_json, accuracy_text
    from evaluation.accuracy import measure
    from evaluation.reading import read_table
    from evaluation.scoring import diagnoses

    frame = read_table(source)
    kept = [name.strip() for part in keep or [] for name in part.split(",") if name.strip()]
    reasoners = [_reasoner(priors, one, basis) for one in setting or [SettingName.primary_care]]
    _say_diagnoses(diagnoses(list(frame.columns), reasoners[0]))
    found = [measure(frame, reasoner, truth=truth, keep=kept) for reasoner in reasoners]
    if as_json:
        _write_json(accuracy_json(found))
    else:
        typer.echo(accuracy_text(Path(source).name, found), nl=False)


@app.command()
def vocabulary(
    priors: PriorsOption = None,
    as_json: JsonOption = False,
    template: Annotated[
        bool, typer.Option("--template", help="Print a CSV header with every item instead.")
    ] = False,
) -> None:
    """List every item a vignette may have, every condition, category and rule."""
    from app.listing import vocabulary_json, vocabulary_template, vocabulary_text

    knowledge = _knowledge(priors)
    if template:
        typer.echo(vocabulary_template(knowledge))
    elif as_json:
        _write_json(vocabulary_json(knowledge))
    else:
        typer.echo(vocabulary_text(knowledge), nl=False)


@app.command()
def check(
    folder: Annotated[
        Path | None, typer.Argument(help="Folder of the knowledge base (the shipped one).")
    ] = None,
    priors: Annotated[
        Path | None, typer.Option("--priors", help="The same, as other commands take it.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Lint a knowledge base; every mistake is shown with its file, row and remedy."""
    if folder is not None and priors is not None:
        raise typer.BadParameter("give the folder once, with or without --priors")
    import dataclasses

    from app.listing import knowledge_summary
    from model.checking import check as check_folder

    knowledge, problems = check_folder(folder or priors)
    errors = [problem for problem in problems if problem.level == "error"]
    if as_json:
        _write_json([dataclasses.asdict(problem) for problem in problems])
    else:
        for problem in problems:
            typer.echo(f"{problem.level} {problem.code}: {problem}", err=problem.level == "error")
        if knowledge is not None:
            typer.echo(knowledge_summary(knowledge), nl=False)
        typer.echo(f"{len(errors)} errors, {len(problems) - len(errors)} warnings")
    if errors:
        raise typer.Exit(KnowledgeError.exit_code)


@app.command()
def export(
    output: Annotated[Path, typer.Argument(help="File to write.")],
    file_format: Annotated[
        FormatName | None,
        typer.Option("--format", help="Format; by the file's ending when left out."),
    ] = None,
    setting: SettingOption = SettingName.primary_care,
    basis: BasisOption = BasisName.all,
    priors: PriorsOption = None,
) -> None:
    """Write the whole network as BIF, XMLBIF or XDSL."""
    from model.export import export as write

    ending = output.suffix.lstrip(".").lower()
    if file_format is None and ending not in FormatName.__members__:
        raise typer.BadParameter("name a --format: bif, xmlbif or xdsl")
    name = file_format or FormatName(ending)
    reasoner = _reasoner(priors, setting, basis)
    try:
        write(reasoner.knowledge, reasoner.parameters, output, name.value)
    except OSError as error:
        from evaluation.reading import unwritable

        raise unwritable(str(output), error) from None
    typer.echo(f"wrote {output}", err=True)


def _check_address(address: str, port: int) -> None:
    """See that a server could listen there.

    Raises:
        InputError: for an address that is none of this machine's, or a port that is taken.
    """
    import socket

    try:
        family, kind, _, _, place = socket.getaddrinfo(address, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind) as one:
            if os.name == "posix":  # as the server will; elsewhere it would share a port
                one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            one.bind(place)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            message = "is taken by another program."
            raise _problem("port_taken", f"port {port}", message, "Choose --port.") from None
        if error.errno == errno.EACCES:
            message = "may not be used by you."
            remedy = "Choose --port 1024 or higher."
            raise _problem("port_taken", f"port {port}", message, remedy) from None
        message = "is no address of this machine."
        remedy = "Leave --address out, or give a name or number of this machine."
        raise _problem("bad_address", address, message, remedy) from None


@app.command()
def dashboard(
    port: Annotated[int, typer.Option("--port", min=1, max=65535, help="Port to serve on.")] = 8501,
    address: Annotated[
        str, typer.Option("--address", help="Address to serve on; this machine alone if left out.")
    ] = "127.0.0.1",
    no_browser: Annotated[
        bool, typer.Option("--no-browser", help="Serve only; do not open a browser.")
    ] = False,
    priors: PriorsOption = None,
) -> None:
    """Open the dashboard in a browser; end it with Ctrl-C."""
    _check_address(address, port)
    from streamlit.web.cli import main as streamlit

    from app.assessing import VARIABLE

    if priors is not None:
        _knowledge(priors)  # its mistakes are said here, not on a page
        os.environ[VARIABLE] = str(priors.resolve())
    _reasoner(priors, SettingName.primary_care, BasisName.all)
    page = Path(__file__).with_name("dashboard.py")
    options = {
        "server.port": port,
        "server.address": address,
        "server.headless": str(no_browser).lower(),
    }
    words = [f"--{name}={value}" for name, value in options.items()]
    streamlit(["run", str(page), *words], standalone_mode=False)


def _lines(error: InputError | KnowledgeError) -> list[str]:
    """A line for each problem; of many of one kind in an input, the first and where the rest are.

    Mistakes of a knowledge base are all shown: each needs its own mending.
    """
    lines: list[str] = []
    most = SHOWN if isinstance(error, InputError) else len(error.problems)
    seen: Counter[str] = Counter()
    for problem in error.problems:
        seen[problem.code] += 1
        if seen[problem.code] > most:
            continue
        more = ""
        if problem.code == "unknown_item" and not problem.remedy:
            more = " `paresis vocabulary` lists them."
        lines.append(f"error {problem.code}: {problem}{more}")
    for code, count in seen.items():
        if count > most:
            rest = [problem.where for problem in error.problems if problem.code == code][most:]
            places = textwrap.shorten("; ".join(filter(None, rest)), PLACES, placeholder=" ...")
            lines.append(f"error {code}: and {count - most} more: {places}")
    return lines


def main() -> None:
    """Run the command line; problems become messages and exit codes, never tracebacks."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # a letter it does not know is no error
    try:
        app(prog_name="paresis")
    except (InputError, KnowledgeError) as error:
        for line in _lines(error):
            typer.echo(line, err=True)
        _say_notes(error)
        sys.exit(error.exit_code)
    except ParesisError as error:
        typer.echo(f"error: {error}", err=True)
        sys.exit(error.exit_code)
    except OSError as error:  # a full disk behind standard output
        typer.echo(f"error: {error.strerror or type(error).__name__}", err=True)
        sys.exit(1)
    except Exception as error:  # noqa: BLE001 - a traceback could show a patient's values
        typer.echo(
            f"internal error: {type(error).__name__}. Please report it, with `paresis --version` "
            f"and the command. {TRACEBACK}=1 shows where it happened, perhaps with a patient's "
            "values.",
            err=True,
        )
        _say_notes(error)
        if os.environ.get(TRACEBACK, "0") not in {"", "0"}:
            import traceback

            typer.echo(traceback.format_exc(), err=True)
        sys.exit(1)
