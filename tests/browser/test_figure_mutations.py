"""Faults planted in the figures are caught: the other tests can fail."""

import pytest
from mutations import MUTANTS, caught, name

from nn.figures import _figure


@pytest.mark.torture
@pytest.mark.parametrize("mutant", MUTANTS, ids=map(name, MUTANTS))
def test_fault_is_caught(browser, mutant):
    assert caught(browser, mutant) is not None


def test_every_figure_is_broken_in_several_ways():
    for figure in _figure.names():
        assert sum(m[0] == figure for m in MUTANTS) >= 4
