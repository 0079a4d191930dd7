"""One neuron: a hinge, bent where w x + b changes its sign."""

import numpy as np
from page import CLOSE, drag, make, play, points, values


def example():
    return make("neuron", w=1.5, b=-2.25)


def test_the_lines_are_those_of_numpy(page, rng):
    choices = rng.choice(np.arange(-60, 61) / 20, size=(80, 2)).tolist()
    settings = [{"w": w, "b": b} for w, b in [*choices, (0, 1)]]
    for wanted, shown, (bent, straight, dot, area) in play(
        page,
        settings,
        "[line('.nn-thick'), line('.nn-dashed'),"
        " box('circle'), box('.nn-area')]",
    ):
        w, b, bend = wanted["w"], wanted["b"], shown["bend"]
        assert np.allclose([shown["w"], shown["b"]], [w, b], **CLOSE)
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
            middle = (dot["left"] + dot["right"]) / 2 - area["left"]
            at = middle / area["width"] * 8 - 4
            assert np.isclose(at, bend, atol=0.05)


def test_the_reading_says_where_it_bends(page):
    play(page, [{"w": -1.5, "b": 2.25}])
    reading = page.locator(".nn-reading")
    assert "a = max(0, −1.50 x + 2.25)" in reading.inner_text()
    assert "bends at x = 1.50" in reading.inner_text()
    page.get_by_label("show the rule").check()
    assert "x = −b / w = −2.25 / −1.50 = 1.50" in reading.inner_text()


def test_the_bend_is_dragged_and_moves_b_alone(page):
    drag(page, (1.7, 0), (1.7, 0))  # beside the bend, which stays
    assert values(page)["bend"] == 1.5
    drag(page, (1.5, 0), (-1, 1), (-2, 3))
    shown = values(page)
    assert shown["w"] == 1.5
    assert abs(shown["bend"] + 2) < 0.06  # a step of b is 0.033 of x
    assert np.isclose(shown["bend"], -shown["b"] / 1.5, **CLOSE)
    drag(page, (-2, 3), (4, 3))
    assert values(page)["b"] == -3  # the end of the slider
    before = values(page)
    drag(page, (0, 3), (-3, 3))  # far from the bend
    assert values(page) == before
    play(page, [{"w": 0}])
    drag(page, (0, 0), (-2, 0))
    assert values(page)["b"] == -3


def test_the_arrow_keys_move_the_bend_and_the_slope(page):
    plot = page.locator("svg.nn-plot")
    for w, key, sign in [
        (2, "ArrowRight", 1),
        (2, "ArrowLeft", -1),
        (-1, "ArrowRight", 1),
    ]:
        play(page, [{"w": w, "b": 1}])
        plot.press(key)
        moved = values(page)["bend"] - -1 / w
        assert np.isclose(moved, sign * 0.05 / abs(w), **CLOSE)
    plot.press("ArrowUp")
    assert np.isclose(values(page)["w"], -0.95, **CLOSE)
    assert page.locator("[name=w]").input_value() == "-0.95"
