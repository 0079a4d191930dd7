"""A small network with its values and the slope of each."""

import numpy as np
from page import CLOSE, make, network, number, play, values

import nn


def example():
    return make("backprop")


def test_the_slopes_are_those_of_numpy(page, rng):
    settings = [
        {"number": k, "value": round(v * 20) / 20}
        for k, v in zip(
            rng.integers(9, size=60).tolist(),
            rng.uniform(-2, 2, 60).tolist(),
            strict=True,
        )
    ]
    for k in (0, 2, 1, 3):  # first one hidden unit falls asleep, then both
        settings.append({"number": k, "value": -2})
    cells = "[...root.querySelectorAll('tbody td')].map(e => e.textContent)"
    asleep = set()
    for _, shown, texts in play(page, settings, cells):
        t = np.array(shown["theta"])
        model = network([t[:4].reshape(2, 2), t[4:6], t[6:8, None], t[8:]])
        loss, X = nn.MeanSquaredError(), np.array([[1.0, 2.0]])
        Z = model.forward(X, training=True)
        L = loss.forward(Z, np.array([[1.0]]))
        dX = model.backward(loss.backward())
        gradients = model.gradients().values()
        slopes = np.concatenate([g.ravel() for g in gradients])
        assert np.isclose(shown["loss"], L, **CLOSE)
        assert np.isclose(shown["z"], Z[0, 0], **CLOSE)
        assert np.allclose(shown["slopes"], slopes, **CLOSE)
        assert np.allclose([shown["dx1"], shown["dx2"]], dX[0], **CLOSE)
        z1, z2 = model.layers[0].forward(X)[0]
        assert np.allclose([shown["z1"], shown["z2"]], [z1, z2], **CLOSE)
        asleep.add((bool(z1 <= 0), bool(z2 <= 0)))
        if min(abs(z1), abs(z2)) > 1e-3:  # no kink between x - h and x + h
            assert np.allclose(shown["measured"], slopes, **CLOSE)
        table = np.array([*map(number, texts)]).reshape(9, 3)
        assert np.allclose(table[:, 0], t, atol=6e-3)
        assert np.allclose(table[:, 1], slopes, atol=6e-4)
        assert np.allclose(table[:, 2], shown["measured"], atol=6e-4)
    assert len(asleep) >= 3


def test_every_slope_is_written_under_its_value(page):
    theta = [0.6, -0.4, 0.3, 0.5, 0.1, -0.2, 0.7, -1.2, 0.2]
    play(page, [{"number": k, "value": v} for k, v in enumerate(theta)])
    texts = page.locator(".nn-slope").all_text_contents()
    shown = values(page)
    slopes = [shown[k] for k in ("dx1", "dx2", "da1", "da2", "dz")]
    assert np.allclose(
        sorted(number(t) for t in texts if t),
        sorted(slopes + shown["slopes"]),
        atol=6e-4,
    )


def test_slopes_can_be_covered(page):
    slopes, cover = page.locator(".nn-slope"), "cover the slopes"
    page.get_by_label(cover).check()
    assert set(slopes.all_text_contents()) == {"?", ""}
    page.get_by_label(cover).uncheck()
    assert "?" not in slopes.all_text_contents()
