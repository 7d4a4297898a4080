"""What every kind of test starts from: the shipped knowledge base, ready in primary care."""

from __future__ import annotations

import os

import pytest
from hypothesis import HealthCheck, settings

from model.knowledge import KnowledgeBase, load
from model.reasoner import Reasoner, build_reasoner
from model.screening import Screener
from model.vocabulary import Vocabulary

#: Few examples by default, the same every time; PARESIS_EXAMPLES=1000 searches harder.
settings.register_profile(
    "paresis",
    derandomize=True,
    deadline=None,
    max_examples=int(os.environ.get("PARESIS_EXAMPLES", "25")),
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
settings.load_profile("paresis")


@pytest.fixture(scope="session")
def knowledge() -> KnowledgeBase:
    """The shipped knowledge base."""
    return load()


@pytest.fixture(scope="session")
def reasoner(knowledge: KnowledgeBase) -> Reasoner:
    """The shipped knowledge base, solved for primary care."""
    return build_reasoner(knowledge, setting="primary_care")


@pytest.fixture(scope="session")
def vocabulary(knowledge: KnowledgeBase) -> Vocabulary:
    """The items of the shipped knowledge base (no numbers are solved for it)."""
    return Vocabulary.of(knowledge)


@pytest.fixture(scope="session")
def screener(knowledge: KnowledgeBase, vocabulary: Vocabulary) -> Screener:
    """The rules of the shipped knowledge base (no numbers are solved for it)."""
    return Screener(knowledge, vocabulary)
