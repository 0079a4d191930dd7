"""A network that trains on three spirals in the page, as nn trains it."""

import copy
import functools
import itertools
import math
from pathlib import Path

import numpy as np
from page import CLOSE, canvas, now, play, points, values

import nn
from nn.figures import _spirals
from tools.cells import read

CHAPTER = (
    Path(__file__).parents[2].joinpath("notebooks", "10_descend.ipynb")
)
SIZES = [2, 16, 16, 3]
COLOURS = np.array([[0, 114, 178], [213, 94, 0], [0, 158, 115]])
# the values of the sliders, in their order
LISTS = {
    "rate": [0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3],
    "batch": [1, 4, 8, 16, 32, 64, 128, 300],
    "units": [1, 2, 3, 4, 6, 8, 12, 16],
    "penalty": [0, 1e-5, 1e-4, 3e-4, 1e-3, 3e-3, 1e-2],
    "noise": [0, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.6, 0.8],
    "scale": [0.01, 0.1, 0.3, 1, 3],
}
STEP = "One step"
TILES = """[...root.querySelectorAll(".nn-net canvas")].map(c =>
  c.getContext("2d").getImageData(0, 0, c.width, c.height).data
    .filter((_, i) => i % 4 === 3).join())"""
WIRES = """[...root.querySelectorAll(".nn-wires line")].map(e =>
  [Number(e.getAttribute("stroke-width")),
   e.classList.contains("nn-vermillion"), e.classList.contains("nn-faint")])
"""


@functools.cache
def chapter():
    """What the chapter's own cells define: points, network and figure."""
    cells = {cell.id: cell.source for cell in read(CHAPTER).cells}
    names = {"predict": nn.predict}
    for key in ("imports", "spirals", "star-net", "star"):
        exec(cells[key], names)
    return names


def train():
    return _spirals.arms(100, seed=0)


def others():
    return _spirals.arms(50, seed=1)


def order():
    """Five orders of the rows, those that fit draws with rng=0."""
    rng = np.random.default_rng(0)
    return [rng.permutation(300) for _ in range(5)]


def example():
    """The chapter's figure with all controls and fewer epochs."""
    figure = copy.copy(chapter()["live"])
    knobs = [*LISTS, "bend", "equal"]
    figure.data = figure.data | {"knobs": knobs, "epochs": 60}
    return figure


def plane(arms, noise=0.15):
    """The points of the arms and their classes, (n, 2) and (n,)."""
    r, turn, jitter = (
        arms[k].astype(float) for k in ("radius", "angle", "jitter")
    )
    turn = turn + noise * jitter
    X = r[:, None] * np.stack([np.sin(turn), np.cos(turn)], axis=1)
    return X, arms["labels"].astype(int)


def model(*, units=16, bend=nn.ReLU, scale=1.0, equal=False, penalty=0.0):
    """The figure's network before the first step, in double precision."""
    layers = []
    for old in chapter()["start"].layers[::2]:
        n_in, n_out = old.W.shape
        W = old.W.astype(float)
        if equal:
            W[...] = math.sqrt(2 / n_in)
        if n_in > 2:  # with fewer inputs, larger weights
            W = W[:units] * math.sqrt(n_in / units)
        if n_out > 3:
            W = W[:, :units]
        regularizer = nn.L2(penalty) if penalty else None
        dense = nn.Dense(
            *W.shape, dtype=np.float64, regularizer=regularizer
        )
        dense.W[...] = scale * W
        layers += [dense, bend()]
    return nn.Sequential(*layers[:-1])


def weights(model):
    return np.concatenate([*map(np.ravel, model.parameters().values())])


def steps(model, count, *, rate=0.3, batch=32, noise=0.15):
    """Yield the model after each of its first steps."""
    X, y = plane(train(), noise)
    sgd, loss = nn.SGD(rate), nn.SoftmaxCrossEntropy()
    taken = 0
    for rows in itertools.cycle(order()):
        for start in range(0, 300, batch):
            if taken == count:
                return
            part = rows[start : start + batch]
            nn.training.train_step(
                model, X[part], y[part], loss=loss, optimizer=sgd
            )
            taken += 1
            yield model


def put(page, **settings):
    """Set the sliders to these values."""
    at = {k: LISTS[k].index(v) for k, v in settings.items()}
    play(page, [{k: v} for k, v in at.items()])
    shown = values(page)
    assert {k: shown[k] for k in settings} == settings


def press(page, name, times=1):
    for _ in range(times):
        page.get_by_role("button", name=name, exact=True).click()


def losses(model, noise=0.15):
    """The loss on the points that it trains on, and on the others."""
    loss = nn.SoftmaxCrossEntropy()
    return [
        nn.evaluate(model, *plane(a, noise), loss=loss)["loss"]
        for a in (train(), others())
    ]


def agree(page, model, noise=0.15):
    """Compare the weights, both losses and the accuracy."""
    shown = values(page)
    assert np.allclose(shown["weights"], weights(model), **CLOSE)
    found = [shown["training"], shown["validation"]]
    assert np.allclose(found, losses(model, noise), **CLOSE)
    X, y = plane(train(), noise)
    right = nn.accuracy(y, nn.predict(model, X))
    assert abs(shown["accuracy"] - right) < 1e-9
    missed = page.locator(".nn-overlay .nn-missed").count()
    assert missed == round((1 - right) * len(X))


def test_the_first_twenty_steps_are_those_of_nn(page):
    agree(page, model())
    for trained in steps(model(), 20):
        press(page, STEP)
        agree(page, trained)
    shown = values(page)
    assert (shown["epoch"], shown["done"]) == (2, 0)  # ten steps an epoch
    assert len(shown["losses"]) == 3
    assert np.allclose(shown["losses"][-1], losses(trained), **CLOSE)
    own = copy.deepcopy(chapter()["start"])  # as the chapter trains it
    nn.fit(
        own,
        chapter()["X_arms"],
        chapter()["arms"],
        loss=nn.SoftmaxCrossEntropy(),
        optimizer=nn.SGD(0.3),
        epochs=2,
        batch_size=32,
        rng=0,
    )
    assert np.allclose(shown["weights"], weights(own), **CLOSE)


def test_every_control_does_what_it_does_in_nn(page):
    put(page, rate=0.1, batch=64, units=4, penalty=3e-3, noise=0.3, scale=3)
    own = model(units=4, penalty=3e-3, scale=3)
    agree(page, own, noise=0.3)
    for trained in steps(own, 6, rate=0.1, batch=64, noise=0.3):
        press(page, STEP)
        agree(page, trained, noise=0.3)
    page.get_by_label("ReLU after each hidden layer").uncheck()
    assert values(page)["epoch"] == values(page)["done"] == 0  # anew
    own = model(units=4, penalty=3e-3, scale=3, bend=nn.Identity)
    for trained in steps(own, 6, rate=0.1, batch=64, noise=0.3):
        press(page, STEP)
        agree(page, trained, noise=0.3)
    press(page, "Reset")
    agree(page, model())
    page.get_by_label("equal units").check()
    for trained in steps(model(equal=True), 3):
        press(page, STEP)
        agree(page, trained)
    press(page, "Back to epoch 0")
    assert values(page)["equal"]
    agree(page, model(equal=True))


def test_rate_and_penalty_act_at_once(page):
    press(page, STEP, 2)
    put(page, rate=1, penalty=1e-2)
    assert values(page)["done"] == 64
    *_, trained = steps(model(), 2)
    X, y = plane(train())
    for layer in trained.layers[::2]:
        layer.regularizer = nn.L2(1e-2)
    part, loss = order()[0][64:96], nn.SoftmaxCrossEntropy()
    nn.training.train_step(
        trained, X[part], y[part], loss=loss, optimizer=nn.SGD(1)
    )
    press(page, STEP)
    agree(page, trained)


def test_the_plane_the_tiles_and_the_lines_are_those_of_nn(page):
    press(page, STEP, 12)
    *_, trained = steps(model(), 12)
    pixels = canvas(page, ".nn-plane canvas")
    side, pixels = len(pixels), pixels.reshape(-1, 4)
    c = ((np.arange(side) + 0.5) * 2 / side - 1) * 1.08
    grid = np.stack(np.meshgrid(c, -c), axis=-1).reshape(-1, 2)
    P = nn.softmax(nn.predict(trained, grid))
    gaps = abs(pixels[:, None, :3] - COLOURS).sum(axis=-1)
    second, first = np.sort(P, axis=1)[:, -2:].T
    same = gaps.argmin(axis=1) == P.argmax(axis=1)
    assert same[first - second > 1e-4].all()
    assert abs(pixels[:, 3] - (20 + 130 * first**2)).max() < 1.5

    A = grid.reshape(side, side, 2)[::2, ::2].reshape(-1, 2)
    columns = [A]
    for layer in trained.layers:
        A = layer.forward(A)
        if not layer.parameters() or layer is trained.layers[-1]:
            columns.append(A)
    units = abs(np.hstack(columns))
    shade = 230 * units / np.maximum(units.max(axis=0), 1e-9)
    tiles = np.array([t.split(",") for t in now(page, TILES)], float)
    assert abs(tiles.T - shade).max() < 1.5

    W = [layer.W.ravel() for layer in trained.layers[::2]]
    W = np.concatenate(W)
    lines = np.array(now(page, WIRES), float)
    assert np.allclose(lines[:, 0], np.minimum(9, 2 * abs(W)), atol=1e-3)
    assert np.array_equal(lines[:, 1] == 1, W < 0)


def test_a_unit_shows_its_bend_and_its_weights(page):
    press(page, STEP, 12)
    *_, trained = steps(model(), 12)
    net = page.locator(".nn-net")
    assert net.get_attribute("tabindex") == "0"
    net.focus()
    path = "find('.nn-bend:not(.nn-under)').getAttribute('d')"
    assert now(page, path) == ""
    # the first unit, the one below it, that of the next layer, once round
    keys = ["ArrowDown", "ArrowDown", "ArrowRight", "ArrowUp", "ArrowUp"]
    seen = [[1, 0], [1, 1], [2, 1], [2, 0], [2, 15]]
    sizes = np.array([32, 256, 48])
    for key, (k, u) in zip(keys, seen, strict=True):
        page.keyboard.press(key)
        assert values(page)["seen"] == [k, u]
        chosen = page.locator(".nn-net canvas.nn-chosen")
        assert chosen.count() == 1
        text = now(page, path).replace("M", " ").replace("L", " ")
        corners = np.array(text.split(), float).reshape(-1, 2)
        X = corners * [1.08, -1.08]
        for layer in trained.layers[: 2 * k - 1]:
            X = layer.forward(X)
        assert len(X) > 20
        assert abs(X[:, u]).max() < 0.03  # the sum is 0 on its bend
        strong = np.array(now(page, WIRES), float)[:, 2] == 0
        parts = np.split(strong, np.cumsum(sizes)[:-1])
        expected = SIZES[k - 1] + SIZES[k + 1]
        assert [p.sum() for p in parts if p.any()] == [
            SIZES[k - 1],
            SIZES[k + 1],
        ]
        assert strong.sum() == expected
    assert "bend of unit 15 in hidden layer 2" in (
        page.locator(".nn-reading").text_content()
    )
    tile = page.locator(".nn-net canvas").nth(2 + 4)
    tile.hover()
    assert values(page)["seen"] == [1, 4]
    page.mouse.move(0, 0)
    assert values(page)["seen"] == [2, 15]
    tile.click()
    page.mouse.move(0, 0)
    assert values(page)["seen"] == [1, 4]


def test_play_trains_to_the_end_and_nothing_moves_before(page):
    page.wait_for_timeout(300)
    assert values(page)["epoch"] == 0
    put(page, batch=300)
    press(page, "Play")
    page.wait_for_function(
        "JSON.parse(document.querySelector('.nn-live')"
        ".dataset.values).epoch === 60",
        timeout=60_000,
    )
    page.get_by_role("button", name="Play").wait_for()
    assert page.get_by_role("button", name=STEP).is_disabled()
    curves = np.array(values(page)["losses"])
    assert len(curves) == 61
    for k, selector in enumerate((".nn-thick.nn-blue", ".nn-dashed")):
        drawn = points(now(page, f"line('polyline{selector}')"))
        assert np.allclose(drawn[:, 0], np.arange(61), atol=0.1)
        assert np.allclose(drawn[:, 1], curves[:, k], atol=0.01)
    assert curves[-1, 0] < curves[0, 0]


def test_silent_units_are_counted(page):
    put(page, rate=3, scale=3)
    press(page, STEP, 10)
    *_, trained = steps(model(scale=3), 10, rate=3)
    A, _ = plane(train())
    silent = 0
    for layer in trained.layers:
        A = layer.forward(A)
        if not layer.parameters():
            silent += int((A == 0).all(axis=0).sum())
    assert silent > 0
    assert values(page)["silent"] == silent
    said = page.locator(".nn-reading").text_content()
    assert f" {silent} of the 32 hidden units output 0" in said
