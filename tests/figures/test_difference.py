"""The V: the error of a measured slope against its step."""

import functools
import re
from pathlib import Path

import numpy as np
from page import CLOSE, now, play, points, values

from tools.cells import read

CHAPTER = (
    Path(__file__)
    .parents[2]
    .joinpath("notebooks", "06_slopes_without_calculus.ipynb")
)
TYPES = ("float64", "float32")
LINES = "[line('.nn-thick.nn-blue'), line('.nn-thick.nn-vermillion')]"
DOTS = """[...root.querySelectorAll(".nn-area g")].map(g =>
  [...g.children].map(e => e.getAttribute("transform")
    .match(/translate\\(([^)]+)\\)/)[1].split(" ").map(Number)))"""


@functools.cache
def chapter():
    """What the chapter's own cells define: the curves and the figure."""
    cells = {cell.id: cell.source for cell in read(CHAPTER).cells}
    names = {}
    for key in (
        "imports",
        "orders",
        "orders-run",
        "u-curve",
        "u-curve-run",
        "figure-u-curve",
    ):
        exec(cells[key], names)
    return names


def example():
    return chapter()["live"]


def surprise(z):
    return np.log(1 + np.exp(-z))


def test_slopes_and_errors_are_those_of_numpy(page):
    own = chapter()
    steps = own["steps"]
    for wanted, shown, lines in play(
        page, [{"h": k} for k in range(len(steps))], LINES
    ):
        h = steps[wanted["h"]]
        assert np.isclose(shown["step"], h, rtol=1e-9, atol=0)
        for k, name in enumerate(TYPES):
            z, step = np.dtype(name).type(1), np.dtype(name).type(h)
            slope = (surprise(z + step) - surprise(z - step)) / (2 * step)
            assert np.isclose(shown["slopes"][k], slope, **CLOSE)
            error = own["median_error"](h, np.dtype(name).type)
            assert np.isclose(shown["errors"][k], error, rtol=1e-5, atol=0)
            (x0, y0), (x1, y1) = points(lines[k])
            assert np.isclose((y1 - y0) / (x1 - x0), slope, atol=2e-3)
        middle = (surprise(1 + h) + surprise(1 - h)) / 2
        (x0, y0), (x1, y1) = points(lines[0])
        assert np.isclose((y0 + y1) / 2, middle, atol=4e-3)


def test_only_the_steps_that_were_tried_are_shown(page):
    steps, axes = (
        chapter()["steps"],
        "find('.nn-frame:last-child .nn-area')",
    )
    domain = now(page, f"{axes}.dataset.domain")
    x0, x1, y0, y1 = map(float, domain.split())
    sizes = f"['width', 'height'].map(k => {axes}.getAttribute(k))"
    width, height = map(float, now(page, sizes))
    last = len(steps) - 1
    assert values(page)["seen"] == [last]
    play(page, [{"h": 40}, {"h": 20}])
    all_steps = page.get_by_role("button", name="Show all steps")
    for tried in ([last, 40, 20], [*range(len(steps))]):
        if len(tried) == len(steps):
            all_steps.click()
        assert sorted(values(page)["seen"]) == sorted(tried)
        for name, group in zip(TYPES, now(page, DOTS), strict=True):
            x, y = np.array(sorted(group)).T
            at = x0 + x / width * (x1 - x0)
            assert np.allclose(
                at, np.log10(steps[sorted(tried)]), atol=0.02
            )
            errors = chapter()["curves"][name][sorted(tried)]
            at = y1 - y / height * (y1 - y0)
            assert np.allclose(at, np.log10(errors), atol=0.02)
    assert all_steps.is_disabled()


def test_the_sentence_names_the_step_and_both_errors(page):
    play(page, [{"h": int(np.argmin(abs(chapter()["steps"] - 1e-5)))}])
    text = page.locator(".nn-reading").text_content()
    assert text.startswith("With h = 10⁻⁵, float64 measures −0.268941")
    raised = str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")
    said = re.findall(
        r"typical error is (?:(\d) · )?10([⁻\d⁰-⁹¹²³]+)", text
    )
    for name, (digit, power) in zip(TYPES, said, strict=True):
        error = chapter()["median_error"](1e-5, np.dtype(name).type)
        told = float(f"{digit or 1}e{power.translate(raised)}")
        assert 0.66 < told / error < 1.5
    assert "The slope is −0.268941." in text
