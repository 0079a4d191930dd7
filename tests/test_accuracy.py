"""The accuracy: every run kept, tables made of the files alone."""

import json
import statistics
from dataclasses import replace

import pytest

from measure import accuracy
from measure.__main__ import main
from nn.tasks import TASKS

ROOT = accuracy.ROOT
FOLDER = ROOT / "results"


def report(task):
    return json.loads((FOLDER / f"{task}.json").read_text())


@pytest.fixture(params=list(TASKS))
def stored(request):
    return report(request.param)


def test_tables_of_the_book_and_the_readme_are_the_files(tmp_path):
    new = accuracy.tables(FOLDER)
    assert (FOLDER / "accuracy.md").read_text() == new
    readme = (ROOT / "README.md").read_text()
    new = accuracy.tables(FOLDER, paired=False)
    assert accuracy.fill_in(readme, new) == readme


def test_every_system_has_its_five_seeds(stored):
    names = {*TASKS[stored["task"]].settings, *accuracy.PEERS}
    assert set(stored["runs"]) == names
    for runs in stored["runs"].values():
        assert sorted(runs) == ["0", "1", "2", "3", "4"]


def test_a_number_of_the_table_by_hand(stored):
    runs = stored["runs"]["plain"].values()
    losses = [run["test"]["loss"] for run in runs]
    mean, deviation = statistics.mean(losses), statistics.stdev(losses)
    text = f"{mean:.3f}\u00a0±\u00a0{deviation:.3f}"
    task = TASKS[stored["task"]]
    (row,) = [
        line
        for line in accuracy.table(
            task, stored, "other settings", ["plain"]
        ).splitlines()
        if f" {task.settings['plain'].label} |" in line
    ]
    assert f" {text} |" in row


def test_a_difference_of_the_table_by_hand(stored):
    task, runs = TASKS[stored["task"]], stored["runs"]
    score = "accuracy" if task.classifies else "r2"
    values = [
        runs["tuned"][k]["test"][score] - runs["classic"][k]["test"][score]
        for k in "01234"
    ]
    half = 2.776 * statistics.stdev(values) / 5**0.5  # Student, 4 degrees
    mean = statistics.mean(values)
    (row,) = [
        line
        for line in accuracy.differences(task, stored).splitlines()
        if task.settings["tuned"].label in line.split("|")[1]
        and task.settings["classic"].label in line
    ]
    assert f" {mean:+.4f} |" in row
    interval = row.split("|")[4].replace("−", "-").split("\u00a0to ")
    low, high = map(float, interval)
    assert low == pytest.approx(mean - half, abs=2e-4)
    assert high == pytest.approx(mean + half, abs=2e-4)


def test_what_the_text_promises_of_the_accuracy():
    """The bounds that the project set itself, as the tables round."""

    def mean(task, name, score):
        runs = report(task)["runs"][name].values()
        return round(statistics.mean(r["test"][score] for r in runs), 4)

    assert mean("fashion-mnist", "classic", "accuracy") >= 0.862
    assert mean("fashion-mnist", "plain", "accuracy") >= 0.876
    assert mean("fashion-mnist", "tuned", "accuracy") >= 0.900
    assert mean("california-housing", "classic", "r2") >= 0.740
    assert mean("california-housing", "plain", "r2") >= 0.770
    assert mean("california-housing", "tuned", "r2") >= 0.800
    assert mean("california-housing", "fourier", "r2") >= 0.815


def test_a_stored_run_repeats():
    """One quick run on this machine, within what another CPU rounds."""
    task = TASKS["california-housing"]
    runs = report(task.name)["runs"]["plain"]
    again = accuracy.one_run(task, "plain", 0, task.data())
    assert again["test"]["r2"] == pytest.approx(
        runs["0"]["test"]["r2"], abs=0.02
    )


@pytest.mark.full
def test_measure_goes_on_where_it_ended(tmp_path, monkeypatch):
    task, calls = TASKS["california-housing"], []

    def run(task, name, seed, pairs):
        calls.append((name, seed))
        if len(calls) == 4:
            raise KeyboardInterrupt
        scores = {"loss": 1.0, "mean_absolute_error": 2.0, "r2": 0.5}
        return {"train": scores, "test": scores}

    monkeypatch.setattr(accuracy, "one_run", run)
    with pytest.raises(KeyboardInterrupt):
        accuracy.measure(task, tmp_path, range(2), log=lambda _: None)
    accuracy.measure(task, tmp_path, range(2), log=lambda _: None)
    names = [*task.settings, *accuracy.PEERS]
    assert len(calls) == 2 * len(names) + 1
    assert calls[3] == calls[4]
    found = accuracy.tables(tmp_path)
    assert "1.000\u00a0±\u00a00.000" in found
    assert "over 2 seeds" in found


def test_tables_alone_measure_nothing(tmp_path, monkeypatch):
    def refuse(*_, **__):
        raise AssertionError("measured")

    monkeypatch.setattr(accuracy, "measure", refuse)
    for task in TASKS:
        text = (FOLDER / f"{task}.json").read_text()
        (tmp_path / f"{task}.json").write_text(text)
    readme = tmp_path / "README.md"
    readme.write_text(f"a\n{accuracy.START}\nold\n{accuracy.END}\nb\n")
    options = ["--tables", "--out", str(tmp_path), "--readme", str(readme)]
    assert main(["accuracy", *options]) == 0
    text = readme.read_text()
    assert text.startswith("a\n")
    assert text.endswith("b\n")
    assert "old" not in text
    assert "Fashion-MNIST" in text
    assert (tmp_path / "fashion-mnist-curves.png").is_file()


def test_without_a_readme_nothing_is_measured(tmp_path, capsys):
    options = ["--readme", str(tmp_path / "none"), "--out", str(tmp_path)]
    assert main(["accuracy", *options]) == 1
    assert "none" in capsys.readouterr().err


@pytest.mark.parametrize(
    "name",
    [
        "sklearn",
        pytest.param("twin", marks=pytest.mark.full),
        pytest.param("baseline", marks=pytest.mark.full),
    ],
)
def test_every_peer_has_a_run(name):
    task = TASKS["california-housing"]
    short = {"classic": replace(task.settings["classic"], epochs=2)}
    few = tuple(a[:500] for a in task.data()[0])
    task = replace(task, settings=short)
    run = accuracy.one_run(task, name, 0, (few, few))
    assert run["train"] == run["test"]
    assert set(run["test"]) == {"loss", *task.metrics, *task.scores}
    assert ("history" in run) == (name == "baseline")
