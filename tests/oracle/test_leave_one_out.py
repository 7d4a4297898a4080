"""The truth lies outside the model: P(unexplained) has to say so.

Under the model's own patients the mean of P(unexplained) stays what it was before the findings (a
posterior averages to its prior), so a rise says that the patients are none of the model's.
"""

import numpy as np
import pytest

from model.engine import Engine
from tests.oracle.removal import removals, without
from tests.oracle.shipped import shipped


@pytest.fixture(scope="module")
def table():
    """Forty patients for every condition."""
    return removals(shipped())


def test_a_removed_condition_never_occurs():
    """A condition taken out has no probability left, even where others bring it about."""
    ours = shipped()
    for i in np.flatnonzero(ours.net.cause.any(axis=0)):
        reduced = Engine(without(ours.net, int(i)), ours.engine.orders, ours.groups[:0])
        assert reduced.posterior(ours.case({}, rest=0)).condition[i] == 0


def test_more_is_unexplained_without_the_true_condition(table):
    """For every condition its patients are on average less explained when it is taken out."""
    assert [row.condition for row in table if row.after <= row.full] == []


def test_findings_of_an_unknown_disease_raise_unexplained(table):
    """Findings of a missing condition raise P(unexplained), on average and for most conditions."""
    rise = np.array([row.after - row.before for row in table])
    assert rise.mean() > 0
    assert (rise > 0).mean() > 2 / 3


def test_the_full_network_finds_what_the_reduced_one_misses(table):
    """In the full network the findings leave less unexplained than the reduced one had before."""
    assert np.mean([row.full for row in table]) < np.mean([row.before for row in table])
