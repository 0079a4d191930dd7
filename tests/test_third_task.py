"""A third task: one file, and every command takes it."""

import json
import os
import webbrowser
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from nn import Normalization, SoftmaxCrossEntropy, accuracy, figures
from nn.cli import main
from nn.tasks import Settings, Task

load_digits = pytest.importorskip("sklearn.datasets").load_digits
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")


def digits(*, validation=0.0):
    """1,500 digits of 8 x 8 pixels to train, 297 to test."""
    X, y = load_digits(return_X_y=True)
    X, n = X.astype(np.float32), round(1500 * (1 - validation))
    parts = (X[:n], y[:n]), (X[1500:], y[1500:]), (X[n:1500], y[n:1500])
    return parts if validation else parts[:2]


def rescaled(X):
    """Pixels from 0 to 16 become numbers from 0 to 1."""
    return [Normalization(mean=0, std=16)]


def preview(X, y):
    """The first ten digits."""
    fig, axes = figures.subplots(1, 10, figsize=(7, 1))
    for ax, x in zip(axes, X, strict=False):
        ax.imshow(x.reshape(8, 8))
    return fig


def demo(model):
    """The pixels of one digit, and the confidences."""
    y = digits()[0][1]
    return figures.Figure(
        "fashion",
        alt="A picture of 8 by 8 pixels and the confidences as bars.",
        network=figures.network(model.state()),
        images=np.zeros((1, 784), np.uint8),
        labels=y[:1].astype(np.uint8),
        classes=[str(k) for k in range(10)],
        start=0,
    )


DIGITS = Task(
    name="digits",
    title="Digits",
    data=digits,
    locate=lambda folder=None: (
        Path(load_digits.__code__.co_filename).parent
    ),
    sizes=(64, 32, 16, 10),
    loss=SoftmaxCrossEntropy,
    metrics={"accuracy": accuracy},
    scores={},
    columns={("test", "accuracy"): ("test accuracy", 3)},
    settings={
        "classic": Settings(
            "classic",
            rescaled,
            epochs=2,
            batch_size=50,
            l2=5e-4,
            dropout=0.1,
        ),
        "tuned": Settings(
            "tuned", rescaled, epochs=6, lr=1e-2, cosine=True
        ),
    },
    read=lambda path: np.loadtxt(path, np.float32, ndmin=2),
    files="a text file with 64 numbers in each line",
    example="digits.txt",
    endings=(".txt",),
    describe=lambda Z: [(f"{k}", {"digit": int(k)}) for k in Z.argmax(1)],
    preview=preview,
    demo=demo,
)


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """The folder that ``train`` writes."""
    folder = tmp_path_factory.mktemp("digits")
    arguments = ["train", "digits", "--validation", "0.1"]
    assert run(*arguments, "--out", folder) == 0
    return folder


def run(*arguments):
    return main(list(map(str, arguments)), {"digits": DIGITS})


def test_help_and_data(capsys):
    with pytest.raises(SystemExit):
        run("--help")
    assert "predict digits digits.txt" in capsys.readouterr().out
    assert run("data") == run("data", "digits") == 0
    assert "Digits is in /" in capsys.readouterr().out
    with pytest.raises(SystemExit):
        run("data", "fashion-mnist")


def test_train_and_predict(trained, tmp_path, capsys):
    report = json.loads((trained / "metrics.json").read_text())
    assert report["training_rows"] == 1350
    assert report["test"]["accuracy"] > 0.8
    assert "val_accuracy" in report["history"]
    X, y = digits()[1]
    np.savetxt(tmp_path / "x.txt", X)
    weights = "--weights", trained / "weights.safetensors"
    assert run("predict", "digits", tmp_path / "x.txt", *weights) == 0
    lines = capsys.readouterr().out.splitlines()
    found = [int(line.rpartition(" ")[2]) for line in lines]
    assert np.mean(found == y) == pytest.approx(report["test"]["accuracy"])


def test_weights_that_do_not_ship_are_asked_for(tmp_path, capsys):
    np.savetxt(tmp_path / "x.txt", np.zeros((1, 64)))
    assert run("predict", "digits", tmp_path / "x.txt") == 1
    assert "no weights of digits ship" in capsys.readouterr().err


def test_preview_and_demo(trained, tmp_path, monkeypatch):
    assert run("preview", "digits", "--out", tmp_path / "p.png") == 0
    assert Image.open(tmp_path / "p.png").size[0] > 500
    monkeypatch.setattr(webbrowser, "open", lambda _: True)
    weights = "--weights", trained / "weights.safetensors"
    page = tmp_path / "new" / "d.html"
    assert run("demo", "digits", *weights, "--out", page) == 0
    assert "8 by 8 pixels" in page.read_text()


@pytest.mark.full
def test_compare_and_baseline(capsys):
    assert run("compare", "digits") == 0
    out = capsys.readouterr().out
    assert "1       10 steps" in out  # of the 60 in all
    exact = [
        s for s in out.splitlines() if "float64  ours and Keras  " in s
    ]
    assert len(exact) == 2
    assert max(float(s.split()[-1]) for s in exact) < 1e-11
    assert run("baseline", "digits") == 0
    out = capsys.readouterr().out
    assert "test: loss" in out
    assert "accuracy" in out
