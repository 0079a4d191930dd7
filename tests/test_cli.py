"""The command line: what it writes, prints, refuses."""

import io
import json
import os
import re
import shlex
import subprocess
import sys
import tempfile
import tomllib
import webbrowser
from dataclasses import replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from safetensors import safe_open

import nn
from nn import figures, tasks
from nn.cli import main, packages
from nn.datasets import (
    FASHION_CLASSES,
    HOUSING_FEATURES,
    california_housing,
    fashion_mnist_sample,
)

ROOT = Path(__file__).resolve().parents[1]
HEADER = ",".join(HOUSING_FEATURES)
HOUSING = "train", "california-housing"
PAGE = (ROOT / "book" / "command_line.md").read_text("utf-8")
SHELL = re.compile(r"(?s)```sh\n(.*?)```")
COMMANDS = {
    *("data", "train", "evaluate", "predict", "preview", "demo", "curves"),
    *("export", "baseline", "compare"),
}


@pytest.fixture
def run(capsys, tmp_path, monkeypatch):
    """Run a command in an empty folder; return code, output, errors."""
    monkeypatch.chdir(tmp_path)

    def call(*arguments):
        try:
            code = main([str(a) for a in arguments])
        except SystemExit as error:
            code = error.code
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    return call


@pytest.fixture
def bag(tmp_path):
    """A bag of the test set, as the array of a picture."""
    X, y = fashion_mnist_sample()
    return X[y == 8][0].reshape(28, 28)


def test_module_runs_as_a_command():
    done = subprocess.run(
        [sys.executable, "-m", "nn", "--help"],
        capture_output=True,
        text=True,
        env={**os.environ, "COLUMNS": "80"},
    )
    assert done.returncode == 0
    assert "examples:" in done.stdout
    for name in COMMANDS:
        assert f"\n    {name} " in done.stdout


def test_train_writes_everything_it_promises(run, tmp_path):
    code, out, err = run("train", "california-housing", "--epochs", 2)
    assert code == 0
    first, second = err.splitlines()
    assert first.startswith("epoch 1/2, loss ")
    assert second.startswith("epoch 2/2, loss ")
    assert out.startswith("test: loss 0.")
    assert out.endswith("\nwritten to runs/california-housing/\n")
    folder = tmp_path / "runs" / "california-housing"
    assert sorted(os.listdir(folder)) == [
        "curves.png",
        "metrics.json",
        "weights.safetensors",
    ]
    report = json.loads((folder / "metrics.json").read_text())
    assert report["seed"] == 0
    assert (report["batch_size"], report["lr"]) == (128, 1e-2)
    assert report["training_rows"] == 16_512
    assert len(report["history"]["loss"]) == report["epochs"] == 2
    assert set(report["test"]) == {"loss", "mean_absolute_error", "r2"}
    assert report["test"]["r2"] > 0.5
    assert report["seconds"] > 0
    assert {"python", "numpy"} <= report["versions"].keys()
    assert report["versions"]["from-one-neuron"] == nn.__version__
    assert Image.open(folder / "curves.png").size[0] > 300
    with safe_open(folder / "weights.safetensors", "numpy") as file:
        assert "2.W" in file.keys()  # noqa: SIM118


def test_a_run_repeats_with_its_seed(run, tmp_path):
    for name, seed in [("a", 3), ("b", 3), ("c", 4)]:
        options = "--epochs", 1, "--seed", seed, "--out", tmp_path / name
        assert run("train", "california-housing", *options)[0] == 0
    a, b, c = (
        json.loads((tmp_path / name / "metrics.json").read_text())["test"]
        for name in "abc"
    )
    assert a == b != c


def test_validation_rows_are_set_aside_and_followed(run, tmp_path):
    options = "--epochs", 1, "--validation", 0.1, "--settings", "plain"
    assert run("train", "california-housing", *options)[0] == 0
    path = tmp_path / "runs" / "california-housing" / "metrics.json"
    report = json.loads(path.read_text())
    assert report["training_rows"] == 14_861
    assert report["settings"] == "plain"
    assert "val_loss" in report["history"]


def test_predict_takes_weights_that_train_wrote(run, tmp_path):
    run("train", "california-housing", "--epochs", 1)
    (X, _), _ = california_housing()
    rows = "\n".join(",".join(map(repr, r)) for r in X[:2].tolist())
    (tmp_path / "d.csv").write_text(f"{HEADER}\n{rows}\n")
    own = tmp_path / "runs" / "california-housing" / "weights.safetensors"
    predict = "predict", "california-housing", "d.csv"
    ours, own = run(*predict), run(*predict, "--weights", own)
    assert ours[0] == own[0] == 0
    assert len(ours[1].splitlines()) == len(own[1].splitlines()) == 2
    assert ours[1] != own[1]
    for i, line in enumerate(ours[1].splitlines()):
        price = line.removeprefix(f"d.csv[{i}]: $")
        assert 10_000 < float(price.replace(",", "")) < 600_000


def test_predict_names_a_picture(run, bag, tmp_path):
    Image.fromarray(bag).save(tmp_path / "bag.png")
    code, out, err = run("predict", "fashion-mnist", "bag.png")
    assert (code, err) == (0, "")
    assert out.startswith("bag.png: Bag (")
    assert out.endswith("%)\n")


@pytest.mark.parametrize("change", ["large", "bright", "colour", "wide"])
def test_predict_adapts_a_picture_and_says_so(run, bag, tmp_path, change):
    picture = Image.fromarray(bag)
    said = "scaled from 140 x 140"
    if change == "large":
        picture = picture.resize((140, 140))
    elif change == "bright":
        picture, said = Image.fromarray(255 - bag), "inverted"
    elif change == "colour":
        picture = picture.resize((140, 140)).convert("RGB")
    else:
        wide = Image.new("L", (200, 140))
        wide.paste(picture.resize((140, 140)), (30, 0))
        picture, said = wide, "scaled from 200 x 140"
    picture.save(tmp_path / "bag.png")
    code, out, err = run("predict", "fashion-mnist", "bag.png")
    assert code == 0
    assert out.startswith("bag.png: Bag (")
    assert "expects 28 x 28 pixels, bright on black" in err
    assert said in err


def test_predict_takes_arrays(run, tmp_path):
    X, _ = fashion_mnist_sample()
    np.save("many.npy", X[:3])
    np.save("one.npy", X[0].reshape(28, 28))
    code, out, _ = run("predict", "fashion-mnist", "many.npy", "one.npy")
    lines = out.splitlines()
    assert code == 0
    assert [line.split(":")[0] for line in lines] == [
        "many.npy[0]",
        "many.npy[1]",
        "many.npy[2]",
        "one.npy",
    ]
    assert lines[0].split(": ")[1] == lines[3].split(": ")[1]
    assert any(name in lines[0] for name in FASHION_CLASSES)


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.zeros((28, 28)), "float64 of shape (28, 28)"),
        (np.zeros((3, 27, 28), np.uint8), "shape (3, 27, 28)"),
        (np.zeros((0, 784), np.uint8), "shape (0, 784)"),
        (np.array([{}], dtype=object), "cannot be read"),
    ],
)
def test_arrays_that_are_no_images(run, array, message):
    np.save("x.npy", array, allow_pickle=True)
    code, out, err = run("predict", "fashion-mnist", "x.npy")
    assert (code, out) == (1, "")
    assert message in err
    assert err.startswith("nn: x.npy must")
    assert err.endswith("nn: 1 of 1 files could not be used: x.npy\n")


@pytest.mark.parametrize("data", [b"", b"no picture", b"\x89PNG\r\n\x1a\n"])
def test_files_that_are_no_pictures(run, tmp_path, data):
    (tmp_path / "x.png").write_bytes(data)
    code, _, err = run("predict", "fashion-mnist", "x.png")
    assert code == 1
    assert "x.png must be a picture" in err


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "but has no MedInc, HouseAge"),
        ("MedInc,HouseAge\n1,2\n", "but has no AveRooms"),
        (HEADER + "\n", "has none"),
        (
            HEADER + "\n1,2,3,4,5,6,7,x\n",
            "line 2: Longitude must be a finite number, but is 'x'",
        ),
        (HEADER + "\n1,2,3,4\n", "line 2 must have 8 cells"),
        (HEADER + "\n1,2,3,4,5,6,7,nan\n", "Longitude must"),
        (
            HEADER + "\n0,2,3,4,5,6,7,8\n",
            "line 2: MedInc (10,000 USD)",
        ),
        (HEADER + "\n1,2,3,4,5,6,7,-inf\n", "Longitude must"),
        (HEADER + "\n1,inf,3,4,5,6,7,8\n", "HouseAge must"),
    ],
)
def test_tables_that_are_none(run, tmp_path, text, message):
    (tmp_path / "x.csv").write_text(text)
    code, out, err = run("predict", "california-housing", "x.csv")
    assert (code, out) == (1, "")
    assert message in err


def test_columns_in_any_order_and_from_standard_input(
    run, tmp_path, monkeypatch
):
    (X, _), _ = california_housing()
    row = dict(zip(HOUSING_FEATURES, X[0].tolist(), strict=True))
    text = f"{HEADER}\n{','.join(map(repr, row.values()))}\n"
    (tmp_path / "a.csv").write_text(text)
    names = [*reversed(HOUSING_FEATURES)]
    head = " , ".join(["id", *names])
    cells = ",".join(["x", *(repr(row[name]) for name in names)])
    (tmp_path / "b.csv").write_text(f"\ufeff{head}\n{cells}\n")
    expected = run("predict", "california-housing", "a.csv")
    code, out, _ = run("predict", "california-housing", "b.csv")
    assert (code, out) == (0, expected[1].replace("a.csv", "b.csv"))
    assert (expected[0], expected[2]) == (0, "")
    with open("a.csv") as file:
        monkeypatch.setattr(sys, "stdin", file)
        code, out, _ = run("predict", "california-housing", "-")
    assert (code, out) == (0, expected[1].replace("a.csv", "-"))


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["train", "mnist"], 2, "fashion-mnist, california-housing"),
        (
            [*HOUSING, "--epochs", "0"],
            2,
            "--epochs: it must be an integer of 1 or more, but is 0",
        ),
        ([*HOUSING, "--epochs", "1.5"], 2, "--epochs: it must be an int"),
        ([*HOUSING, "--seed", "-1"], 2, "--seed: it must be an integer of"),
        ([*HOUSING, "--seed", "x"], 2, "of 0 or more, but is 'x'"),
        ([*HOUSING, "--batch-size", "0"], 2, "--batch-size: it must be an"),
        ([*HOUSING, "--lr", "0"], 2, "--lr: it must be a finite number"),
        ([*HOUSING, "--lr", "inf"], 2, "--lr: it must be a finite number"),
        ([*HOUSING, "--lr", "fast"], 2, "above 0, but is 'fast'"),
        (
            [*HOUSING, "--settings", "x"],
            2,
            "--settings: it must be one of classic, plain, tuned, fourier",
        ),
        (
            ["train", "fashion-mnist", "--settings", "fourier"],
            2,
            "one of classic, plain, tuned, but is 'fourier'",
        ),
        ([*HOUSING, "--settings", "better"], 2, "now called 'tuned'"),
        ([*HOUSING, "--validation", "2"], 2, "--validation: it must be"),
        ([*HOUSING, "--validation", "-1"], 2, "at least 0 and below 1"),
        ([*HOUSING, "--valid", "0.1"], 2, "arguments: --valid"),
        ([*HOUSING, "--epochs"], 2, "--epochs: expected one argument"),
        (["data", "--folder", "gone"], 2, "--folder: it must be a folder"),
        (["data", "--folder", ""], 2, "--folder: it must be a name"),
        ([*HOUSING, "--out", ""], 2, "--out: it must be a name, but is ''"),
        (["curves", ""], 2, "FILE: it must be a name, but is ''"),
        (["evaluate", "fashion-mnist", "--weights", ""], 2, "be a name"),
        (["data", "x"], 2, "TASK: it must be one of fashion-mnist, "),
        (
            ["evaluate", "fashion-mnist", "--weights", "gone"],
            2,
            "--weights: it must be a file that exists, but is 'gone'",
        ),
        (["demo", "fashion-mnist", "--weights", "."], 2, "must be a file"),
        (["preview", "fashion-mnist", "--out", "p.jpg"], 2, "--out: it"),
        (
            ["demo", "fashion-mnist", "--out", "d.png"],
            2,
            "in .html, but is",
        ),
        (["export", "fashion-mnist", "--out", "d"], 2, "end in .onnx, but"),
        (
            ["curves", "a", "--out", "c.svg"],
            2,
            "end in .png, but is 'c.svg",
        ),
        (["curves"], 2, "FILE"),
        (["curves", "gone"], 1, "gone must be a file, but cannot be"),
        (["predict", "fashion-mnist", "gone.png"], 1, "gone.png"),
        (["predict", "california-housing", "gone.csv"], 1, "gone.csv"),
        (["predict", "fashion-mnist"], 2, "FILE"),
        (["result"], 2, "invalid choice: 'result'"),
    ],
)
def test_wrong_calls(run, arguments, code, message):
    found, out, err = run(*arguments)
    assert (found, out) == (code, "")
    assert message in err
    assert "Traceback" not in err


def test_a_damaged_weight_file_is_told(run, tmp_path, bag):
    (tmp_path / "w.safetensors").write_bytes(b"damaged")
    Image.fromarray(bag).save(tmp_path / "bag.png")
    options = "--weights", "w.safetensors"
    code, _, err = run("predict", "fashion-mnist", "bag.png", *options)
    assert code == 1
    assert "w.safetensors must be an intact" in err


def test_preview_draws_the_training_rows(run, monkeypatch):
    task, drawn = tasks.TASKS["california-housing"], []

    def preview(X, y):
        drawn.append((X, y))
        return figures.subplots()[0]

    changed = replace(task, preview=preview)
    monkeypatch.setitem(tasks.TASKS, task.name, changed)
    run("preview", "california-housing", "--out", "p.png")
    for found, expected in zip(drawn[0], task.data()[0], strict=True):
        assert np.array_equal(found, expected)


def test_preview_draws_a_picture(run, tmp_path):
    code, out, _ = run("preview", "california-housing", "--out", "p.png")
    assert code == 0
    assert "p.png" in out
    assert Image.open(tmp_path / "p.png").size[0] > 500


@pytest.mark.parametrize("task", ["fashion-mnist", "california-housing"])
def test_demo_writes_one_page_that_needs_no_other_file(
    run, tmp_path, monkeypatch, task
):
    opened = []
    monkeypatch.setattr(webbrowser, "open", lambda u: not opened.append(u))
    code, out, err = run("demo", task, "--out", "d.html")
    assert (code, out, err) == (0, "written to d.html\n", "")
    assert opened == [(tmp_path / "d.html").as_uri()]
    page = (tmp_path / "d.html").read_text()
    assert "data-nn=" in page
    assert not re.search(r"(?:src|href)=.(?:https?:)?//", page)
    assert run("demo", task, "--no-open", "--out", "e.html")[0] == 0
    assert len(opened) == 1
    monkeypatch.setattr(webbrowser, "open", lambda u: False)
    code, out, err = run("demo", task)
    assert (code, out) == (0, f"written to runs/{task}-demo.html\n")
    assert "open the file in one" in err


# --- before the training


def ours(**more):
    """The environment in which ``python -m nn`` is this package's."""
    return {**os.environ, "PYTHONPATH": str(ROOT), **more}


def call(*arguments, **more):
    """Run ``python -m nn`` as a process of its own."""
    more = {"capture_output": True, "env": ours(), **more}
    return subprocess.run([sys.executable, "-m", "nn", *arguments], **more)


@pytest.fixture
def untrained(monkeypatch):
    """Training and data are out of reach: what fails has to fail before."""

    def refuse(*_, **__):
        raise AssertionError("it was about to train")

    monkeypatch.setattr(tasks.Task, "train", refuse)


@pytest.mark.parametrize("name", ["weights.safetensors", "metrics.json"])
def test_a_folder_in_the_way_is_found_before(run, untrained, name):
    Path("a", name).mkdir(parents=True)
    code, out, err = run(*HOUSING, "--out", "a")
    assert (code, out) == (1, "")
    assert f"a/{name} must be a file, but is a folder" in err


def test_a_folder_that_takes_no_file_is_found_before(
    run, untrained, monkeypatch
):
    def denied(dir):
        raise PermissionError(13, "Permission denied", f"{dir}/tmp123")

    monkeypatch.setattr(tempfile, "TemporaryFile", denied)
    code, out, err = run(*HOUSING, "--out", "a")
    assert (code, out) == (1, "")
    assert err == "nn: a: Permission denied\n"


def test_a_file_instead_of_a_folder_is_found_before(run, untrained):
    Path("a").touch()
    code, out, err = run(*HOUSING, "--out", "a")
    assert (code, out) == (1, "")
    assert "nn: a must be a folder, but is a file" in err


@pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="no /proc")
def test_a_file_system_that_takes_no_file_is_found_before(run, untrained):
    code, out, err = run(*HOUSING, "--out", "/proc/self")
    assert (code, out) == (1, "")
    assert err.startswith("nn: /proc/self: ")


@pytest.mark.parametrize("module", ["matplotlib", "tqdm"])
def test_a_missing_package_is_named_before(
    run, untrained, module, monkeypatch
):
    monkeypatch.setitem(sys.modules, module, None)
    monkeypatch.setitem(sys.modules, f"{module}.pyplot", None)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    code, out, err = run(*HOUSING, "--out", "a")
    assert (code, out) == (1, "")
    assert err == (
        f"nn: this command needs {module}; install it with: "
        'pip install "from-one-neuron[commands]"\n'
    )
    assert not Path("a").exists()


@pytest.mark.parametrize(
    ("command", "module"),
    [
        ("preview", "matplotlib.pyplot"),
        ("compare", "keras"),
        ("compare", "tensorflow"),
        ("baseline", "keras"),
        ("baseline", "tensorflow"),
    ],
)
def test_what_a_command_needs_is_named_before(run, command, module):
    """As if the package were not there, and the data were out of reach."""
    block = f"import sys; sys.modules[{module!r}] = None; "
    if module == "tensorflow":  # Keras is there, on another backend
        block += "sys.modules['keras'] = sys; "
    code = (
        f"{block}import nn.tasks._task; from nn.cli import main; "
        "nn.tasks._task.Task.data = property(lambda task: 1 / 0, "
        "lambda task, data: None); "
        f"sys.exit(main([{command!r}, 'california-housing']))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, env=ours()
    )
    name = module.partition(".")[0]
    extra = "commands" if command == "preview" else "keras"
    assert (done.returncode, done.stdout) == (1, b"")
    assert done.stderr.decode() == (
        f"nn: this command needs {name}; install it with: "
        f'pip install "from-one-neuron[{extra}]"\n'
    )


def test_the_extras_hold_what_they_are_said_to():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())[
        "project"
    ]
    extras = project["optional-dependencies"]
    for module, wanted in packages.INSTALLED_BY.items():
        name, _, extra = wanted.rstrip("]").partition("[")
        held = project["dependencies"] if not extra else extras[extra]
        held = [*held, *extras["plot"]] if extra == "commands" else held
        assert any(re.match(rf"{module}\b", r) for r in held), module
        assert name in (project["name"], module)


@pytest.mark.parametrize("backend", ["module://no_such_backend", "foo"])
def test_a_backend_for_screens_is_not_needed(tmp_path, backend):
    done = call(
        *HOUSING,
        "--epochs",
        "1",
        "--out",
        tmp_path,
        env=ours(MPLBACKEND=backend),
    )
    assert done.returncode == 0
    assert done.stderr.startswith(b"epoch 1/1, loss ")
    assert (tmp_path / "curves.png").is_file()


# --- streams


def test_closed_streams(tmp_path):
    arguments = shlex.join([sys.executable, "-m", "nn"])
    train = shlex.join([*HOUSING, "--epochs", "1", "--out", str(tmp_path)])
    for line, code in (
        (f"{arguments} {train} >&-", 0),
        (f"{arguments} {train} >&- 2>&- <&-", 0),
        (f"{arguments} predict california-housing - <&-", 1),
        (f"{arguments} predict california-housing - <&- 2>&-", 1),
    ):
        done = subprocess.run(
            line, shell=True, env=ours(), capture_output=True
        )
        assert done.returncode == code
        assert b"Traceback" not in done.stderr
    assert (tmp_path / "metrics.json").is_file()


@pytest.mark.parametrize("encoding", ["cp1252", "ascii"])
def test_a_name_that_the_console_cannot_print(tmp_path, bag, encoding):
    Image.fromarray(bag).save(tmp_path / "模型.png")
    environment = ours(PYTHONIOENCODING=encoding)
    done = call(
        "predict",
        "fashion-mnist",
        "模型.png",
        cwd=tmp_path,
        env=environment,
    )
    assert done.returncode == 0
    assert done.stdout.startswith(b"??.png: Bag (")
    done = call(
        "predict", "fashion-mnist", "没有", cwd=tmp_path, env=environment
    )
    assert done.returncode == 1
    assert b"Traceback" not in done.stderr


@pytest.mark.skipif(os.name != "posix", reason="pipes of POSIX")
@pytest.mark.parametrize("arguments", [["--help"], ["predict"]])
def test_a_broken_pipe_ends_it_quietly(tmp_path, arguments):
    help_ = arguments == ["--help"]
    if not help_:
        table = tmp_path / "d.csv"
        row = "8.3,41,7,1,322,2.5,37.9,-122.2\n"
        table.write_text(f"{HEADER}\n{row * 20_000}")
        arguments = ["predict", "california-housing", str(table)]
    with subprocess.Popen(
        [sys.executable, "-m", "nn", *arguments],
        env=ours(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        process.stdout.close()  # as head does, sooner or later
        assert process.stderr.read() == b""
    # argparse passes over a help that nobody reads
    assert process.returncode in ((0, 141) if help_ else (141,))


# --- weights that say whose they are


def test_predict_needs_no_settings(run, tmp_path):
    run(*HOUSING, "--settings", "fourier", "--epochs", 1)
    row = "8.3,41,7,1,322,2.5,37.9,-122.2"
    (tmp_path / "d.csv").write_text(f"{HEADER}\n{row}\n")
    own = "--weights", "runs/california-housing/weights.safetensors"
    predict = "predict", "california-housing", "d.csv"
    code, out, err = run(*predict, *own)
    assert (code, err) == (0, "")
    assert run(*predict, *own, "--settings", "fourier") == (0, out, "")
    assert run(*predict) != (0, out, "")
    code, _, err = run(*predict, *own, "--settings", "tuned")
    assert code == 1
    assert (
        "must hold weights of the settings tuned, but holds those of" in err
    )
    code, _, err = run("predict", "fashion-mnist", "d.csv", *own)
    assert code == 1
    assert "must hold weights of the task fashion-mnist, but holds" in err
    code, _, err = run("demo", "california-housing", *own, "--no-open")
    assert code == 1
    assert "settings tuned" in err


def test_metrics_name_their_weights(run, tmp_path):
    run(*HOUSING, "--epochs", 1, "--out", "a")
    report = json.loads(Path("a/metrics.json").read_text())
    with safe_open("a/weights.safetensors", "numpy") as file:
        about = file.metadata()
    assert report["weights_sha256"] == about["sha256"]
    assert json.loads(about["report"])["test"] == report["test"]
    assert (about["task"], about["seed"]) == ("california-housing", "0")


@pytest.mark.parametrize(
    ("path", "error"),
    [("", ValueError), (0, TypeError), (False, TypeError)],
)
def test_what_is_no_path_is_not_the_shipped_weights(path, error):
    with pytest.raises(error, match="path must be the name of a file"):
        tasks.load("california-housing", path=path)


def test_one_epoch_is_a_point():
    pytest.importorskip("matplotlib")
    history = {"loss": [1.0], "val_loss": [2.0]}
    (ax,) = figures.training_curves(history)
    assert [line.get_marker() for line in ax.lines] == ["o", "o"]
    (ax,) = figures.training_curves({"loss": [1.0, 2.0]})
    assert ax.lines[0].get_marker() == "None"


def test_a_training_that_diverges_is_told(run, monkeypatch):
    settings = tasks.CALIFORNIA_HOUSING.settings
    wild = replace(settings["plain"], lr=1e30)
    monkeypatch.setitem(settings, "plain", wild)
    code, _, err = run(*HOUSING, "--settings", "plain", "--epochs", 2)
    assert "epoch 1, step " in err
    assert code == 1
    assert "Traceback" not in err
    assert "finite" in err


def test_the_step_size_and_the_batch_size_are_options(run):
    options = "--epochs", 1, "--batch-size", 256, "--lr", 1e30
    code, _, err = run(*HOUSING, *options)
    assert code == 1
    assert "nn: epoch 1, step " in err
    assert run(*HOUSING, *options[:-1], 0.02)[0] == 0
    report = json.loads(
        Path("runs/california-housing/metrics.json").read_text()
    )
    assert (report["batch_size"], report["lr"]) == (256, 0.02)


# --- what a person expects


@pytest.mark.parametrize(
    ("started", "name"),
    [("bin/nn", "nn"), ("nn/__main__.py", "python -m nn")],
)
def test_no_arguments_show_the_help(run, monkeypatch, started, name):
    monkeypatch.setattr(sys, "argv", [started])
    code, out, err = run()
    assert (code, err) == (0, "")
    assert out.startswith(f"usage: {name} ")
    assert run("--help") == (0, out, "")
    assert f"  {name} predict fashion-mnist samples/boot.png\n" in out


def test_the_version_is_that_of_the_distribution(run):
    assert nn.__version__ == version("from-one-neuron")
    code, out, _ = run("--version")
    assert code == 0
    assert (
        f"from-one-neuron {nn.__version__}, numpy {np.__version__}" in out
    )


def test_a_folder_that_is_not_installed_has_no_version(monkeypatch):
    def none(name):
        raise PackageNotFoundError(name)

    monkeypatch.setattr("importlib.metadata.version", none)
    with pytest.raises(AttributeError, match="no attribute '__version__'"):
        nn.__version__  # noqa: B018


def test_the_script_is_the_module(tmp_path):
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())[
        "project"
    ]
    module, function = project["scripts"]["nn"].split(":")
    code = (  # what pip writes into the script
        f"import sys; from {module} import {function}; "
        f"sys.argv[0] = 'nn'; sys.exit({function}())"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, "data", "x"],
        env=ours(),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 2
    assert done.stderr.startswith("usage: nn data ")
    assert call("data", "x").stderr.startswith(b"usage: python -m nn data ")


def test_the_help_shows_what_the_task_has(run):
    for order in (["fashion-mnist", "--help"], ["--help", "fashion-mnist"]):
        _, out, _ = run("train", *order)
        assert "fourier" not in out
        assert "one of classic, plain, tuned (default: tuned)" in out
    assert "tuned, fourier (default" in run("train", "--help")[1]
    said = run("predict", "california-housing", "--help")[1]
    assert "a CSV file" in said
    assert "picture" not in said


def test_evaluate_gives_the_scores_that_train_wrote(run):
    run(*HOUSING, "--epochs", 1, "--out", "a")
    report = json.loads(Path("a/metrics.json").read_text())
    own = "--weights", "a/weights.safetensors"
    code, out, err = run("evaluate", "california-housing", *own)
    assert (code, err) == (0, "")
    assert [line.split(": ")[0] for line in out.splitlines()] == [
        "train",
        "test",
    ]
    assert f"test: loss {report['test']['loss']:.4f}, " in out
    shipped = run("evaluate", "california-housing", "--settings", "fourier")
    assert shipped[1] != out


@pytest.mark.parametrize(
    ("task", "name"),
    [
        ("fashion-mnist", "boot.png"),
        ("california-housing", "districts.csv"),
    ],
)
def test_the_samples_are_rows_of_the_test_set(run, task, name):
    task, path = tasks.TASKS[task], ROOT / "samples" / name
    X = task.read(path)
    if task.classifies:
        images, _ = fashion_mnist_sample()
        expected, said = images[:1], f"{path}: Ankle boot ("
    else:
        _, (rows, _) = california_housing()
        expected, said = rows[: len(X)], f"{path}[0]: $"
    np.testing.assert_allclose(X, expected, rtol=1e-5)
    for given in (path, path.parent):  # the folder has others' files too
        code, out, err = run("predict", task.name, given)
        assert (code, err) == (0, "")
        assert out.startswith(said)
    assert task.example == f"samples/{name}"


def test_a_bad_file_does_not_stop_the_others(run, bag):
    Image.fromarray(bag).save("a.png")
    Path("b.png").write_bytes(b"no picture")
    Image.fromarray(bag).save("d.png")
    files = "a.png", "b.png", "c.png", "d.png"
    code, out, err = run("predict", "fashion-mnist", *files)
    assert code == 1
    assert [line[:10] for line in out.splitlines()] == [
        "a.png: Bag",
        "d.png: Bag",
    ]
    told = err.splitlines()
    assert told[0].startswith("nn: b.png must be a picture")
    assert told[1].startswith("nn: c.png must be a file")
    assert told[2:] == ["nn: 2 of 4 files could not be used: b.png, c.png"]
    code, found, err = run("predict", "fashion-mnist", ".")
    assert (code, found) == (1, out)
    assert err.endswith("nn: 1 of 3 files could not be used: b.png\n")


def test_a_folder_stands_for_its_files(run, bag):
    Path("in", "deeper").mkdir(parents=True)
    Path("in", "notes.txt").write_text("not a picture")
    np.save("in/b.npy", bag)
    Image.fromarray(bag).save("in/a.PNG")
    Image.fromarray(bag).save("in/c.tif")
    code, out, err = run("predict", "fashion-mnist", "in")
    assert (code, err) == (0, "")
    assert [line.split(" ")[0] for line in out.splitlines()] == [
        f"{Path('in', 'a.PNG')}:",
        f"{Path('in', 'b.npy')}:",
        f"{Path('in', 'c.tif')}:",
    ]
    code, out, err = run("predict", "fashion-mnist", "in/deeper")
    assert (code, out) == (1, "")
    assert (
        "in/deeper must be a file, or a folder with files that end" in err
    )


@pytest.mark.parametrize("form", ["PNG", "TIFF", "npy", "npy of version 2"])
def test_a_picture_comes_by_standard_input(bag, form):
    content = io.BytesIO()
    if form.startswith("npy"):
        version = (2, 0) if "version" in form else (1, 0)
        array = np.asfortranarray(bag)
        np.lib.format.write_array(content, array, version=version)
    else:
        Image.fromarray(bag).save(content, form)
    done = call("predict", "fashion-mnist", "-", input=content.getvalue())
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.startswith(b"-: Bag (")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no picture",
        b"\x93NUMPY",
        b"\x93NUMPY\x09\x00v\x00{}",
        b"\x93NUMPY\x01\x00v\x00{'descr': '|u1', 'fortran_order': False, "
        b"'shape': (1000000000000, 784)}" + b" " * 43 + b"\n123",
        b"\x93NUMPY\x01\x00v\x00{'descr': '|O', 'fortran_order': False, "
        b"'shape': (28, 28)}" + b" " * 56 + b"\n123",
    ],
)
def test_standard_input_that_is_no_picture(content):
    done = call("predict", "fashion-mnist", "-", input=content)
    assert (done.returncode, done.stdout) == (1, b"")
    assert done.stderr.startswith(b"nn: standard input must be ")
    assert b"could not be used: -" in done.stderr


def test_curves_of_several_trainings(run):
    for seed in range(2):
        run(*HOUSING, "--epochs", 2, "--seed", seed, "--out", f"${seed}^")
    assert run("curves", "$0^")[0] == 0
    one = Image.open("runs/curves.png").size
    code, out, err = run(
        "curves", "$0^/metrics.json", "$1^", "--out", "new/two.png"
    )
    assert (code, out, err) == (0, "written to new/two.png\n", "")
    two = Image.open("new/two.png").size
    assert (two[0], two[1]) == (one[0], 2 * one[1])


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{}",
        "[1]",
        '{"history": 1}',
        '{"history": {}}',
        '{"history": {"loss": []}}',
        '{"history": {"loss": ["a"]}}',
        '{"history": {"loss": [[1]]}}',
        '{"history": ' + "[" * 100_000,
        '{"history": {"loss": [1], "val_loss": [1, 2]}}',
        "\xff",
    ],
)
def test_files_without_a_history(run, text):
    Path("m.json").write_bytes(text.encode("latin-1"))
    code, out, err = run("curves", "m.json")
    assert (code, out) == (1, "")
    assert "m.json must be a metrics.json that train wrote" in err


def test_histories_of_different_quantities_are_not_mixed(run):
    for name in ("loss", "other"):
        Path(f"{name}.json").write_text(f'{{"history": {{"{name}": [1]}}}}')
    code, _, err = run("curves", "loss.json", "other.json")
    assert code == 1
    assert "have followed loss and other" in err


def test_onnx_is_written(run):
    said = run("export", "california-housing", "--out", "a.onnx")
    assert said == (0, "written to a.onnx\n", "")
    assert Path("a.onnx").stat().st_size > 1000


# --- what the pages show


@pytest.mark.parametrize("page", ["README.md", "book/command_line.md"])
def test_the_commands_of_the_pages_can_be_typed(run, monkeypatch, page):
    monkeypatch.setattr(webbrowser, "open", lambda _: True)
    Path("samples").symlink_to(ROOT / "samples")
    text = (ROOT / page).read_text("utf-8")
    lines = re.findall(r"(?m)^nn (.+)$", "".join(SHELL.findall(text)))
    assert len(lines) > 3
    for line in lines:
        arguments, _, given = line.partition(" <")
        arguments = shlex.split(arguments, comments=True)
        with open(given.strip() or os.devnull) as file:
            monkeypatch.setattr(sys, "stdin", file)
            code, out, err = run(*arguments)
        assert code == 0, (line, err)
        if arguments[0] == "predict":
            assert err == ""
        if "# " in line and arguments[0] == "predict":
            assert line.rpartition("# ")[2] in out
    shown = re.findall(r"(?s)```text\n(samples/.*?)```", text)
    task = "california-housing"
    _, out, _ = run("predict", task, "samples/districts.csv")
    assert shown in ([], [out])


def test_the_page_lists_all_commands():
    listed = re.findall(r"(?m)^\| `nn (\w+)` \|", PAGE)
    assert {*listed} == documented().keys() == COMMANDS


# --- what programs read


def objects(out):
    """The objects on the lines of an output, parsed strictly."""
    return [
        json.loads(s, parse_constant=pytest.fail)
        for s in out.split("\n")[:-1]
    ]


def documented():
    """The names that the page gives for the objects of each command."""
    found = {}
    for row in re.findall(r"(?m)^\| `\w.*\| one.*\|$", PAGE):
        commands, _, listed = row.strip("| ").split(" | ")
        names = {*re.findall(r"`(\w+)`", listed)}
        for command in re.findall(r"`(\w+)`", commands):
            found.setdefault(command, []).append(names)
    return found


def test_every_command_prints_the_objects_of_the_page(run, monkeypatch):
    monkeypatch.setattr(webbrowser, "open", lambda _: True)
    task, seen = "california-housing", set()

    def records(command, *arguments):
        seen.add(command)
        code, out, _ = run(command, *arguments, "--json")
        assert code == 0
        before = run("--json", command, *arguments)
        found = objects(out)
        assert all({*one} <= documented()[command][0] for one in found)
        if command != "train":  # which measures seconds
            assert objects(before[1]) == found
        return found

    (data,) = records("data", task)
    assert data["task"] == task
    assert Path(data["folder"]).is_dir()
    (trained,) = records("train", task, "--epochs", 1)
    folder = Path(trained.pop("written"))
    written = json.loads((folder / "metrics.json").read_text())
    own = "--weights", folder / "weights.safetensors"
    (scores,) = records("evaluate", task, *own)
    assert written.keys() == trained.keys()
    assert scores["test"] == written["test"]
    assert scores["settings"] == "tuned"
    found = records("predict", task, ROOT / "samples" / "districts.csv")
    assert [row["row"] for row in found] == [0, 1, 2, 3, 4]
    assert all(10_000 < row["price"] < 600_000 for row in found)
    for command, *given in (
        ("preview", task),
        ("demo", task),
        ("curves", folder),
    ):
        (said,) = records(command, *given)
        assert Path(said["written"]).is_file()
    assert trained.keys() | {"written"} == documented()["train"][0]
    assert scores.keys() == documented()["evaluate"][0]
    # these need Keras or ONNX: the tests below
    assert seen == COMMANDS - {"export", "baseline", "compare"}


def test_what_failed_is_an_object_too(run, bag):
    Image.fromarray(bag).save("b.png")
    code, out, err = run(
        "predict", "fashion-mnist", "gone.png", "b.png", "--json"
    )
    assert code == 1
    failed, said = objects(out)
    assert [{*failed}] == documented()["predict"][1:]
    assert said.keys() | {"price"} == documented()["predict"][0]
    assert failed["file"] == "gone.png"
    assert f"nn: {failed['error']}\n" in err
    assert said.pop("confidence") > 0.5
    assert said == {"file": "b.png", "row": 0, "class": "Bag"}


def test_the_version_is_an_object(run):
    for order in (["--version", "--json"], ["--json", "--version"]):
        (found,) = objects(run(*order)[1])
        assert found["from-one-neuron"] == nn.__version__


@pytest.mark.full
def test_keras_gives_objects_too(run, monkeypatch):
    pytest.importorskip("keras")
    task = tasks.CALIFORNIA_HOUSING
    short = replace(task.settings["classic"], epochs=1)
    with monkeypatch.context() as patch:
        patch.setitem(task.settings, "classic", short)
        code, out, err = run("baseline", task.name, "--json")
    assert code == 0
    (found,) = objects(out)
    assert [{*found}] == documented()["baseline"]
    assert "epoch 1/1, loss " in err
    assert 0.2 < found["test"]["loss"] < 2
    assert len(found["history"]["loss"]) == 1
    options = "--no-dropout", "--epochs", 1, "--json"
    code, out, err = run("compare", task.name, *options)
    assert code == 0
    assert "comparison 6/6\n" in err
    found = objects(out)
    assert all([{*row}] == documented()["compare"] for row in found)
    assert {row["type"] for row in found} == {"float32", "float64"}
    assert {row["epochs"] for row in found} == {1}
    assert [r["steps"] for r in found] == [1, 10, 100] * 6
    exact = [r for r in found if r["type"] == "float64"]
    ours = [r["weights"] for r in exact if r["between"] == "ours and Keras"]
    assert max(ours) < 1e-11
