"""Recorded trainings on three spirals: right and gone wrong."""

import functools
import itertools
import math

import numpy as np
from page import canvas, make, network, now, play, points, values

import nn
from nn import figures

SIZES = [2, 16, 16, 3]
KEPT = [*range(11), *range(12, 31, 2), *range(40, 101, 10), 150, 200]
COLOURS = np.array([[0, 114, 178], [213, 94, 0], [0, 158, 115]])
SHADES = """[...root.querySelectorAll(".nn-tiles canvas")].map(c =>
  c.getContext("2d").getImageData(0, 0, c.width, c.height).data
    .filter((_, i) => i % 4 === 3).join())"""


def spiral_points(n=100, turns=4.2, noise=0.12):
    """Three arms of n points: X float32 (3 n, 2) and classes (3 n,)."""
    rng = np.random.default_rng(0)
    r = np.tile(np.linspace(0.05, 1, n), 3)
    arm = np.repeat(np.arange(3), n)
    angle = turns * r + arm * 2 * np.pi / 3 + noise * rng.normal(size=3 * n)
    X = np.stack([r * np.sin(angle), r * np.cos(angle)], axis=1)
    return X.astype(np.float32), arm


def equal(n_in, n_out, rng):
    """A start that makes the units of a layer twins."""
    return np.full((n_in, n_out), math.sqrt(2 / n_in))


def spiral_run(name, note="", *, bend=nn.ReLU, init=nn.he_normal, lr=0.3):
    """Train on the spirals; keep the weights of some epochs."""
    X, y = spiral_points()
    rng = np.random.default_rng(3)
    layers = []
    for n_in, n_out in itertools.pairwise(SIZES):
        layers += [nn.Dense(n_in, n_out, init=init, rng=rng), bend()]
    model, loss = nn.Sequential(*layers[:-1]), nn.SoftmaxCrossEntropy()
    rows, losses = [], []

    def keep(epoch, history):
        if epoch + 1 in KEPT:
            rows.append(figures.snapshot(model.parameters()))
            losses.append(nn.evaluate(model, X, y, loss=loss)["loss"])

    keep(-1, {})
    optimizer = nn.SGD(lr)
    options = {"epochs": KEPT[-1], "batch_size": 32, "on_epoch": keep}
    nn.fit(model, X, y, loss=loss, optimizer=optimizer, rng=rng, **options)
    return {
        "name": name,
        "note": note,
        "bend": bend is nn.ReLU,
        "weights": np.stack(rows),
        "loss": np.array(losses, np.float32),
        "epochs": np.array(KEPT, np.int32),
    }


@functools.cache
def runs():
    return [
        spiral_run("went well"),
        spiral_run("no bend", "Straight borders.", bend=nn.Identity),
        spiral_run("twin units", "Equal slopes.", init=equal),
        spiral_run("steps too large", "Many units sleep.", lr=3.0),
    ]


def example():
    X, y = spiral_points()
    y = y.astype(np.uint8)
    return make("spirals", points=X, labels=y, sizes=SIZES, runs=runs())


def recorded(run, at):
    """The network of a run as it was after ``KEPT[at]`` epochs."""
    shapes = [s for n, m in itertools.pairwise(SIZES) for s in [(n, m), m]]
    ends = np.cumsum([np.prod(shape) for shape in shapes])
    parts = np.split(run["weights"][at].astype(float), ends[:-1])
    parts = [p.reshape(s) for p, s in zip(parts, shapes, strict=True)]
    return network(parts, nn.ReLU if run["bend"] else nn.Identity)


def agree(page, model):
    """Compare the numbers, the plane and the tiles of hidden units."""
    X, y = spiral_points()
    shown, loss = values(page), nn.SoftmaxCrossEntropy()
    right = nn.accuracy(y, nn.predict(model, X))
    assert abs(shown["accuracy"] - right) < 1e-9
    L = nn.evaluate(model, X, y, loss=loss)["loss"]
    assert np.isclose(shown["loss"], L, rtol=1e-4, atol=1e-5)
    missed = page.locator(".nn-overlay .nn-missed").count()
    assert missed == round((1 - right) * len(X))

    plane = canvas(page, ".nn-plane canvas")
    side, plane = len(plane), plane.reshape(-1, 4)
    c = (np.arange(side) + 0.5) * 2 / side - 1
    c *= 1.08 * abs(X).max()
    grid = np.stack(np.meshgrid(c, -c), axis=-1).reshape(-1, 2)
    P = nn.softmax(nn.predict(model, grid))
    gaps = abs(plane[:, None, :3] - COLOURS).sum(axis=-1)
    second, first = np.sort(P, axis=1)[:, -2:].T
    same = gaps.argmin(axis=1) == P.argmax(axis=1)
    assert same[first - second > 1e-4].all()
    assert abs(plane[:, 3] - (20 + 130 * first**2)).max() < 1.5

    A = grid.reshape(side, side, 2)[::2, ::2].reshape(-1, 2)
    hidden = []
    for layer in model.layers[:-1]:
        A = layer.forward(A)
        if not layer.parameters():
            hidden.append(abs(A))
    hidden = np.hstack(hidden)
    shade = 230 * hidden / np.maximum(hidden.max(axis=0), 1e-9)
    tiles = np.array([t.split(",") for t in now(page, SHADES)], float)
    assert abs(tiles.T - shade).max() < 1.5


def test_every_run_is_that_of_numpy(page):
    assert values(page)["at"] == len(KEPT) - 1
    for k, run in enumerate(runs()):
        page.get_by_label("run").select_option(str(k))
        assert values(page)["run"] == k
        for at in (0, 9, len(KEPT) - 1):
            play(page, [{"at": at}])
            agree(page, recorded(run, at))
            curve = points(now(page, "line('.nn-thick')"))
            assert np.allclose(curve[:, 0], KEPT, atol=0.5)
            assert np.allclose(curve[:, 1], run["loss"], atol=0.02)


def test_play_runs_to_the_end_and_nothing_moves_before(page):
    end = len(KEPT) - 1
    play(page, [{"at": end - 3}])
    page.wait_for_timeout(400)
    assert values(page)["at"] == end - 3
    page.get_by_role("button", name="Play").click()
    page.wait_for_function(
        "n => JSON.parse(document.querySelector('.nn-live')"
        ".dataset.values).at === n",
        arg=end,
    )
    page.get_by_role("button", name="Play").wait_for()
    assert page.locator("input[name=at]").input_value() == str(end)
