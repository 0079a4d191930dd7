"""Three rules that walk down one valley."""

import numpy as np
from page import CLOSE, drag, make, play, points, values

import nn

RULES = (nn.SGD, nn.Momentum, nn.Adam)


def example():
    return make("descent", terms=[[0.5, 2, 0], [10, 0, 2]], lr=0.02)


def agree(shown):
    """Compare the three paths with those of the package's rules."""
    for make_rule, path in zip(RULES, shown["paths"], strict=True):
        rule = make_rule(shown["lr"])
        w = np.array(shown["start"], float)
        assert len(path) == shown["shown"] + 1
        for there in path:
            if abs(w).max() >= 1e6:
                break
            assert np.allclose(there, w, rtol=1e-8, atol=1e-8)
            rule.step({"w": w}, {"w": w * [1, 20]})


def test_it_opens_at_the_start_and_keeps_the_answer(page):
    shown = values(page)
    assert shown["shown"] == 0
    assert shown["paths"] == [[[-4, 1.6]]] * 3
    ends = page.locator(".nn-frame").last.locator("polyline")
    for line in ends.all():
        assert len(line.get_attribute("points").split()) == 1
    text = page.locator(".nn-reading").text_content()
    assert "All three start at a loss of 33.600" in text
    drawn = page.locator(".nn-live svg").all_text_contents()
    for name, times in {"w₀": 3, "w₁": 3, "step": 1, "loss": 1}.items():
        assert sum(name in axes for axes in drawn) >= times


def test_the_losses_are_drawn_as_far_as_the_paths(page):
    line = "line('.nn-frame:last-child polyline.nn-blue')"
    for wanted, shown, drawn in play(page, [{"steps": 7}], line):
        x, y = points(drawn).T
        assert np.allclose(x, range(wanted["steps"] + 1), atol=0.1)
        w = np.array(shown["paths"][2])
        loss = w[:, 0] ** 2 / 2 + 10 * w[:, 1] ** 2
        assert np.allclose(y, np.log10(loss), atol=0.05)


def test_the_paths_are_those_of_the_package(page, rng):
    agree(values(page))
    settings = [
        {"lr": round(lr, 2), "steps": steps}
        for lr, steps in zip(
            rng.uniform(-3, 0, 30).tolist(),
            rng.integers(61, size=30).tolist(),
            strict=True,
        )
    ]
    lines = "[line('.nn-vermillion'), line('polyline.nn-green')]"
    for wanted, shown, drawn in play(page, settings, lines):
        assert np.isclose(shown["lr"], 10 ** wanted["lr"], **CLOSE)
        assert shown["shown"] == wanted["steps"]
        agree(shown)
        for line, path in zip(drawn, shown["paths"], strict=False):
            near = abs(np.array(path)).max(axis=1) < 100
            xy = points(line)[near]
            assert np.allclose(xy, np.array(path)[near], atol=0.05)


def test_the_hand_and_the_arrow_keys_move_the_start(page):
    play(page, [{"lr": -1.7, "steps": 60}])
    for k, (u, v) in enumerate([(0.2, 0.3), (0.8, 0.1), (0.5, 0.9)]):
        at = [-5 + 10 * u, 2.5 - 5 * v]
        drag(page, (0, 0), (-1, -0.5), at, nth=k)
        shown = values(page)
        assert np.allclose(shown["start"], at, atol=0.1)
        agree(shown)
    for k in range(3):
        plot = page.locator(".nn-hand").nth(k)
        before = values(page)["start"]
        for key in ["ArrowLeft", "ArrowUp", "ArrowLeft"]:
            plot.press(key)
        moved = np.subtract(values(page)["start"], before)
        assert np.allclose(moved, [-0.4, 0.1], atol=1e-9)
        agree(values(page))
    drag(page, (0, 0), (5.3, 2.8))
    assert values(page)["start"] == [5, 2.5]  # no further than the map


def test_play_runs_to_the_end(page):
    play(page, [{"steps": 57}])
    page.wait_for_timeout(300)
    assert values(page)["shown"] == 57
    page.get_by_role("button", name="Play").click()
    page.wait_for_function(
        "() => JSON.parse(document.querySelector('.nn-live')"
        ".dataset.values).shown === 60"
    )
