"""Finding an item by its label, in plain words or by a code: `brisk`, `-foot drop`."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from model.knowledge import BEDSIDE, KnowledgeBase

#: What a word of the query is worth where it stands.
_EXACT, _BEGINS, _ASIDE = 4.0, 3.0, 1.0

#: What it is worth when a label begins with a word of the query.
_FIRST = 0.5

#: Candidates within this share of the best one are as good.
_NEAR = 0.9

#: Words that say nothing by themselves here.
_GENERIC = frozenset({"fall", "leg", "new", "power", "tired", "weak", "weakness"})

#: Words of labels that say that something is missing: "no pulses" is no denial of weak pulses.
_MISSING = frozenset(
    {
        "absent",
        "cannot",
        "difficulty",
        "hardly",
        "loss",
        "lost",
        "low",
        "poor",
        "reduced",
        "weak",
    }
)

#: How much of the label of a test has to be named before it is entered.
_TOLD = 0.7

#: Candidates offered when there is no clear best one.
MOST = 6

#: What is said in several words, in the words of the labels.
PHRASES = {
    "can't pass": "cannot pass",
    "can't pee": "cannot pass urine",
    "can't walk": "difficulty walking",
    "cannot pee": "cannot pass urine",
    "cannot walk": "difficulty walking",
    "pins and needles": "tingling",
    "saddle anaesthesia": "saddle numbness",
    "saddle anesthesia": "saddle numbness",
}

#: The clinician's word for what a label says plainly; each plain word must be found.
SPOKEN = {
    "ache": "pain",
    "aches": "pain",
    "aching": "pain",
    "af": "atrial fibrillation",
    "areflexia": "reduced reflexes",
    "asleep": "tingling",
    "ataxia": "coordination",
    "atrophy": "wasting",
    "catheter": "urine",
    "ck": "creatine kinase",
    "claudication": "cramping walking",
    "csf": "cerebrospinal",
    "diplopia": "double vision",
    "dm": "diabetes",
    "dysarthria": "speech",
    "dysphagia": "swallowing",
    "dyspnoea": "breathing",
    "faecal": "bowel",
    "fasciculation": "twitching",
    "fasciculations": "twitching",
    "fecal": "bowel",
    "hyperreflexia": "brisk reflexes",
    "hyporeflexia": "reduced reflexes",
    "htn": "blood pressure",
    "incontinence": "leaking",
    "incontinent": "leaking",
    "lp": "lumbar puncture",
    "paraesthesia": "tingling",
    "paresthesia": "tingling",
    "pee": "urine",
    "perianal": "passage",
    "plantar": "babinski",
    "plantars": "babinski",
    "ptosis": "drooping eyelids",
    "sciatica": "shooting leg",
    "slr": "straight raise",
    "sob": "breathing",
    "steroid": "corticosteroids",
    "steroids": "corticosteroids",
    "upgoing": "babinski",
}

_SMALL = frozenset(
    {
        "a",
        "an",
        "and",
        "any",
        "are",
        "by",
        "does",
        "for",
        "from",
        "have",
        "in",
        "is",
        "it",
        "of",
        "on",
        "or",
        "the",
        "to",
        "with",
    }
)


@dataclass(frozen=True, slots=True)
class Candidate:
    """An item, with a value for graded ones."""

    item: str
    value: str
    label: str
    named: frozenset[str]
    aside: frozenset[str]
    code: str
    diagnosis: bool = False
    test: bool = False

    @property
    def first(self) -> str:
        """The word its label begins with."""
        return next(iter(re.findall(r"[a-z0-9]+", self.label.casefold())), "")


@dataclass(frozen=True, slots=True)
class Found:
    """What a query means.

    Attributes:
        absent: whether it begins with a minus or "no".
        best: the candidate to set, or None when there is no clear one.
        offers: candidates to choose from, the best first.
    """

    absent: bool
    best: Candidate | None
    offers: tuple[Candidate, ...]


def _words(text: str) -> frozenset[str]:
    found = re.findall(r"[a-z0-9]+", text.casefold())
    return frozenset(word for word in found if word not in _SMALL)


def candidates(knowledge: KnowledgeBase) -> tuple[Candidate, ...]:
    """Everything that can be searched: findings, contexts and conditions."""
    found = []
    for row in knowledge.finding:
        aside = _words(row.question)
        if not knowledge.is_graded(row):
            one = _binary(row.id, row.label, aside, row.hpo)
            found.append(replace(one, test=row.step not in BEDSIDE))
            continue
        helps = row.grades_help.split("|")
        for value, meaning in zip(
            row.values, [*helps, *row.values][: len(row.values)], strict=True
        ):
            word = value.replace("_", " ")
            named = _words(f"{word} {row.id.replace('_', ' ')}")
            label = f"{row.label}: {word}"
            found.append(Candidate(row.id, value, label, named, _words(meaning) | aside, ""))
    found += [
        _binary(context.id, context.label, _words(context.question), "")
        for context in knowledge.binary_contexts
    ]
    for condition in knowledge.condition:
        aside = _words(condition.description)
        one = _binary(condition.id, condition.label, aside, condition.icd10)
        found.append(replace(one, label=f"Settled diagnosis: {one.label}", diagnosis=True))
    return tuple(found)


def _binary(item: str, label: str, aside: frozenset[str], code: str) -> Candidate:
    named = frozenset(map(_singular, _words(label) | _words(item.replace("_", " "))))
    return Candidate(item, "", label, named, aside, code.casefold())


def _asked(text: str) -> frozenset[str]:
    """The words of a query, a clinician's word in those of the labels."""
    plain = text.casefold().replace("\u2019", "'")
    for phrase, words in PHRASES.items():
        plain = plain.replace(phrase, words)
    plain = " ".join(SPOKEN.get(word, word) for word in re.findall(r"[a-z0-9']+", plain))
    return frozenset(_singular(word) for word in _words(plain))


def _singular(word: str) -> str:
    """A word without its plural ending; what begins a label's word is found all the same."""
    return word[:-1] if len(word) > 4 and word.endswith("s") and not word.endswith("ss") else word


def _merit(candidate: Candidate, words: frozenset[str]) -> float:
    """How well a candidate fits: every word must stand somewhere; long names are worth less."""
    total = 0.0
    for word in words:
        if word in candidate.named:
            total += _EXACT
        elif any(one.startswith(word) for one in candidate.named):
            total += _BEGINS
        elif any(one.startswith(word) for one in candidate.aside):
            total += _ASIDE
        else:
            return 0.0
    total += _FIRST * (candidate.first in words)
    share = len(words) / max(len(candidate.named), 1)
    return total / len(words) + min(share, 1.0)


def _said(candidate: Candidate, words: frozenset[str], *, alone: bool) -> bool:
    """Whether a query names what it enters.

    Naming a test does not say how it came out, and a word that stands only in the question is
    enough only when it stands in no other.
    """
    label = _words(candidate.label)
    told = sum(any(one.startswith(word) for word in words) for one in label)
    named = any(one.startswith(word) for word in words for one in candidate.named)
    return (named or alone) and (not candidate.test or told >= _TOLD * len(label))


def _inverted(text: str, candidate: Candidate | None) -> bool:
    """Whether "no ..." might mean the very thing that a label calls missing."""
    said = _words(text)
    if candidate is None or said & set(SPOKEN):
        return False
    return bool(_words(candidate.label) & _MISSING) and not said & _MISSING


def find(query: str, known: tuple[Candidate, ...]) -> Found:
    """Say what a query means.

    >>> from model.knowledge import load
    >>> find("-brisk", candidates(load())).best.item
    'reflexes_increased'
    """
    text = query.strip()
    negated = re.match(r"(-\s*|no\s+|not\s+)", text, re.IGNORECASE)
    if negated:
        text = text[negated.end() :]
    code = text.strip().casefold()
    for one in known:
        if code and (code in (one.item, one.code) or code == f"{one.item}={one.value}"):
            return Found(bool(negated), None if one.diagnosis else one, (one,))
    words = _asked(text)
    if not words:
        return Found(bool(negated), None, ())
    scored = [(merit, one) for one in known if (merit := _merit(one, words)) > 0]
    scored.sort(key=lambda pair: (-pair[0], len(pair[1].label)))
    if not scored:
        return Found(bool(negated), None, ())
    top = scored[0][0]
    offers = tuple(one for _, one in scored[:MOST])
    # a diagnosis is never entered by a word alone, nor a finding by a word that fits one better
    near = [(merit, one) for merit, one in scored if merit >= _NEAR * top and not one.diagnosis]
    clear = len(near) == 1 and near[0][0] == top and not (negated and near[0][1].value)
    inverted = (
        negated and negated[1].strip() != "-" and _inverted(text, near[0][1] if near else None)
    )
    if (
        not clear
        or inverted
        or not words - _GENERIC
        or not _said(near[0][1], words, alone=len(scored) == 1)
    ):
        return Found(bool(negated), None, offers)
    return Found(bool(negated), near[0][1], offers)
