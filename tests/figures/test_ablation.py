"""A hidden layer whose units are switched off by hand or by a slider."""

import functools

import numpy as np
from page import CLOSE, bars, canvas, make, number, play, values

import nn
from nn.datasets import FASHION_CLASSES, fashion_mnist_sample

PIXELS, LABELS = fashion_mnist_sample()
UNITS = 12
NAMES = ["as they are", "backwards"]


@functools.cache
def layers():
    """The layers up to the units, and the last one, of a small network."""
    rng = np.random.default_rng(0)
    model = nn.Sequential(
        nn.Normalization(mean=0, std=255),
        nn.Dense(784, UNITS, rng=rng),
        nn.ReLU(),
        nn.Dense(UNITS, 10, rng=rng),
    )
    nn.fit(
        model,
        PIXELS,
        LABELS,
        loss=nn.SoftmaxCrossEntropy(),
        optimizer=nn.Adam(3e-3),
        epochs=20,
        batch_size=20,
        rng=rng,
    )
    return nn.Sequential(*model.layers[:3]), model.layers[3]


def outputs():
    """What the units return for the pictures of the sample, (n, UNITS)."""
    return nn.predict(layers()[0], PIXELS)


def example():
    last = layers()[1]
    units = np.arange(UNITS)
    return make(
        "ablation",
        A=outputs(),
        W=last.W,
        b=last.b,
        labels=LABELS.astype(np.uint8),
        classes=list(FASHION_CLASSES),
        pictures=PIXELS[:UNITS],
        names=NAMES,
        orders=np.stack([units, units[::-1]]).astype(np.uint8),
    )


def accuracies(off):
    """All, and by class, in double precision, without these units."""
    A, last = outputs().astype(float), layers()[1]
    A[:, list(off)] = 0
    hit = (A @ last.W + last.b).argmax(axis=1) == LABELS
    return hit.mean(), np.array(
        [hit[LABELS == k].mean() for k in range(10)]
    )


def agree(page, off):
    """Compare all that is shown with NumPy's network without the units."""
    shown, (every, each) = values(page), accuracies(off)
    assert shown["off"] == sorted(off)
    assert np.isclose(shown["accuracy"], every, **CLOSE)
    assert np.allclose(shown["each"], each, **CLOSE)
    assert np.allclose(bars(page), np.c_[0 * each, each], atol=0.02)
    texts = page.locator(".nn-number").all_inner_texts()
    assert texts[::2] == [f"{100 * v:.1f} %" for v in each]
    change = 100 * (each - accuracies([])[1])
    found = [number(text) if text else 0 for text in texts[1::2]]
    assert np.allclose(found, change, atol=0.051)
    said = page.locator(".nn-reading").inner_text()
    assert said.startswith(f"{UNITS - len(off)} of {UNITS} units are on.")
    assert f"is {100 * every:.1f} %" in said
    assert ("loses most" in said) == (change.min() < 0)
    if change.min() < 0:
        assert f"{FASHION_CLASSES[change.argmin()]} loses most" in said
    assert page.get_by_label("units on").input_value() == str(
        UNITS - len(off)
    )
    pressed = page.locator("[aria-pressed=true]").all()
    names = sorted(int(e.get_attribute("name")[5:]) for e in pressed)
    assert names == sorted(off)


def unit(page, u):
    """The tile of a unit."""
    return page.locator(f"[name=unit-{u}]")


def test_with_all_units_it_is_the_network(page):
    agree(page, [])
    assert page.locator("[name^=unit-]").count() == UNITS


def test_a_click_switches_a_unit_off_and_on(page):
    off = []
    for u in (7, 0, 11, 4):
        unit(page, u).click()
        off.append(u)
        agree(page, off)
        assert unit(page, u).get_attribute("aria-label") == f"unit {u}, off"
    unit(page, 0).click()
    agree(page, [7, 11, 4])
    assert unit(page, 0).get_attribute("aria-label") == "unit 0, on"


def test_every_unit_alone(page):
    costs = []
    for u in range(UNITS):
        unit(page, u).press("Enter")
        agree(page, [u])
        costs.append(accuracies([])[0] - accuracies([u])[0])
        unit(page, u).press("Space")
    assert np.ptp(costs) > 0.05  # the units of the example differ


def test_the_slider_follows_the_order(page):
    for m in (1, 5, UNITS, 3):
        play(page, [{"count": UNITS - m}])
        agree(page, range(m))
    page.get_by_label("switch off first").select_option(label="backwards")
    agree(page, [])
    play(page, [{"count": UNITS - 4}])
    agree(page, range(UNITS - 4, UNITS))
    tiles = page.locator("[name^=unit-]").all()
    names = [int(tile.get_attribute("name")[5:]) for tile in tiles]
    assert names == [*range(UNITS)][::-1] == values(page)["order"]


def test_the_slider_forgets_what_was_clicked(page):
    unit(page, 9).click()
    play(page, [{"count": UNITS - 2}])
    agree(page, [0, 1])
    page.get_by_role("button", name="All on").click()
    agree(page, [])


def test_a_unit_that_is_off_fades(page):
    for u, faint in ((3, True), (5, False)):
        if faint:
            unit(page, u).click()
        canvas_of = unit(page, u).locator("canvas")
        opacity = canvas_of.evaluate("e => getComputedStyle(e).opacity")
        assert (float(opacity) < 0.3) == faint


def test_the_tiles_show_the_pictures(page):
    for u in (0, 8):
        pixels = canvas(page, f"[name=unit-{u}] canvas")
        assert (pixels[..., 0].ravel() == PIXELS[u]).all()
        assert (pixels[..., 3] == 255).all()
