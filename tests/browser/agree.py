"""What a figure shows is what NumPy computes: one check for each figure.

Each function takes a page with one figure from ``examples`` and plays with
it as a reader would. Numbers are compared to 1e-5, and what is drawn (bars,
lines, pixels) as it is laid out.
"""

import copy
import itertools
import json

import numpy as np
from examples import (
    SIZES,
    fashion_model,
    housing_model,
    spiral_points,
    spiral_runs,
)

import nn
from nn.datasets import california_housing, fashion_mnist_sample

CLOSE = {"rtol": 1e-5, "atol": 1e-5}
# sets the inputs of a figure by name, one after the other, and lists what
# the figure then exposes; an input shows the value that it really took
SET = """settings => settings.map(values => {
  const root = document.querySelector("figure.nn");
  for (const [name, value] of Object.entries(values)) {
    const input = root.querySelector(`[name="${name}"]`);
    input.value = value;
    input.dispatchEvent(new Event("input", {bubbles: true}));
    input.dispatchEvent(new Event("change", {bubbles: true}));
    if (Math.abs(input.value - value) > 1e-6)
      throw new Error(`${name} is ${input.value}, not ${value}`);
  }
  return [root.querySelector(".nn-live").dataset.values, %s];
})"""
LINE = """(() => {
  const line = root.querySelector(%r);
  const area = line.closest(".nn-area");
  return [line.getAttribute("points"), area.dataset.domain,
    area.getAttribute("width"), area.getAttribute("height")];
})()"""


def values(page):
    """What the figure exposes now."""
    text = page.locator(".nn-live").get_attribute("data-values")
    return json.loads(text)


def play(page, settings, also="null"):
    """(what is exposed, ``also`` in JavaScript) after each setting."""
    found = page.evaluate(SET % also, settings)
    return [(json.loads(shown), more) for shown, more in found]


def line(selector):
    """JavaScript that reads a polyline and the scales of its plot."""
    return LINE % selector


def points(drawn):
    """The points of a polyline in the units of its axes, (n, 2)."""
    text, domain, width, height = drawn
    x0, x1, y0, y1 = map(float, domain.split())
    xy = np.array([p.split(",") for p in text.split()], float)
    x = x0 + xy[:, 0] / float(width) * (x1 - x0)
    y = y1 - xy[:, 1] / float(height) * (y1 - y0)
    return np.stack([x, y], axis=1)


def drawn_line(page, selector):
    """The same for the page as it is now."""
    root = "document.querySelector('figure.nn')"
    js = f"() => {{ const root = {root}; return {line(selector)}; }}"
    return points(page.evaluate(js))


def bars(page, selector=".nn-bar"):
    """Left and right ends of the bars, as shares of their tracks (n, 2)."""
    js = """bars => bars.map(bar => {
      const [a, b] = [bar, bar.firstChild].map(e =>
        e.getBoundingClientRect());
      if (!(a.width > 10 && b.height > 5)) throw new Error("no bar");
      return [(b.left - a.left) / a.width, (b.right - a.left) / a.width];
    })"""
    return np.array(page.eval_on_selector_all(selector, js))


def canvas(page, selector):
    """The pixels of a canvas as the reader sees them, (h, w, 4)."""
    js = """c => [c.width, c.height, c.getContext("2d")
      .getImageData(0, 0, c.width, c.height).data.join()]"""
    width, height, data = page.eval_on_selector(selector, js)
    pixels = np.array(data.split(","), np.uint8)
    return pixels.reshape(height, width, 4)


def float64(model):
    """A copy of a model that computes in double precision."""
    model = copy.deepcopy(model)
    for layer in model.layers:
        for name in ("W", "b", "mean", "std"):
            if name in vars(layer):
                setattr(layer, name, getattr(layer, name).astype(float))
    return model


def dense(arrays, bend):
    """A network in double precision with the weights W, b, W, b ..."""
    layers = []
    for W, b in zip(arrays[::2], arrays[1::2], strict=True):
        layer = nn.Dense(*np.shape(W), dtype=np.float64)
        layer.W[...], layer.b[...] = W, b
        layers += [layer, bend()]
    return nn.Sequential(*layers[:-1])


def neuron(page, rng):
    choices = np.arange(-60, 61) / 20
    settings = [
        {"w": float(w), "b": float(b)}
        for w, b in rng.choice(choices, size=(80, 2))
    ]
    both = f"[{line('.nn-thick')}, {line('.nn-dashed')}]"
    dot = "root.querySelector('circle').getBoundingClientRect().toJSON()"
    edge = "root.querySelector('.nn-area').getBoundingClientRect().toJSON()"
    for shown, (bent, straight, dot_box, area) in play(
        page, settings, f"[...{both}, {dot}, {edge}]"
    ):
        w, b, bend = shown["w"], shown["b"], shown["bend"]
        bent, straight = points(bent), points(straight)
        z = w * bent[:, 0] + b
        assert np.allclose(bent[:, 1], np.maximum(0, z), atol=0.01)
        z = w * straight[:, 0] + b
        assert np.allclose(straight[:, 1], z, atol=0.01)
        assert bent[0, 0] < -3.99
        assert bent[-1, 0] > 3.99
        if w == 0:
            assert bend is None
            continue
        assert np.isclose(bend, -b / w, **CLOSE)
        if abs(bend) < 4:
            assert len(bent) == 3
            assert np.isclose(bent[1, 0], bend, atol=0.01)
            middle = (dot_box["left"] + dot_box["right"]) / 2 - area["left"]
            at = middle / area["width"] * 8 - 4
            assert np.isclose(at, bend, atol=0.05)
    play(page, [{"w": -1.5, "b": 2.25}])
    reading = page.locator(".nn-reading")
    assert "a = max(0, −1.50 x + 2.25)" in reading.inner_text()
    assert "bends at x = 1.50" in reading.inner_text()
    page.get_by_label("show the rule").check()
    assert "x = −b / w = −2.25 / −1.50 = 1.50" in reading.inner_text()


def softmax(page, rng):
    settings = [
        {
            "z0": round(float(a), 1),
            "z1": round(float(b), 1),
            "z2": round(float(c), 1),
            "T": round(float(t) * 20) / 20,
        }
        for a, b, c, t in np.c_[
            rng.uniform(-6, 6, (60, 3)), rng.uniform(-1, 1, 60)
        ]
    ]

    def agree(shown, truth):
        z, T = np.array(shown["z"]), shown["T"]
        loss = nn.SoftmaxCrossEntropy()
        L = loss.forward(z[None] / T, np.array([truth]))
        p = nn.softmax(z / T)
        assert shown["truth"] == truth
        assert np.allclose(shown["p"], p, **CLOSE)
        assert np.isclose(shown["loss"], L, **CLOSE)
        assert np.allclose(shown["slope"], loss.backward()[0], **CLOSE)
        return p, loss.backward()[0]

    def drawn(truth):
        p, slope = agree(values(page), truth)
        ends = bars(page, ".nn-bar:not(.nn-signed)")
        assert np.allclose(ends, np.c_[0 * p, p], atol=0.02)
        ends = bars(page, ".nn-signed")
        both = np.sort(np.c_[0 * p, slope], axis=1)
        assert np.allclose(ends, 0.5 + both / 2, atol=0.02)
        numbers = page.locator(".nn-number").all_inner_texts()
        for k in range(3):
            assert numbers[2 * k] == f"{100 * p[k]:.1f} %"
            text = numbers[2 * k + 1].replace("−", "-")
            assert abs(float(text) - slope[k]) < 6e-4

    for wanted, (shown, _) in zip(
        settings, play(page, settings), strict=True
    ):
        assert shown["z"] == [wanted["z0"], wanted["z1"], wanted["z2"]]
        assert np.isclose(shown["T"], 10 ** wanted["T"], **CLOSE)
        agree(shown, 1)
    for k in (0, 2):
        page.get_by_role("radio").nth(k).check()
        drawn(k)
    page.evaluate(SET % "0", [{"z0": 2, "z1": 1, "z2": -1, "T": 0}])
    before = values(page)
    for n in range(1, 9):
        page.get_by_role("button", name="Add 1 to every logit").click()
        assert values(page)["z"] == [v + n for v in before["z"]]
        assert np.allclose(values(page)["p"], before["p"], atol=1e-12)
    assert page.locator("input[name=z0]").input_value() == "10"
    drawn(2)


def fashion(page, rng):
    X, y = fashion_mnist_sample()
    X, y = X[100:160], y[100:160]
    model = float64(fashion_model())

    def agree():
        pixels = canvas(page, "canvas")
        assert (pixels[..., 3] == 255).all()
        assert (pixels[..., 0] == pixels[..., 1]).all()
        image = pixels[..., 0].reshape(1, 784)
        p = nn.softmax(nn.predict(model, image))[0]
        shown = values(page)
        assert np.allclose(shown["p"], p, **CLOSE)
        assert shown["truth"] == y[shown["index"]]
        assert np.allclose(bars(page), np.c_[0 * p, p], atol=0.02)
        numbers = page.locator(".nn-number").all_inner_texts()
        assert numbers == [f"{100 * v:.1f} %" for v in p]
        best = page.locator(".nn-best th").all_inner_texts()
        assert len(best) == 1
        name = best[0].split("←")[0].strip()
        assert name == nn.datasets.FASHION_CLASSES[p.argmax()]
        reading = page.locator(".nn-reading").inner_text()
        assert f"The network says {name}" in reading
        assert page.locator(".nn-true").count() == 1
        return image[0], shown["index"], p

    image, index, p = agree()
    P = nn.softmax(nn.predict(model, X))
    assert index == P.max(axis=1).argmin()
    seen = set()
    for _ in range(20):
        page.get_by_role("button", name="Next random image").click()
        image, new, p = agree()
        assert (image == X[new]).all()
        assert new != index
        index = new
        seen.add(index)
    assert len(seen) > 8

    # the pen, with a mouse
    area = page.locator("canvas").bounding_box()
    x, y_ = (
        area["x"] + 0.3 * area["width"],
        area["y"] + 0.8 * area["height"],
    )
    page.mouse.move(x, y_)
    page.mouse.down()
    page.mouse.move(x + 0.4 * area["width"], y_ - 0.6 * area["height"])
    page.mouse.up()
    painted, _, after = agree()
    changed = (painted != image).reshape(28, 28)
    assert changed.sum() > 15
    assert (painted.reshape(28, 28)[changed] == 0).all()
    rows = np.flatnonzero((painted.reshape(28, 28) == 0).any(axis=1))
    assert {7, 12, 17, 22} <= set(rows)  # a line without gaps
    assert abs(after - p).max() > 1e-4
    page.mouse.move(x, y_ - 0.3 * area["height"])  # the pen is up
    assert (agree()[0] == painted).all()
    page.get_by_role("button", name="Restore").click()
    assert (agree()[0] == image).all()

    # a shift moves the picture, and no pixel comes round
    grid = image.reshape(28, 28)
    for way, (down, right) in {
        "left": (0, -2),
        "up": (-2, 0),
        "right": (0, 2),
        "down": (2, 0),
    }.items():
        page.get_by_role("button", name="Restore").click()
        page.get_by_role("button", name=f"Shift {way}").click()
        wide = np.zeros((32, 32), np.uint8)
        wide[2 + down : 30 + down, 2 + right : 30 + right] = grid
        assert (agree()[0].reshape(28, 28) == wide[2:30, 2:30]).all()

    # by keyboard alone
    page.get_by_role("button", name="Clear").press("Enter")
    assert not agree()[0].any()
    assert (
        "nothing in the picture" in page.locator(".nn-reading").inner_text()
    )
    page.get_by_label("pen").select_option(label="white (draw)")
    page.locator("canvas").focus()
    for key in ["Space", *["ArrowDown"] * 3, "Space", "ArrowLeft", "Space"]:
        page.keyboard.press(key)
    expected = np.zeros((28, 28), np.uint8)
    expected[12:18, 12:15] = expected[15:18, 11:14] = 255
    assert (agree()[0].reshape(28, 28) == expected).all()


def spirals(page, rng):
    X, y = spiral_points()
    runs = spiral_runs()
    reach = 1.08 * abs(X).max()
    side = canvas(page, ".nn-plane canvas").shape[0]
    c = ((np.arange(side) + 0.5) * 2 / side - 1) * reach
    grid = np.stack(np.meshgrid(c, -c), axis=-1).reshape(-1, 2)
    colours = np.array([[0, 114, 178], [213, 94, 0], [0, 158, 115]])
    assert values(page)["at"] == len(runs[0]["epochs"]) - 1
    for k, run in enumerate(runs):
        page.get_by_label("run").select_option(str(k))
        assert values(page)["run"] == k
        for at in (0, 9, len(run["epochs"]) - 1):
            page.evaluate(SET % "0", [{"at": at}])
            parts = np.split(
                run["weights"][at].astype(float),
                np.cumsum(
                    [n for s in pairs() for n in (s[0] * s[1], s[1])]
                ),
            )[:-1]
            shapes = [t for a, b in pairs() for t in ((a, b), (b,))]
            parts = [
                p.reshape(s) for p, s in zip(parts, shapes, strict=True)
            ]
            bend = nn.ReLU if run["bend"] else nn.Identity
            model = dense(parts, bend)
            shown = values(page)
            right = nn.accuracy(y, nn.predict(model, X))
            assert abs(shown["accuracy"] - right) < 1e-9
            loss = nn.SoftmaxCrossEntropy()
            L = nn.evaluate(model, X, y, loss=loss)["loss"]
            assert np.isclose(shown["loss"], L, rtol=1e-4, atol=1e-5)
            missed = page.locator(".nn-overlay .nn-missed").count()
            assert missed == round((1 - right) * len(X))

            plane = canvas(page, ".nn-plane canvas").reshape(-1, 4)
            gaps = abs(plane[:, None, :3] - colours[None]).sum(axis=-1)
            P = nn.softmax(nn.predict(model, grid))
            sure = np.sort(P, axis=1)[:, -1] - np.sort(P, axis=1)[:, -2]
            assert (gaps.argmin(axis=1) == P.argmax(axis=1))[
                sure > 1e-4
            ].all()
            alpha = 20 + 130 * P.max(axis=1) ** 2
            assert abs(plane[:, 3] - alpha).max() < 1.5

            hidden = np.c_[tuple(hidden_values(model, grid))]
            tiles = page.evaluate(
                "() => [...document.querySelectorAll('.nn-tiles canvas')]"
                ".map(c => c.getContext('2d').getImageData(0, 0, c.width,"
                " c.height).data.filter((_, i) => i % 4 === 3).join())"
            )
            tiles = np.array([t.split(",") for t in tiles], float)
            half = hidden.reshape(side, side, -1)[::2, ::2]
            half = half.reshape(-1, half.shape[-1])
            shade = (
                230 * abs(half) / np.maximum(abs(half).max(axis=0), 1e-9)
            )
            assert abs(tiles.T - shade).max() < 1.5

            curve = drawn_line(page, ".nn-thick")
            assert np.allclose(curve[:, 0], run["epochs"], atol=0.5)
            assert np.allclose(curve[:, 1], run["loss"], atol=0.02)

    # Play runs by itself to the end, and nothing moves before
    page.get_by_label("run").select_option("0")
    page.evaluate(SET % "0", [{"at": len(runs[0]["epochs"]) - 4}])
    page.wait_for_timeout(400)
    assert values(page)["at"] == len(runs[0]["epochs"]) - 4
    page.get_by_role("button", name="Play").click()
    page.wait_for_function(
        "n => JSON.parse(document.querySelector('.nn-live')"
        ".dataset.values).at === n",
        arg=len(runs[0]["epochs"]) - 1,
    )
    page.get_by_role("button", name="Play").wait_for()
    assert page.locator("input[name=at]").input_value() == str(
        values(page)["at"]
    )


def pairs():
    """(n_in, n_out) of each layer of the spirals' network."""
    return list(itertools.pairwise(SIZES))


def hidden_values(model, X):
    """What each hidden layer gives for the rows X."""
    for layer in model.layers[:-1]:
        X = layer.forward(X)
        if not layer.parameters():
            yield X


def backprop(page, rng):
    settings = []
    for _ in range(60):
        value = round(float(rng.uniform(-2, 2)) * 20) / 20
        settings.append({"number": int(rng.integers(9)), "value": value})
    for k in (0, 2, 1, 3):  # first one hidden unit falls asleep, then both
        settings.append({"number": k, "value": -2})
    order = ["0.W", "0.b", "2.W", "2.b"]
    asleep = set()
    for shown, cells in play(
        page,
        settings,
        "[...root.querySelectorAll('tbody td')].map(td => td.textContent)",
    ):
        t = np.array(shown["theta"])
        arrays = [t[:4].reshape(2, 2), t[4:6], t[6:8, None], t[8:]]
        model, loss = dense(arrays, nn.ReLU), nn.MeanSquaredError()
        Z = model.forward(np.array([[1.0, 2.0]]))
        L = loss.forward(Z, np.array([[1.0]]))
        dX = model.backward(loss.backward())
        gradients = model.gradients()
        slopes = np.concatenate([gradients[k].ravel() for k in order])
        assert np.isclose(shown["loss"], L, **CLOSE)
        assert np.isclose(shown["z"], Z[0, 0], **CLOSE)
        assert np.allclose(shown["slopes"], slopes, **CLOSE)
        assert np.allclose([shown["dx1"], shown["dx2"]], dX[0], **CLOSE)
        z1, z2 = model.layers[0].forward(np.array([[1.0, 2.0]]))[0]
        assert np.allclose([shown["z1"], shown["z2"]], [z1, z2], **CLOSE)
        asleep.add((bool(z1 <= 0), bool(z2 <= 0)))
        if min(abs(z1), abs(z2)) > 1e-3:  # no kink between x - h and x + h
            assert np.allclose(shown["measured"], slopes, **CLOSE)
        text = np.array([c.replace("−", "-") for c in cells], float)
        table = text.reshape(9, 3)
        assert np.allclose(table[:, 0], t, atol=6e-3)
        assert np.allclose(table[:, 1], slopes, atol=6e-4)
        assert np.allclose(table[:, 2], shown["measured"], atol=6e-4)

    assert len(asleep) >= 3

    # the picture says the same: every slope is written under its value
    play(
        page,
        [
            {"number": k, "value": v}
            for k, v in enumerate(
                [0.6, -0.4, 0.3, 0.5, 0.1, -0.2, 0.7, -1.2, 0.2]
            )
        ],
    )
    shown = values(page)
    written = sorted(
        float(t.replace("−", "-"))
        for t in page.locator(".nn-slope").all_text_contents()
        if t
    )
    expected = [*shown["slopes"], shown["dx1"], shown["dx2"]]
    expected += [shown["da1"], shown["da2"], shown["dz"]]
    assert np.allclose(written, sorted(expected), atol=6e-4)
    page.get_by_label("cover the slopes").check()
    texts = page.locator(".nn-slope").all_text_contents()
    assert set(texts) == {"?", ""}
    page.get_by_label("cover the slopes").uncheck()
    assert "?" not in page.locator(".nn-slope").all_text_contents()


def california(page, rng):
    _, (X, y) = california_housing()
    X, y = X[:1500], y[:1500]
    model = float64(housing_model())
    names = list(nn.datasets.HOUSING_FEATURES)

    def price(x):
        return nn.predict(model, np.atleast_2d(np.array(x, float)))[:, 0]

    first = values(page)
    assert first["district"] == 3
    assert np.allclose(first["x"], X[3].astype(float), **CLOSE)
    assert np.isclose(first["actual"], y[3, 0], **CLOSE)

    settings = []
    for row in X[rng.integers(len(X), size=40)]:
        k = int(rng.integers(8))
        low, high = np.quantile(X[:, k], [0.02, 0.98])
        settings.append({names[k]: float(np.clip(row[k], low, high))})
    for wanted, (shown, (drawn, big)) in zip(
        settings,
        play(
            page,
            settings,
            f"[{line('.nn-thick')}, "
            "root.querySelector('.nn-price').textContent]",
        ),
        strict=True,
    ):
        (name,) = wanted
        k = names.index(name)
        assert shown["district"] is None
        assert shown["chosen"] == k
        assert np.isclose(shown["x"][k], wanted[name], **CLOSE)
        assert np.isclose(shown["z"], price(shown["x"])[0], **CLOSE)
        assert big == dollars(shown["z"])
        swept = np.tile(shown["x"], (len(shown["xs"]), 1))
        swept[:, k] = shown["xs"]
        assert np.allclose(shown["ys"], price(swept), **CLOSE)
        curve = points(drawn)
        wide = np.ptp(shown["xs"])
        assert np.allclose(curve[:, 0], shown["xs"], atol=wide / 500)
        assert np.allclose(curve[:, 1], shown["ys"], atol=0.03)

    for _ in range(12):
        page.get_by_role("button", name="Next random district").click()
        shown = values(page)
        i = shown["district"]
        assert np.allclose(shown["x"], X[i].astype(float), **CLOSE)
        assert np.isclose(shown["z"], price(X[i])[0], **CLOSE)
        reading = page.locator(".nn-reading")
        assert "dearer or cheaper" in reading.inner_text()
        page.get_by_role("button", name="Reveal").click()
        error = price(X[i])[0] - y[i, 0]
        text = reading.inner_text()
        assert f"the census {dollars(y[i, 0])}" in text
        assert ("too high" if error > 0 else "too low") in text

    # the map: a lonely district that is far off has the colour of its sign
    pixels = canvas(page, ".nn-map canvas")
    height, width = pixels.shape[:2]
    lat, lon = X[:, 6].astype(float), X[:, 7].astype(float)
    px = (lon - lon.min() + 0.2) / (np.ptp(lon) + 0.4) * width
    py = (1 - (lat - lat.min() + 0.2) / (np.ptp(lat) + 0.4)) * height
    errors = price(X) - y[:, 0]
    gaps = np.hypot(px[:, None] - px, py[:, None] - py)
    np.fill_diagonal(gaps, 99)
    lonely = np.flatnonzero((gaps.min(axis=1) > 14) & (abs(errors) > 0.55))
    assert len(lonely) >= 3
    for i in lonely:
        r, _, b, a = map(int, pixels[int(py[i]), int(px[i])])
        assert a > 0
        assert (r > b) == (errors[i] > 0)

    # a click on the map moves the house there
    box = page.locator(".nn-map canvas").bounding_box()
    x, y_ = box["x"] + 0.6 * box["width"], box["y"] + 0.7 * box["height"]
    page.mouse.click(x, y_)
    shown = values(page)
    south, west = lat.min() - 0.2, lon.min() - 0.2
    assert abs(shown["x"][6] - (south + 0.3 * (np.ptp(lat) + 0.4))) < 0.05
    assert abs(shown["x"][7] - (west + 0.6 * (np.ptp(lon) + 0.4))) < 0.05
    assert np.isclose(shown["z"], price(shown["x"])[0], **CLOSE)
    ring = page.locator(".nn-ring").bounding_box()
    assert abs(ring["x"] + ring["width"] / 2 - x) < 2
    assert abs(ring["y"] + ring["height"] / 2 - y_) < 2


def dollars(v):
    """$123,400 for 1.234."""
    sign = "−" if v < 0 else ""
    return f"{sign}${abs(np.floor(v * 1000 + 0.5)) * 100:,.0f}"


def hinges(page, rng):
    x = np.linspace(-np.pi, np.pi, 101)

    def curve(shown, x):
        units = np.maximum(0, x[:, None] - shown["bends"]) * shown["slopes"]
        return units.sum(axis=1) + shown["offset"]

    def check(shown, drawn):
        error = np.sqrt(np.mean((curve(shown, x) - np.sin(x)) ** 2))
        assert np.isclose(shown["error"], error, **CLOSE)
        xy = points(drawn)
        assert np.allclose(xy[:, 1], curve(shown, xy[:, 0]), atol=0.03)
        assert {round(b, 1) for b in shown["bends"] if abs(b) < 3} <= {
            round(v, 1) for v in xy[:, 0]
        }

    settings = [
        {
            "unit": int(rng.integers(4)),
            "bend": round(float(rng.uniform(-3, 3)), 1),
            "slope": round(float(rng.uniform(-3, 3)), 2),
        }
        for _ in range(60)
    ]
    for wanted, (shown, drawn) in zip(
        settings,
        play(page, settings, line(".nn-thick.nn-blue")),
        strict=True,
    ):
        k = wanted["unit"]
        assert np.isclose(shown["bends"][k], wanted["bend"], **CLOSE)
        assert np.isclose(shown["slopes"][k], wanted["slope"], **CLOSE)
        check(shown, drawn)
    for bends in ([-3, -1.5, 0, 1.5], [-2.5, -1, 1, 2.5], [-3, 0, 1, 2]):
        play(page, [{"unit": k, "bend": b} for k, b in enumerate(bends)])
        before = values(page)["error"]
        page.get_by_role("button", name="Best slopes").click()
        shown = values(page)
        A = np.c_[np.maximum(0, x[:, None] - bends), np.ones(101)]
        best = np.linalg.lstsq(A, np.sin(x), rcond=None)[0]
        found = [*shown["slopes"], shown["offset"]]
        assert np.allclose(found, best, atol=1e-5)
        assert shown["error"] <= before + 1e-9
        check(
            shown,
            page.evaluate(
                "() => { const root = document.querySelector('figure.nn');"
                f"return {line('.nn-thick.nn-blue')}; }}"
            ),
        )


RULES = (nn.SGD, nn.Momentum, nn.Adam)


def descent(page, rng):
    def check(shown):
        paths = shown["paths"]
        assert len(paths) == 3
        for make, path in zip(RULES, paths, strict=True):
            rule = make(shown["lr"])
            w = np.array(shown["start"], float)
            assert len(path) == shown["shown"] + 1
            for there in path:
                if abs(w).max() >= 1e6:
                    break
                assert np.allclose(there, w, rtol=1e-8, atol=1e-8)
                rule.step({"w": w}, {"w": w * [1, 20]})

    check(values(page))
    settings = [
        {
            "lr": round(float(rng.uniform(-3, 0)), 2),
            "steps": int(rng.integers(0, 61)),
        }
        for _ in range(30)
    ]
    for wanted, (shown, drawn) in zip(
        settings,
        play(
            page,
            settings,
            f"[{line('.nn-vermillion')}, {line('polyline.nn-green')}]",
        ),
        strict=True,
    ):
        assert np.isclose(shown["lr"], 10 ** wanted["lr"], **CLOSE)
        assert shown["shown"] == wanted["steps"]
        check(shown)
        for r, text in enumerate(drawn):
            xy, path = points(text), np.array(shown["paths"][r])
            near = abs(path).max(axis=1) < 100
            assert np.allclose(xy[near], path[near], atol=0.05)
    play(page, [{"lr": -1.7, "steps": 60}])
    for name, (u, v) in zip(
        range(3), [(0.2, 0.3), (0.8, 0.1), (0.5, 0.9)], strict=True
    ):
        box = page.locator(".nn-click .nn-area").nth(name).bounding_box()
        page.mouse.click(
            box["x"] + u * box["width"], box["y"] + v * box["height"]
        )
        shown = values(page)
        at = [-5 + 10 * u, 2.5 - 5 * v]
        assert np.allclose(shown["start"], at, atol=0.1)
        check(shown)
    page.locator("svg[tabindex]").focus()
    before = values(page)["start"]
    for key in ["ArrowLeft", "ArrowUp", "ArrowLeft"]:
        page.keyboard.press(key)
    moved = np.subtract(values(page)["start"], before)
    assert np.allclose(moved, [-0.4, 0.1], atol=1e-9)
    check(values(page))
    page.evaluate(SET % "0", [{"steps": 57}])
    page.wait_for_timeout(300)
    assert values(page)["shown"] == 57
    page.get_by_role("button", name="Play").click()
    page.wait_for_function(
        "() => JSON.parse(document.querySelector('.nn-live')"
        ".dataset.values).shown === 60"
    )


CHECKS = {
    "neuron": neuron,
    "softmax": softmax,
    "fashion": fashion,
    "spirals": spirals,
    "backprop": backprop,
    "california": california,
    "hinges": hinges,
    "descent": descent,
}
