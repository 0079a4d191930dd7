"""Ten layers of random weights under a slider for their variance."""

import functools
import re
from pathlib import Path

import numpy as np
from page import play, points, values

from nn import he_normal
from tools.cells import read

CHAPTER = (
    Path(__file__).parents[2].joinpath("notebooks", "11_a_good_start.ipynb")
)
VARIANCES = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 1.5, 1.8, 2]
VARIANCES += [2.2, 2.5, 3, 5, 10, 20, 50, 100]
RIDGES = """[...root.querySelectorAll(".nn-area")].map(area =>
  [...area.querySelectorAll("polygon")].map(e => [e.getAttribute("points"),
    area.dataset.domain, area.getAttribute("width"),
    area.getAttribute("height")]))"""


@functools.cache
def chapter():
    """What the chapter's own cells define: the pictures and the figure."""
    cells = {cell.id: cell.source for cell in read(CHAPTER).cells}
    names = {"np": np, "he_normal": he_normal}
    for key in ("imports", "size", "signal", "small", "star"):
        exec(cells[key], names)
    return names


def example():
    return chapter()["live"]


@functools.cache
def layers(variance):
    """Activations and slopes dZ of ten layers, as (10, 200, 100)."""
    rng, A, passed = np.random.default_rng(0), chapter()["pictures"], []
    for n_in in [784] + 9 * [100]:
        W = he_normal(n_in, 100, rng) * np.sqrt(variance / 2)
        Z = A @ W
        A = np.maximum(0, Z)
        passed.append((W, Z))
    grad, slopes = rng.standard_normal((200, 100)), []
    for W, Z in reversed(passed):
        slopes.insert(0, grad * (Z > 0))
        grad = slopes[0] @ W.T
    return np.maximum(0, [Z for _, Z in passed]), np.array(slopes)


def test_sizes_and_histograms_are_those_of_numpy(page):
    settings = [{"variance": k} for k in range(len(VARIANCES))]
    for wanted, shown, ridges in play(page, settings, RIDGES):
        variance = VARIANCES[wanted["variance"]]
        assert shown["variance"] == variance
        arrays = layers(variance)
        for name, found, drawn in zip(
            ("activations", "slopes"), arrays, ridges, strict=True
        ):
            sizes = np.sqrt((found**2).mean(axis=(1, 2)))
            assert np.allclose(shown[name], sizes, rtol=1e-5, atol=0)
            for k, line in enumerate(drawn):
                x, y = points(line).T
                weight = k + 1 - y
                logs = np.log10(abs(found[k][found[k] != 0]))
                mean = (weight * x).sum() / weight.sum()
                assert abs(mean - logs.mean()) < 0.05
                inside = (logs > x[0]) & (logs < x[-1])
                assert inside.mean() > 0.99
                assert np.isclose(weight.max(), 0.85, atol=0.02)


def test_he_is_marked_and_keeps_the_sizes(page):
    slider = page.locator("[name=variance]")
    mark = page.locator(f"[id='{slider.get_attribute('list')}'] option")
    he = int(mark.get_attribute("value"))
    assert VARIANCES[he] == 2
    before = values(page)["activations"]
    assert before[-1] < 1e-8 * before[0]
    [(_, shown, _)] = play(page, [{"variance": he}])
    assert 0.3 < shown["activations"][-1] / shown["activations"][0] < 3
    assert slider.get_attribute("aria-valuetext") == "2/n (He)"
    reading = page.locator(".nn-reading").text_content()
    assert "The variance is 2/n, that of He" in reading
    assert "multiplies the mean square by 1." in reading


def test_the_sentence_names_the_sizes(page):
    [(_, shown, _)] = play(page, [{"variance": VARIANCES.index(1.5)}])
    text = page.locator(".nn-reading").text_content()
    said = re.search(r"size ([\d.]+) in layer 1 and ([\d.]+) in", text)
    ends = [shown["activations"][k] for k in (0, -1)]
    assert np.allclose([float(v) for v in said.groups()], ends, rtol=0.06)
