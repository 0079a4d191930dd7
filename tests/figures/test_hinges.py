"""Four hinges that a reader bends into a sine."""

import numpy as np
from page import CLOSE, drag, make, now, play, points, values

X = np.linspace(-np.pi, np.pi, 101)
CURVE = "line('.nn-thick.nn-blue')"


def example():
    return make(
        "hinges",
        x=X,
        y=np.sin(X),
        bends=np.array([-np.pi, -np.pi / 2, np.pi / 2, 0.0]),
        slopes=np.array([-2, 4, -4, 0]) / np.pi,
        offset=0.0,
    )


def agree(shown, drawn):
    """Compare the error and the drawn curve with NumPy's."""

    def curve(x):
        units = np.maximum(0, x[:, None] - shown["bends"])
        return units @ shown["slopes"] + shown["offset"]

    error = np.sqrt(np.mean((curve(X) - np.sin(X)) ** 2))
    assert np.isclose(shown["error"], error, **CLOSE)
    xy = points(drawn)
    assert np.allclose(xy[:, 1], curve(xy[:, 0]), atol=0.03)
    inside = {round(b, 1) for b in shown["bends"] if abs(b) < 3}
    assert inside <= {round(v, 1) for v in xy[:, 0]}


def test_the_curve_is_that_of_numpy(page, rng):
    settings = [
        {"unit": unit, "bend": round(bend, 1), "slope": round(slope, 2)}
        for unit, bend, slope in zip(
            rng.integers(4, size=60).tolist(),
            *rng.uniform(-3, 3, (2, 60)).tolist(),
            strict=True,
        )
    ]
    for wanted, shown, drawn in play(page, settings, CURVE):
        k = wanted["unit"]
        assert np.isclose(shown["bends"][k], wanted["bend"], **CLOSE)
        assert np.isclose(shown["slopes"][k], wanted["slope"], **CLOSE)
        agree(shown, drawn)


def test_the_best_slopes_are_those_of_least_squares(page):
    for bends in ([-3, -1.5, 0, 1.5], [-2.5, -1, 1, 2.5], [-3, 0, 1, 2]):
        play(page, [{"unit": k, "bend": b} for k, b in enumerate(bends)])
        before = values(page)["error"]
        page.get_by_role("button", name="Best slopes").click()
        shown = values(page)
        A = np.c_[np.maximum(0, X[:, None] - bends), np.ones(101)]
        best = np.linalg.lstsq(A, np.sin(X), rcond=None)[0]
        found = [*shown["slopes"], shown["offset"]]
        assert np.allclose(found, best, atol=1e-5)
        assert shown["error"] <= before + 1e-9
        agree(shown, now(page, CURVE))


def test_a_corner_is_dragged(page):
    before = values(page)
    drag(page, (-np.pi / 2, -1), (0, -1), (-1, 0.2))  # the corner of unit 1
    shown = values(page)
    assert abs(shown["bends"][1] + 1) < 0.03
    assert shown["slopes"] == before["slopes"]
    bends = [*shown["bends"][:1], *shown["bends"][2:]]
    assert bends == [*before["bends"][:1], *before["bends"][2:]]
    assert page.locator("[name=unit]").input_value() == "1"
    agree(shown, now(page, CURVE))
    drag(page, (0, 1), (-2, 1))  # far from every corner
    assert values(page) == shown


def test_the_diamond_is_dragged_and_turns_the_hinge(page):
    play(page, [{"unit": 2, "slope": 0.25}])
    x = 0.94 * np.pi  # a little before the end
    drag(page, (x, 0.25 * (x - np.pi / 2)), (x, 0.5), (x, -1))
    shown = values(page)
    assert abs(shown["slopes"][2] - -1 / (x - np.pi / 2)) < 0.03
    agree(shown, now(page, CURVE))


def test_the_arrow_keys_move_the_chosen_corner(page):
    play(page, [{"unit": 1, "bend": 1.0, "slope": 0.5}])
    plot = page.locator("svg.nn-plot")
    for key in ("ArrowRight", "ArrowRight", "ArrowUp", "ArrowLeft"):
        plot.press(key)
    shown = values(page)
    assert np.isclose(shown["bends"][1], 1 + 2 * np.pi / 100, **CLOSE)
    assert np.isclose(shown["slopes"][1], 0.5 + 3 / 50, **CLOSE)


def test_all_hinges_but_the_chosen_one_are_grey(page):
    count = "[...root.querySelectorAll('polyline.nn-grey')].length"
    hinge = "line('polyline.nn-vermillion')"
    found = play(
        page, [{"unit": k} for k in range(4)], f"[{count}, {hinge}]"
    )
    for wanted, shown, (grey, line) in found:
        assert grey == 3
        k = wanted["unit"]
        bend, slope = shown["bends"][k], shown["slopes"][k]
        x, y = points(line).T
        assert np.allclose(y, slope * np.maximum(0, x - bend), atol=0.03)
