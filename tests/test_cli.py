"""``python -m nn``: what it writes, prints, refuses."""

import json
import os
import re
import shlex
import subprocess
import sys
import tempfile
import webbrowser
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from safetensors import safe_open

from nn import figures, tasks
from nn.cli import main
from nn.datasets import (
    FASHION_CLASSES,
    HOUSING_FEATURES,
    california_housing,
    fashion_mnist_sample,
)

ROOT = Path(__file__).resolve().parents[1]
HEADER = ",".join(HOUSING_FEATURES)
HOUSING = "train", "california-housing"


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
    for name in ("data", "train", "predict", "compare", "demo"):
        assert f"\n    {name} " in done.stdout


def test_train_writes_everything_it_promises(run, tmp_path):
    code, out, err = run("train", "california-housing", "--epochs", 2)
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert lines[0].startswith("epoch 1/2  loss ")
    assert lines[2].startswith("test: loss 0.")
    folder = tmp_path / "runs" / "california-housing"
    assert sorted(os.listdir(folder)) == [
        "curves.png",
        "metrics.json",
        "weights.safetensors",
    ]
    report = json.loads((folder / "metrics.json").read_text())
    assert report["seed"] == 0
    assert report["training_rows"] == 16_512
    assert len(report["history"]["loss"]) == report["epochs"] == 2
    assert set(report["test"]) == {"loss", "mean_absolute_error", "r2"}
    assert report["test"]["r2"] > 0.5
    assert report["seconds"] > 0
    assert {"python", "numpy"} <= report["versions"].keys()
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
    assert ours[1].startswith("$")
    assert 10_000 < float(ours[1].split()[0][1:].replace(",", "")) < 600_000


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
    assert "x.npy must" in err


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
    assert run("predict", "california-housing", "b.csv") == expected
    with open("a.csv") as file:
        monkeypatch.setattr(sys, "stdin", file)
        assert run("predict", "california-housing", "-") == expected


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["train", "mnist"], 2, "fashion-mnist, california-housing"),
        (
            [*HOUSING, "--epochs", "0"],
            2,
            "integer of 1 or more, but is '0'",
        ),
        ([*HOUSING, "--seed", "-1"], 2, "--seed: must be an integer of 0"),
        ([*HOUSING, "--seed", "x"], 2, "integer of 0 or more, but is 'x'"),
        (
            [*HOUSING, "--settings", "x"],
            1,
            "classic, plain, tuned, fourier",
        ),
        ([*HOUSING, "--settings", "better"], 1, "now called 'tuned'"),
        ([*HOUSING, "--validation", "2"], 1, "fraction"),
        (["predict", "fashion-mnist", "gone.png"], 1, "gone.png"),
        (["predict", "california-housing", "gone.csv"], 1, "gone.csv"),
        (["predict", "fashion-mnist"], 2, "FILE"),
        ([], 2, "COMMAND"),
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
    code, out, _ = run("demo", task)
    assert code == 0
    assert "open the file in one" in out


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
    assert err == "nn: [Errno 13] Permission denied: 'a'\n"


def test_a_file_instead_of_a_folder_is_found_before(run, untrained):
    Path("a").touch()
    code, out, err = run(*HOUSING, "--out", "a")
    assert (code, out) == (1, "")
    assert "'a'" in err


@pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="no /proc")
def test_a_file_system_that_takes_no_file_is_found_before(run, untrained):
    code, out, err = run(*HOUSING, "--out", "/proc/self")
    assert (code, out) == (1, "")
    assert "'/proc/self'" in err


@pytest.mark.parametrize("module", ["matplotlib", "tqdm"])
def test_a_missing_package_is_named_before(
    run, untrained, module, monkeypatch
):
    monkeypatch.setitem(sys.modules, module, None)
    monkeypatch.setitem(sys.modules, f"{module}.pyplot", None)
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    code, _, err = run(*HOUSING, "--out", "a")
    assert code == 1
    assert f"needs {module}" in err
    assert '".[commands]"' in err


def test_no_keras_names_the_extra_that_installs_it(run, monkeypatch):
    monkeypatch.setitem(sys.modules, "keras", None)
    for name in ("nn.keras.twin", "nn.keras.baseline", "nn.keras"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    code, _, err = run("baseline", "california-housing")
    assert code == 1
    assert 'pip install -e ".[keras]"' in err


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
    assert (done.returncode, done.stderr) == (0, b"")
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


@pytest.mark.parametrize("path", ["", 0, False])
def test_what_is_no_path_is_not_the_shipped_weights(path):
    with pytest.raises(ValueError, match="path must be the name of a file"):
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
    assert code == 1
    assert "Traceback" not in err
    assert "finite" in err
