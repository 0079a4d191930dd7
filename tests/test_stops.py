"""``python -m nn train`` is stopped, and nothing is lost."""

import json
import os
import random
import re
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
from small_task import SMALL, data

from nn.checkpoint import epochs_in
from nn.cli import main
from nn.weights import read_arrays

SCRIPT = Path(__file__).with_name("small_task.py")
ROOT = SCRIPT.parents[1]
POSIX = pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
NOTES = (
    r"nn: stopped( before the end of the first epoch"
    r"| after epoch \d+ of 12; go on with: .*)?\n"
)
STOPS = {
    signal.SIGINT: 130,
    signal.SIGTERM: 143,
    getattr(signal, "SIGKILL", None): -9,
}


def command(*arguments, **more):
    """Start ``train small``; return when it catches signals."""
    process = subprocess.Popen(
        [sys.executable, SCRIPT, "train", "small", *map(str, arguments)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        **more,
    )
    assert process.stdout.read(1) == b"."
    return process


def results(folder):
    """The arrays and the history of a training, and what is left."""
    arrays, about = read_arrays(folder / "weights.safetensors")
    report = json.loads((folder / "metrics.json").read_text())
    for name in ("test", "train", "seed"):
        assert json.loads(about["report"])[name] == report[name]
    bits = {name: a.tobytes() for name, a in arrays.items()}
    return bits, report["history"], sorted(os.listdir(folder))


@POSIX
def test_a_stopped_training_goes_on_with_the_same_bits(cases, tmp_path):
    """Trainings stopped by kill -9, SIGTERM or Ctrl-C end the same."""
    many, stops, rng = cases(20, 200), 0, random.Random(0)
    whole = tmp_path / "whole"
    start = time.perf_counter()
    with command("--out", whole) as process:
        assert process.wait() == 0
    longest = 1.1 * (time.perf_counter() - start)
    expected = results(whole)
    assert len(expected[1]["loss"]) == 12
    run = 0
    while stops < many:
        run += 1
        folder, code = tmp_path / f"{run}", None
        while code != 0:
            with command("--out", folder, "--resume") as process:
                number = rng.choice([*STOPS])
                try:
                    process.wait(rng.uniform(0, longest))
                except subprocess.TimeoutExpired:
                    process.send_signal(number)
                    stops += 1
                said = process.communicate()[1].decode()
            said = "".join(said.partition("nn: ")[1:])  # after progress
            code = process.returncode
            # Python's own end, when all is written, has Python's handlers
            assert code in (0, STOPS[number], -number), said
            assert said == "" or re.fullmatch(NOTES, said)
            assert (code in (130, 143)) == said.startswith("nn: stopped")
        assert results(folder) == expected


@POSIX
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_says_how_to_go_on(tmp_path, number):
    folder = tmp_path / "a folder"
    with command("--out", folder, "--epochs", 5000, "--seed", 3) as process:
        while epochs_in(folder / "checkpoint.safetensors") < 3:
            time.sleep(0.01)
        process.send_signal(number)
        said = process.communicate()[1].decode().splitlines()[-1]
    done = epochs_in(folder / "checkpoint.safetensors")
    assert process.returncode == STOPS[number]
    assert said == (
        f"nn: stopped after epoch {done} of 5000; go on with: nn "
        f"train small --out '{folder}' --epochs 5000 --seed 3 --resume"
    )
    with command(
        "--out", folder, "--epochs", 5000, "--seed", 3, "--resume"
    ) as process:
        said = process.stderr.readline(), process.stderr.readline()
        process.kill()
    assert said[0].decode() == f"going on after epoch {done}\n"
    assert said[1].decode().startswith(f"epoch {done + 1}/5000, ")


@POSIX
def test_a_second_signal_ends_it_at_once(tmp_path):
    with command("--out", tmp_path, "--epochs", 5000) as process:
        while not epochs_in(tmp_path / "checkpoint.safetensors"):
            time.sleep(0.01)
        for _ in range(3):
            process.send_signal(signal.SIGINT)
        said = process.communicate()[1].decode()
    assert process.returncode == 130
    assert "Traceback" not in said


@pytest.fixture
def run(capsys, tmp_path, monkeypatch):
    """Run ``train small`` in an empty folder: code, output, errors."""
    monkeypatch.chdir(tmp_path)

    def call(*arguments, tasks=None):
        arguments = ["train", "small", *map(str, arguments)]
        code = main(arguments, tasks or {"small": SMALL})
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    return call


@pytest.fixture
def stopped(run, monkeypatch):
    """The same, stopped after the third epoch by Ctrl-C."""

    def call(*arguments):
        from nn import tasks

        Task, train = tasks.Task, tasks.Task.train

        def until_three(*positional, on_epoch, **named):
            def stop(epoch, history):
                on_epoch(epoch, history)  # at its end
                if epoch == 2:
                    raise KeyboardInterrupt

            return train(*positional, on_epoch=stop, **named)

        with monkeypatch.context() as patch:
            patch.setattr(Task, "train", until_three)
            return run(*arguments)

    return call


def test_a_resumed_run_has_the_results_of_an_undisturbed_one(
    run, stopped, tmp_path
):
    assert run("--out", "a", "--validation", 0.1)[0] == 0
    code, _, err = stopped("--out", "b", "--validation", 0.1)
    assert code == 130
    assert "nn: stopped after epoch 3 of 12; go on with: " in err
    assert os.listdir("b") == ["checkpoint.safetensors"]
    code, _, err = run("--out", "b", "--validation", 0.1, "--resume")
    assert code == 0
    assert err.startswith("going on after epoch 3\nepoch 4/12, ")
    a, b = results(tmp_path / "a"), results(tmp_path / "b")
    assert a == b
    one, two = (
        json.loads(Path(name, "metrics.json").read_text()) for name in "ab"
    )
    assert one["weights_sha256"] == two["weights_sha256"]
    assert (one["seconds_of_epochs"], two["seconds_of_epochs"]) == (12, 9)


def test_without_a_checkpoint_it_says_so(run):
    code, _, err = run("--resume", "--epochs", 1, "--out", "a")
    assert code == 0
    assert err.startswith(
        "no checkpoint in a/ yet: beginning anew\nepoch 1"
    )


@pytest.mark.parametrize(
    ("other", "message"),
    [
        (["--seed", 1], "but seed is 0 in the file and 1 here"),
        (["--settings", "classic"], "but settings is tuned in the file"),
        (["--validation", 0.2], "but validation is 0.0 in the file and"),
        (["--epochs", 13], r"rule lr\("),
        (["--epochs", 2], "--epochs must be 3 or more"),
    ],
)
def test_other_settings_are_not_mixed(run, stopped, other, message):
    stopped("--out", "a")
    before = Path("a/checkpoint.safetensors").read_bytes()
    code, _, err = run("--out", "a", "--resume", *other)
    assert code == 1
    assert message.replace("\\", "") in err
    assert Path("a/checkpoint.safetensors").read_bytes() == before


def test_other_data_are_not_mixed(run, stopped):
    def others(**options):
        (X, y), *more = data(**options)
        return (X + 1, y), *more

    stopped("--out", "a")
    other = {"small": replace(SMALL, data=others)}
    code, _, err = run("--out", "a", "--resume", tasks=other)
    assert code == 1
    assert "but data is " in err


def test_more_epochs_may_follow_without_a_schedule(run, stopped):
    stopped("--out", "a", "--settings", "classic")
    arguments = "--settings", "classic", "--epochs", 13
    assert run("--out", "a", "--resume", *arguments)[0] == 0
    assert run("--out", "b", *arguments)[0] == 0
    assert results(Path("a")) == results(Path("b"))


def test_a_stopped_training_is_not_overwritten(run, stopped):
    stopped("--out", "a")
    code, out, err = run("--out", "a")
    assert (code, out) == (1, "")
    assert "add --resume to go on with it, or remove the file" in err


def test_a_lost_exception_stops_after_the_step(run, monkeypatch):
    """Python drops what a handler raises within some callbacks."""
    from nn import cli
    from nn.cli import _train

    begin = _train.progress

    def dropped(*arguments, **named):
        cli.Signals.number = 2
        return begin(*arguments, **named)

    monkeypatch.setattr(cli.Signals, "number", None)
    monkeypatch.setattr(_train, "progress", dropped)
    code, out, err = run("--out", "a")
    assert (code, out) == (130, "")
    assert err == "nn: stopped before the end of the first epoch\n"


def test_a_full_disk_loses_nothing(run, monkeypatch):
    from nn import checkpoint

    save, saved = checkpoint.save_arrays, []

    def fail(path, *more, **named):
        if len(saved) == 4:
            raise OSError(28, "No space left on device", str(path))
        saved.append(save(path, *more, **named))

    with monkeypatch.context() as patch:
        patch.setattr(checkpoint, "save_arrays", fail)
        code, _, err = run("--out", "a")
    assert code == 1
    lines = err.splitlines()
    (failed,) = (n for n, s in enumerate(lines) if "No space" in s)
    name = "a/checkpoint.safetensors"
    assert lines[failed] == f"nn: {name}: No space left on device"
    assert lines[failed + 1].startswith(
        "nn: stopped after epoch 4 of 12; go on with"
    )
    assert run("--out", "a", "--resume")[0] == run("--out", "b")[0] == 0
    assert results(Path("a")) == results(Path("b"))
