"""The race: its protocol, its arithmetic, and the tables it makes."""

import json
import shutil
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from measure import systems, textbook, worker
from measure.__main__ import main
from measure.race import case
from measure.tables import number, ratios, spread, tables
from measure.turns import Budget, environment, race
from nn import (
    L2,
    Adam,
    Dense,
    MeanSquaredError,
    ReLU,
    Sequential,
    SoftmaxCrossEntropy,
    train_step,
)
from nn.tasks import TASKS

ROOT = Path(__file__).parents[1]
STORED = ROOT / "results" / "benchmark.json"
CASE = case(TASKS["california-housing"], 1, rows=300)
QUIET = {"log": lambda _: None}
LIBRARIES = {
    "nn-before": "none",
    "keras": "keras",
    "keras-tuned": "keras",
    "torch": "torch",
    "sklearn": "sklearn",
    "jax": "jax",
}
INSTALLED = {
    name: {}
    for name in systems.SYSTEMS
    if find_spec(LIBRARIES.get(name, "numpy"))
}


@pytest.fixture(scope="module")
def small():
    """A race of two rounds on 300 rows, of all that is installed."""
    return race(CASE, INSTALLED, 2, Budget(0), predictions=1, **QUIET)


def test_every_system_takes_its_turns(small):
    assert set(small["systems"]) == {*INSTALLED}
    for name, found in small["systems"].items():
        assert len(found["seconds"]) == 2
        assert min(found["seconds"]) > 0
        assert found["peak"] > 10
        assert ("predict_1" in found) == (name != "floor")
    assert small["systems"]["nn"]["predict_10000"][0] < 10


@pytest.mark.data
def test_a_classifier_races_too():
    what = case(TASKS["fashion-mnist"], 1, rows=300)
    found = race(what, INSTALLED, 1, Budget(0), predictions=1, **QUIET)
    assert set(found["systems"]) == {*INSTALLED}


def test_ratios_are_taken_round_by_round():
    seconds = {"a": [1.0, 2.0, 9.0], "b": [2.0, 2.0, 3.0]}
    report = {"systems": {k: {"seconds": v} for k, v in seconds.items()}}
    expected = {"median": 1.0, "min": 0.5, "max": 3.0}
    assert ratios(report, "a", "b") == expected
    assert spread([1.23456]) == dict.fromkeys(expected, 1.235)


def test_turns_count_epochs_and_end():
    orders = iter([{"epochs": 2}, {"epochs": 1}, {"epochs": 0}])
    said = []
    turns = worker.Turns(lambda: next(orders), said.append)
    assert turns.wait()
    assert [turns(), turns(), turns()] == [False, False, True]
    assert len(said) == 2
    assert set(said[0]) == {"seconds", "cpu", "peak"}


def test_nothing_is_set_for_openblas_alone(monkeypatch):
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "7")
    monkeypatch.setenv("OPENBLAS_CORETYPE", "Prescott")
    env = environment(2)
    assert not [name for name in env if "OPENBLAS" in name]
    assert env["OMP_NUM_THREADS"] == "2"


@pytest.fixture
def keep_global_state():
    state = np.random.get_state()  # noqa: NPY002
    yield
    np.random.set_state(state)  # noqa: NPY002


@pytest.mark.usefixtures("keep_global_state")
@pytest.mark.parametrize("sizes", [(5, 4, 3, 3), (5, 4, 3, 1)])
def test_the_textbook_style_does_the_same_step(sizes, rng, monkeypatch):
    monkeypatch.setattr(textbook, "RATE", 0.0)
    theirs = textbook.Network(sizes)
    f8 = {"dtype": np.float64, "rng": 0}
    hidden = {"regularizer": L2(textbook.PENALTY), **f8}
    hidden = Dense(5, 4, **hidden), ReLU(), Dense(4, 3, **hidden)
    ours = Sequential(*hidden, ReLU(), Dense(3, sizes[-1], **f8))
    dense = [a for a in theirs.layers if isinstance(a, textbook.Dense)]
    X, classes = rng.standard_normal((6, 5)), sizes[-1] > 1
    y = rng.integers(0, 3, 6) if classes else rng.standard_normal((6, 1))
    for a, b in zip(dense, ours.layers[::2], strict=True):
        a.weights[...] = b.W
    loss = (SoftmaxCrossEntropy if classes else MeanSquaredError)()
    adam = Adam(textbook.LR, lr_decay=1e-4)
    for _ in range(3):
        L, _ = train_step(ours, X, y, loss=loss, optimizer=adam)
        assert theirs.step(X, y)[0] == pytest.approx(L)
    for a, b in zip(dense, ours.layers[::2], strict=True):
        assert a.weights == pytest.approx(b.W, abs=1e-6)


def test_the_floor_makes_the_products_of_an_epoch(rng):
    X, y = rng.random((300, 8), np.float32), rng.random((300, 1))
    given = {k: v for k, v in CASE.items() if k != "rows"}
    system = systems.Floor(systems.Case(X, y, **given))
    assert system.rows == [128, 128, 44]
    calls = []
    system.train(lambda: calls.append(1) or len(calls) == 2)
    expected = system.A[0].T @ system.dZ[1]
    system.step(128)
    assert system.dW[0] == pytest.approx(expected, rel=1e-4, abs=1e-4)


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.25678, "0.257"), (12.34, "12.3"), (1234.5, "1,230"), (7, "7")],
)
def test_numbers_of_the_tables(value, text):
    assert number(value) == text


def test_the_stored_tables_are_the_stored_file():
    report = json.loads(STORED.read_text(encoding="utf-8"))
    text = STORED.with_suffix(".md").read_text(encoding="utf-8")
    assert text == tables(report)
    assert not report["quick"]


def test_tables_alone_measure_nothing(tmp_path):
    (tmp_path / STORED.name).write_bytes(STORED.read_bytes())
    assert main(["race", "--tables", "--out", str(tmp_path)]) == 0
    text = (tmp_path / "benchmark.md").read_text(encoding="utf-8")
    assert text == STORED.with_suffix(".md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--systems", "floor,keras"], "must be nn, floor"),
        (["--systems", "nn,floor,nn-before"], "needs --before"),
        (["--before", "tests"], "--before must be"),
    ],
)
def test_a_race_that_cannot_be_is_refused(capsys, options, message):
    assert main(["race", *options]) == 1
    assert message in capsys.readouterr().err


def test_an_older_commit_races_beside_this_one(tmp_path):
    shutil.copytree(ROOT / "nn", tmp_path / "nn")
    trace = tmp_path / "imported"
    with open(tmp_path / "nn" / "__init__.py", "a") as file:
        file.write(f"\nopen({str(trace)!r}, 'a').write('x')\n")
    before = {"before": str(tmp_path)}
    names = {"nn": {}, "nn-before": before, "floor": {}}
    found = race(CASE, names, 1, Budget(0), **QUIET)
    assert trace.read_text() == "x"  # in the one process, not in the others
    assert {*found["systems"]} == {*names}
    assert "before" not in found


def test_the_textbook_has_the_classic_settings():
    for task in TASKS.values():
        classic = task.settings["classic"]
        given = textbook.PENALTY, textbook.RATE, textbook.LR
        assert given == (classic.l2, classic.dropout, classic.lr)


def test_requirements_name_no_host():
    text = (ROOT / "measure" / "requirements.txt").read_text()
    assert "://" not in text
    assert "index" not in text
