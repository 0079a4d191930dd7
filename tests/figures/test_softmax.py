"""Softmax: logits, probabilities and the loss."""

import numpy as np
from page import CLOSE, bars, make, play, values

import nn


def example():
    classes = ["T-shirt", "Shirt", "Coat"]
    return make("softmax", classes=classes, logits=[2.0, 1, -1], truth=1)


def agree(shown, truth):
    """Compare what is exposed with NumPy's; p."""
    z, T = np.array(shown["z"]), shown["T"]
    loss = nn.SoftmaxCrossEntropy()
    L, p = loss.forward(z[None] / T, np.array([truth])), nn.softmax(z / T)
    assert shown["truth"] == truth
    assert np.allclose(shown["p"], p, **CLOSE)
    assert np.isclose(shown["loss"], L, **CLOSE)
    return p


def drawn(page, truth):
    """Compare the bars and the numbers beside them as well."""
    p = agree(values(page), truth)
    ends = bars(page, ".nn-bar")
    assert np.allclose(ends, np.c_[0 * p, p], atol=0.02)
    numbers = page.locator(".nn-number").all_inner_texts()
    assert numbers == [f"{100 * v:.1f} %" for v in p]


def test_the_numbers_are_those_of_numpy(page, rng):
    logits = rng.uniform(-6, 6, (60, 3)).round(1).tolist()
    powers = (rng.uniform(-1, 1, 60) * 20).round() / 20
    settings = [
        {"z0": a, "z1": b, "z2": c, "T": t}
        for (a, b, c), t in zip(logits, powers.tolist(), strict=True)
    ]
    for wanted, shown, _ in play(page, settings):
        assert shown["z"] == [wanted["z0"], wanted["z1"], wanted["z2"]]
        assert np.isclose(shown["T"], 10 ** wanted["T"], **CLOSE)
        agree(shown, 1)
    for k in (0, 2):
        page.get_by_role("radio").nth(k).check()
        drawn(page, k)


def test_a_number_added_to_every_logit_changes_nothing(page):
    before = values(page)
    for n in range(1, 9):
        page.get_by_role("button", name="Add 1 to every logit").click()
        assert values(page)["z"] == [v + n for v in before["z"]]
        assert np.allclose(values(page)["p"], before["p"], atol=1e-12)
    assert page.locator("input[name=z0]").input_value() == "10"
    drawn(page, 1)
