"""The network of chapter 7 with its values and the slope of each."""

from pathlib import Path

import numpy as np
from page import CLOSE, make, network, number, play, values

import nn
from tools.cells import read

CHAPTER = (
    Path(__file__)
    .parents[2]
    .joinpath("notebooks", "07_the_chain_rule_on_one_neuron.ipynb")
)
FRESH = [1, -1, 0.5, 1, 1, 0, 1, -2, 0]
FORWARD = ["z0", "z1", "a0", "a1", "yhat", "L"]
ORDER = [
    "yhat",
    "c",
    "v0",
    "v1",
    "a0",
    "a1",
    "z0",
    "z1",
    "b0",
    "b1",
    "w00",
    "w01",
    "w10",
    "w11",
    "x0",
    "x1",
]
END = {"step": len(FORWARD) + len(ORDER)}


def example():
    return make("backprop", parameters=FRESH, x=[1, 2], y=3)


def chapter():
    """What the chapter's own cells define: net and both passes."""
    cells = {cell.id: cell.source for cell in read(CHAPTER).cells}
    names = {"np": np}
    for key in ("network", "forward", "backward"):
        exec(cells[key], names)
    return names


def test_the_figure_shows_the_problem_of_the_chapter(page):
    own = chapter()
    net = own["net"]
    for k, v in ((3, 1), (3, 0.75), (5, -2)):  # fresh; right; silent
        [(_, shown, _)] = play(page, [{"number": k, "value": v}])
        t = np.array(shown["theta"])
        net |= {"W": t[:4].reshape(2, 2), "b": t[4:6], "v": t[6:8]}
        net["c"] = t[8]
        for name, value in own["forward_pass"](**net).items():
            key = name.replace("_", "")  # y_hat is yhat in the figure
            entries = (
                [key] if np.ndim(value) == 0 else [f"{key}0", f"{key}1"]
            )
            found = np.ravel([shown[entry] for entry in entries])
            assert np.allclose(found, value, **CLOSE), name
        d = own["backward_pass"](**net)
        slopes = [*d["W"].ravel(), *d["b"], *d["v"], d["c"]]
        assert np.allclose(shown["slopes"], slopes, **CLOSE)
        assert np.allclose([shown["dx0"], shown["dx1"]], d["x"], **CLOSE)
        assert np.allclose([shown["dz0"], shown["dz1"]], d["z"], **CLOSE)
        assert np.allclose([shown["da0"], shown["da1"]], d["a"], **CLOSE)
        assert np.isclose(shown["dyhat"], d["y_hat"], **CLOSE)
    help_text = page.locator(".nn-help").text_content()
    assert "y = 3, and L = ½(ŷ − y)²" in help_text


def test_it_opens_with_the_numbers_of_the_chapter(page):
    shown, own = values(page), chapter()
    arrays = (own["net"][name] for name in "Wbvc")
    assert (
        shown["theta"] == np.concatenate([*map(np.ravel, arrays)]).tolist()
    )
    assert shown["L"] == own["forward_pass"](**own["net"])["L"]


def test_the_slopes_are_those_of_numpy(page, rng):
    settings = [
        {"number": k, "value": round(v * 20) / 20}
        for k, v in zip(
            rng.integers(9, size=60).tolist(),
            rng.uniform(-2, 2, 60).tolist(),
            strict=True,
        )
    ]
    for k in (0, 2, 1, 3):  # first one hidden unit falls silent, then both
        settings.append({"number": k, "value": -2})
    cells = "[...root.querySelectorAll('tbody td')].map(e => e.textContent)"
    play(page, [END])
    silent = set()
    for _, shown, texts in play(page, settings, cells):
        t = np.array(shown["theta"])
        model = network([t[:4].reshape(2, 2), t[4:6], t[6:8, None], t[8:]])
        loss, X = nn.MeanSquaredError(), np.array([[1.0, 2.0]])
        Z = model.forward(X, training=True)
        L = loss.forward(Z, np.array([[3.0]])) / 2
        dX = model.backward(loss.backward() / 2)
        gradients = model.gradients().values()
        slopes = np.concatenate([g.ravel() for g in gradients])
        assert np.isclose(shown["L"], L, **CLOSE)
        assert np.isclose(shown["yhat"], Z[0, 0], **CLOSE)
        assert np.allclose(shown["slopes"], slopes, **CLOSE)
        assert np.allclose([shown["dx0"], shown["dx1"]], dX[0], **CLOSE)
        z0, z1 = model.layers[0].forward(X)[0]
        assert np.allclose([shown["z0"], shown["z1"]], [z0, z1], **CLOSE)
        silent.add((bool(z0 <= 0), bool(z1 <= 0)))
        if min(abs(z0), abs(z1)) > 1e-3:  # no kink between w - h and w + h
            assert np.allclose(shown["measured"], slopes, **CLOSE)
        table = np.array([*map(number, texts)]).reshape(9, 3)
        assert np.allclose(table[:, 0], t, atol=6e-3)
        assert np.allclose(table[:, 1], slopes, atol=6e-4)
        assert np.allclose(table[:, 2], shown["measured"], atol=6e-4)
    assert len(silent) >= 3


def test_every_slope_is_written_under_its_value(page):
    theta = [0.6, -0.4, 0.3, -0.5, 0.1, -0.2, 0.7, -1.2, 0.2]  # z1 < 0
    play(page, [{"number": k, "value": v} for k, v in enumerate(theta)])
    [(_, shown, _)] = play(page, [END])
    x0, x1 = 1, 2
    names = ("z0", "z1", "a0", "a1", "yhat", "L")
    expected = [(theta[k], shown["slopes"][k]) for k in range(9)]
    expected += [(x0, shown["dx0"]), (x1, shown["dx1"])]
    expected += [(shown[name], shown[f"d{name}"]) for name in names]
    pairs = page.eval_on_selector_all(
        "svg g",
        "all => all.map(g => [...g.children].map("
        "e => [e.textContent, e.getAttribute('x'), e.getAttribute('y')]))",
    )
    found = []
    for (value, left, top), (slope, right, bottom) in pairs:
        assert left == right
        assert float(top) < float(bottom)
        found.append((number(value), number(slope)))
    assert np.allclose(sorted(found), sorted(expected), atol=6e-4)


def numbers(page):
    """Each place of the drawing: its value and its slope, as written."""
    return page.eval_on_selector_all(
        "svg g",
        "all => all.map(g => [...g.children].map(e => e.textContent))",
    )


def test_it_opens_with_all_values_and_the_slope_of_the_loss(page):
    found = numbers(page)
    assert "?" not in [value for value, _ in found]
    assert [slope for _, slope in found if slope != "?"] == ["1"]
    cells = page.locator("tbody td:not(:nth-child(2))")
    assert set(cells.all_text_contents()) == {"?"}
    reading = page.locator(".nn-reading").text_content()
    assert reading.startswith("L = ½ (1 − 3)² = 2.")
    assert "What is the slope of L with respect to ŷ?" in reading


def test_the_numbers_appear_one_at_a_time(page):
    found = play(
        page,
        [{"step": k} for k in range(END["step"] + 1)],
        "[...root.querySelectorAll('svg g')].map("
        "g => [...g.children].map(e => e.textContent))",
    )
    for (step, shown, now), (_, _, before) in zip(
        found[1:], found[:-1], strict=True
    ):
        new = [
            new
            for pair, old in zip(now, before, strict=True)
            for new, hidden in zip(pair, old, strict=True)
            if new != hidden
        ]
        k = step["step"] - 1
        key = (FORWARD + [f"d{name}" for name in ORDER])[k]
        wanted = [shown[key]] if key != "L" else [shown["L"], shown["dL"]]
        assert np.allclose([number(v) for v in new], wanted, atol=6e-4)
    assert not any("?" in pair for pair in found[-1][2])


def test_the_sentence_says_where_a_slope_comes_from(page):
    said = {}
    for _ in ORDER:
        page.get_by_role("button", name="Next number").click()
        shown = values(page)
        said[shown["known"][-1]] = page.locator(
            ".nn-reading"
        ).text_content()
    assert [*said] == ORDER
    assert "with respect to W[1, 1] is 2 · 4 = 8, the local" in said["w11"]
    assert "x[0] is 1 · (−2) + (−1) · 4 = −6, the sum over" in said["x0"]
    assert "What is the slope of L with respect to v[1]?" in said["v0"]
    assert page.get_by_role("button", name="Next number").is_disabled()
    assert (
        "Slope of W[0, 0] −2: a small step up makes the loss smaller"
        in (said["x1"])
    )
    play(page, [{"step": 0}])
    assert "What is z[0]?" in page.locator(".nn-reading").text_content()
    assert sum("?" in pair for pair in numbers(page)) == 17
    play(page, [{"step": 1}])
    reading = page.locator(".nn-reading").text_content()
    assert "z[0] = 1 · 1 + 2 · 0.5 + 1 = 3." in reading


def test_a_click_on_a_weight_chooses_it(page):
    page.locator("svg g.nn-pick").nth(4).locator("text").first.click()
    assert page.get_by_label("weight or bias").input_value() == "6"
