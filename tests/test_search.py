"""The search for settings: validation rows alone, nothing lost."""

import json
from dataclasses import replace

import pytest

from measure import search
from measure.__main__ import main
from nn.tasks import TASKS

FOLDER = search.ROOT / "results"
HOUSING = TASKS["california-housing"]


@pytest.fixture
def small(monkeypatch):
    """A task with few rows, no test rows, and a grid of four candidates."""

    def data(validation):
        (X, y), _, (X_val, y_val) = HOUSING.data(validation=validation)
        return (X[:300], y[:300]), None, (X_val[:100], y_val[:100])

    tuned = replace(HOUSING.settings["tuned"], epochs=2)
    settings = HOUSING.settings | {"tuned": tuned}
    task = replace(HOUSING, data=data, settings=settings)
    grid = {"l2": (0.0, 3e-4), "lr": (1e-3, 1e-2)}
    monkeypatch.setitem(search.GRIDS, task.name, grid)
    return task


def test_every_candidate_is_ranked_without_test_rows(small):
    report = {}
    search.measure(small, report, range(2), list, log=lambda _: None)
    runs = report[small.name]
    assert list(runs) == [
        "l2 0, lr 0.001",
        "l2 0, lr 0.01",
        "l2 0.0003, lr 0.001",
        "l2 0.0003, lr 0.01",
    ]
    assert all(sorted(seeds) == ["0", "1"] for seeds in runs.values())
    lines = search.table(small, runs).splitlines()[2:]
    scores = [
        float(line.split("|")[3].split("\u00a0")[0]) for line in lines
    ]
    assert scores == sorted(scores, reverse=True)
    (row,) = [line for line in lines if "l2 0.0003, lr 0.01" in line]
    assert "| tuned |" in row


def test_the_search_continues_where_it_ended(small):
    report, calls = {}, []

    def store():
        calls.append(json.dumps(report))
        if len(calls) == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        search.measure(small, report, range(1), store, log=lambda _: None)
    report = json.loads(calls[-1])
    search.measure(small, report, range(1), store, log=lambda _: None)
    assert len(calls) == 4


@pytest.fixture
def stored():
    return json.loads((FOLDER / "search.json").read_text())


def test_the_whole_grid_is_on_record(stored):
    assert (FOLDER / "search.md").read_text() == search.tables(stored)
    for task in TASKS.values():
        assert list(stored[task.name]) == list(search.candidates(task))
        for seeds in stored[task.name].values():
            assert sorted(seeds) == ["0", "1", "2"]


def test_tables_alone_search_nothing(tmp_path, stored, monkeypatch):
    monkeypatch.setattr(search, "measure", None)
    (tmp_path / "search.json").write_text(json.dumps(stored))
    assert main(["search", "--tables", "--out", str(tmp_path)]) == 0
    assert (tmp_path / "search.md").read_text() == search.tables(stored)
