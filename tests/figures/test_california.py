"""A network that prices a district, and the map of its errors."""

import functools

import numpy as np
from page import (
    CLOSE,
    canvas,
    float64,
    make,
    now,
    place,
    play,
    points,
    values,
)

import nn
from nn import figures
from nn.datasets import HOUSING_FEATURES, HOUSING_UNITS, california_housing

TRAIN, TEST = california_housing()
X, Y = (a[:1500] for a in TEST)  # the districts of the figure
SOUTH, NORTH = X[:, 6].min() - 0.2, X[:, 6].max() + 0.2
WEST, EAST = X[:, 7].min() - 0.2, X[:, 7].max() + 0.2


@functools.cache
def housing_model():
    rng = np.random.default_rng(0)
    model = nn.Sequential(
        nn.Normalization.of(TRAIN[0]),
        nn.Dense(8, 64, rng=rng),
        nn.ReLU(),
        nn.Dense(64, 32, rng=rng),
        nn.ReLU(),
        nn.Dense(32, 1, rng=rng),
    )
    loss, optimizer = nn.MeanSquaredError(), nn.Adam(3e-3)
    nn.fit(model, *TRAIN, loss=loss, optimizer=optimizer, epochs=8, rng=rng)
    return model


def example():
    return make(
        "california",
        network=figures.network(housing_model().state()),
        X=X,
        y=Y,
        features=list(HOUSING_FEATURES),
        units=list(HOUSING_UNITS),
        start=3,
    )


def price(x):
    """Prices of the rows x in double precision, (n,)."""
    rows = np.atleast_2d(np.array(x, float))
    return nn.predict(float64(housing_model()), rows)[:, 0]


def dollars(v):
    """$123,400 for 1.234."""
    sign = "−" if v < 0 else ""
    return f"{sign}${abs(np.floor(v * 1000 + 0.5)) * 100:,.0f}"


def test_the_sliders_price_a_district_as_numpy_does(page, rng):
    first = values(page)
    assert first["district"] == 3
    assert "the census $" not in page.locator(".nn-reading").inner_text()
    assert np.allclose(first["x"], X[3].astype(float), **CLOSE)
    assert np.isclose(first["actual"], Y[3, 0], **CLOSE)

    low, high = np.quantile(X, [0.02, 0.98], axis=0)
    rows = np.clip(X[rng.integers(len(X), size=40)], low, high).tolist()
    chosen = rng.integers(8, size=40).tolist()
    settings = [
        {HOUSING_FEATURES[k]: row[k]}
        for k, row in zip(chosen, rows, strict=True)
    ]
    also = "[line('.nn-thick'), find('.nn-price').textContent]"
    for wanted, shown, (drawn, big) in play(page, settings, also):
        ((name, value),) = wanted.items()
        k = HOUSING_FEATURES.index(name)
        assert shown["district"] is None
        assert shown["chosen"] == k
        assert np.isclose(shown["x"][k], value, **CLOSE)
        assert np.isclose(shown["z"], price(shown["x"])[0], **CLOSE)
        assert big == dollars(shown["z"])
        swept = np.tile(shown["x"], (len(shown["xs"]), 1))
        swept[:, k] = shown["xs"]
        assert np.allclose(shown["ys"], price(swept), **CLOSE)
        curve, wide = points(drawn), np.ptp(shown["xs"])
        assert np.allclose(curve[:, 0], shown["xs"], atol=wide / 500)
        assert np.allclose(curve[:, 1], shown["ys"], atol=0.03)


def test_random_districts_are_guessed_and_revealed(page):
    reading = page.locator(".nn-reading")
    for _ in range(12):
        page.get_by_role("button", name="Next random district").click()
        shown = values(page)
        x, (y,) = X[shown["district"]], Y[shown["district"]]
        assert np.allclose(shown["x"], x.astype(float), **CLOSE)
        assert np.isclose(shown["z"], price(x)[0], **CLOSE)
        assert "higher or lower" in reading.inner_text()
        page.get_by_role("button", name="Reveal").click()
        text = reading.inner_text()
        assert f"the census {dollars(y)}" in text
        assert ("too high" if price(x)[0] > y else "too low") in text


def test_a_lonely_district_on_the_map_has_the_colour_of_its_sign(page):
    pixels = canvas(page, ".nn-map canvas")
    height, width = pixels.shape[:2]
    px = (X[:, 7] - WEST) / (EAST - WEST) * width
    py = (NORTH - X[:, 6]) / (NORTH - SOUTH) * height
    gaps = np.hypot(px[:, None] - px, py[:, None] - py)
    np.fill_diagonal(gaps, 99)
    errors = price(X) - Y[:, 0]
    lonely = np.flatnonzero((gaps.min(axis=1) > 14) & (abs(errors) > 0.55))
    assert len(lonely) >= 3
    for i in lonely:
        r, _, b, a = map(int, pixels[int(py[i]), int(px[i])])
        assert a > 0
        assert (r > b) == (errors[i] > 0)


def test_a_click_on_the_map_moves_the_house_there(page):
    x, y = place(page, ".nn-map canvas", 0.6, 0.7)
    page.mouse.click(x, y)
    shown = values(page)
    at = [0.7 * SOUTH + 0.3 * NORTH, 0.4 * WEST + 0.6 * EAST]
    assert np.allclose(shown["x"][6:], at, rtol=0, atol=0.05)
    assert np.isclose(shown["z"], price(shown["x"])[0], **CLOSE)
    ring = now(page, "box('.nn-ring')")
    assert abs(ring["x"] + ring["width"] / 2 - x) < 2
    assert abs(ring["y"] + ring["height"] / 2 - y) < 2


def test_the_map_has_the_outline_of_the_state(page):
    from matplotlib.path import Path

    drawn = page.locator(".nn-land").get_attribute("d")
    view = page.locator(".nn-map svg").first.get_attribute("viewBox")
    width, height = map(float, view.split()[2:])
    rings = [
        np.array([point.split() for point in ring.split("L")], float)
        for ring in drawn.replace("Z", "").split("M")[1:]
    ]
    px = (X[:, 7] - WEST) / (EAST - WEST) * width
    py = (NORTH - X[:, 6]) / (NORTH - SOUTH) * height
    places = np.stack([px, py], axis=1)
    degree = height / (NORTH - SOUTH)
    far = np.ones(len(X), bool)
    for ring in rings:
        inside = Path(ring).contains_points(places)
        after = np.roll(ring, -1, axis=0)
        edge = after - ring
        along = ((places[:, None] - ring) * edge).sum(-1) / (edge**2).sum(
            -1
        )
        foot = ring + np.clip(along, 0, 1)[..., None] * edge
        gap = np.linalg.norm(foot - places[:, None], axis=-1).min(axis=1)
        far &= ~inside & (gap > 0.1 * degree)
    assert not far.any()
    assert len(rings) == 2


def test_each_column_has_its_words(page):
    labels = page.locator(".nn-knobs label").all_inner_texts()
    assert [text.split()[0] for text in labels] == list(HOUSING_FEATURES)
    words = dict(zip(HOUSING_FEATURES, labels, strict=True))
    assert words["AveOccup"].split("\n")[1:] == ["people per household"]
    for name, unit in zip(HOUSING_FEATURES, HOUSING_UNITS, strict=True):
        if " " in unit and "USD" not in unit:
            assert unit in words[name]
