"""Results: every run kept, tables made of the files and of nothing else."""

import json
import re
import statistics

import pytest

from nn.tasks import TASKS, _results
from nn.tasks.commands import main

ROOT = _results.Path(__file__).parents[1]
FOLDER = ROOT / "results"


def report(task):
    return json.loads((FOLDER / f"{task}.json").read_text())


@pytest.fixture(params=list(TASKS))
def stored(request):
    return report(request.param)


def test_tables_of_the_book_and_the_readme_are_the_files(tmp_path):
    new = _results.tables(FOLDER)
    assert (FOLDER / "accuracy.md").read_text() == new
    readme = (ROOT / "README.md").read_text()
    assert _results.between(readme, new) == readme


def test_every_system_has_its_five_seeds(stored):
    names = {*TASKS[stored["task"]].settings, *_results.PEERS}
    assert set(stored["runs"]) == names
    for runs in stored["runs"].values():
        assert sorted(runs) == ["0", "1", "2", "3", "4"]


def test_a_number_of_the_table_by_hand(stored):
    runs = stored["runs"]["he"].values()
    losses = [run["test"]["loss"] for run in runs]
    mean, deviation = statistics.mean(losses), statistics.stdev(losses)
    text = f"{mean:.3f}\u00a0±\u00a0{deviation:.3f}"
    (row,) = [
        line
        for line in _results.table(stored).splitlines()
        if line.startswith(f"| {_results.OURS['he']} |")
    ]
    assert f" {text} |" in row


def test_what_the_text_promises_of_the_accuracy():
    """The bounds that the project set itself, as means over the seeds."""

    def mean(task, name, score):
        runs = report(task)["runs"][name].values()
        return statistics.mean(run["test"][score] for run in runs)

    assert mean("fashion-mnist", "classic", "accuracy") >= 0.862
    assert mean("fashion-mnist", "he", "accuracy") >= 0.876
    assert mean("fashion-mnist", "better", "accuracy") >= 0.900
    assert mean("california-housing", "classic", "r2") >= 0.740
    assert mean("california-housing", "he", "r2") >= 0.770
    assert mean("california-housing", "better", "r2") >= 0.800
    assert mean("california-housing", "map", "r2") >= 0.815


def test_a_stored_run_repeats():
    """One quick run on this machine, within what another CPU rounds."""
    task = TASKS["california-housing"]
    runs = report(task.name)["runs"]["he"]
    again = _results.ours(task, "he", 0, task.data())
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

    monkeypatch.setattr(_results, "ours", run)
    monkeypatch.setattr(_results, "peer", run)
    with pytest.raises(KeyboardInterrupt):
        _results.measure(task, tmp_path, range(2), say=lambda _: None)
    _results.measure(task, tmp_path, range(2), say=lambda _: None)
    names = [*task.settings, *_results.PEERS]
    assert len(calls) == 2 * len(names) + 1
    assert calls[3] == calls[4]
    found = _results.tables(tmp_path)
    assert "1.000\u00a0±\u00a00.000" in found
    assert "over 2 seeds" in found


def test_tables_alone_measure_nothing(tmp_path, monkeypatch):
    def refuse(*_, **__):
        raise AssertionError("measured")

    monkeypatch.setattr(_results, "measure", refuse)
    for task in TASKS:
        text = (FOLDER / f"{task}.json").read_text()
        (tmp_path / f"{task}.json").write_text(text)
    readme = tmp_path / "README.md"
    readme.write_text(f"a\n{_results.START}\nold\n{_results.END}\nb\n")
    options = ["--tables", "--out", str(tmp_path), "--readme", str(readme)]
    assert main(["results", *options]) == 0
    text = readme.read_text()
    assert text.startswith("a\n")
    assert text.endswith("b\n")
    assert "old" not in text
    assert "Fashion-MNIST" in text


def test_the_code_of_the_readme_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    text = (ROOT / "README.md").read_text()
    (code,) = re.findall(r"(?s)```python\n(.*?)```", text)
    names = {}
    exec(code, names)
    assert names["history"]["loss"][-1] < names["history"]["loss"][0]
    assert (tmp_path / "xor.safetensors").is_file()
