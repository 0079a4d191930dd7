"""The paths of one weight or input of chapter 8's layer, and their sum."""

from pathlib import Path

import numpy as np
from page import CLOSE, make, now, number, play, values

import nn
from tools.cells import read

CHAPTER = (
    Path(__file__)
    .parents[2]
    .joinpath("notebooks", "08_where_the_transpose_comes_from.ipynb")
)
NEXT = "Add the next product"
SHOWN = """[find(".nn-sum").textContent, find(".nn-reading").textContent,
  [...root.querySelectorAll("[role=img].nn-matrix")].map(
    e => [...e.children].map(c => [c.textContent,
      c.classList.contains("nn-on")]))]"""
# the thick lines of the drawing: the places of their ends, and the numbers
LIT = """[...root.querySelectorAll("svg .nn-lit")].map(e =>
  ["x1", "y1", "x2", "y2"].map(k => Number(e.getAttribute(k))))"""


def chapter():
    """What the chapter's own cells define: its batch and its layer."""
    cells = {cell.id: cell.source for cell in read(CHAPTER).cells}
    names = {"np": np, "Dense": nn.Dense}
    exec(cells["example"], names)
    names["dZ"] = names["X"] @ names["W"] + names["b"] - names["y"]
    exec(cells["example-layer"], names)
    return names


def example():
    own = chapter()
    return make(
        "paths",
        X=own["X"],
        W=own["W"],
        dZ=own["dZ"],
        entries=[[1, 0], [1, 1]],
        guesses=[-9, 9, 1],
    )


def entries(array):
    """The buttons of an array and their places in it."""
    return [(f"{array}[{r}, {c}]", (r, c)) for r, c in PLACES[array]]


PLACES = {"W": [*np.ndindex(2, 2)], "X": [*np.ndindex(3, 2)]}
FACTORS = {"dW": ("X", "dZ"), "dX": ("dZ", "W")}


def turn(page, gradient):
    """Ask for the entries of dW or of dX."""
    k = list(FACTORS).index(gradient)
    page.get_by_label("gradient").select_option(str(k))


def factors(gradient, place):
    """The pairs of factors of one entry of dW or dX, by (8.3), (8.6)."""
    own, (r, c) = chapter(), place
    if gradient == "dW":
        return np.stack([own["X"][:, r], own["dZ"][:, c]], axis=1)
    return np.stack([own["dZ"][r], own["W"][c]], axis=1)


def test_the_gradients_are_those_of_the_chapters_layer(page):
    own, shown = chapter(), values(page)
    assert np.allclose(shown["dW"], own["layer"].dW, **CLOSE)
    assert np.allclose(shown["dX"], own["dX"], **CLOSE)
    assert (shown["gradient"], shown["entry"]) == ("dW", [1, 0])
    turn(page, "dX")
    shown = values(page)
    assert (shown["gradient"], shown["entry"]) == ("dX", [1, 1])


def test_every_entry_is_the_sum_of_its_paths(page):
    own = chapter()
    for gradient in ("dW", "dX"):
        turn(page, gradient)
        answers = own["layer"].dW if gradient == "dW" else own["dX"]
        for name, place in entries(gradient[1]):
            page.get_by_role("button", name=name).click()
            pairs = factors(gradient, place)
            assert values(page)["entry"] == list(place)
            assert values(page)["guess"] is None
            assert np.allclose(values(page)["pairs"], pairs, **CLOSE)
            play(page, [{"guess": -9}, {"guess": 9}])
            for k in range(1, len(pairs) + 1):
                page.get_by_role("button", name=NEXT).click()
                shown = values(page)
                partial = np.sum(pairs[:k].prod(axis=1))
                assert np.isclose(shown["sum"], partial, **CLOSE)
            assert np.isclose(shown["sum"], answers[place], **CLOSE)
            line, said, (left, right, answer) = now(page, SHOWN)
            assert np.isclose(number(line.split("=")[-1]), shown["sum"])
            assert "Your guess was 9." in said
            lit = [[number(t) for t, on in m if on] for m in (left, right)]
            assert np.allclose(np.transpose(lit), pairs)
            assert [number(t) for t, on in answer if on] == [shown["sum"]]
        asked = [number(text) for text, _ in answer]
        assert np.allclose(asked, np.ravel(answers))  # nothing is open


def test_the_answer_shows_only_after_a_guess(page):
    add = page.get_by_role("button", name=NEXT)
    line, _, (*_, answer) = now(page, SHOWN)
    assert line == "dW[1, 0] = ?"
    assert {text for text, _ in answer} == {"?"}
    assert add.is_disabled()
    assert values(page)["guess"] is None
    page.get_by_label("your guess").press("ArrowRight")
    assert values(page)["guess"] == 1
    add.click()
    assert page.get_by_label("your guess").is_disabled()
    line, said, (*_, answer) = now(page, SHOWN)
    assert line == "dW[1, 0] = 2 · 1 + …"
    assert said == "Sample 0 adds 2 · 1 = 2. The sum so far is 2."
    assert {text for text, _ in answer} == {"?"}
    add.click()
    add.click()
    line, said, (*_, answer) = now(page, SHOWN)
    assert line == "dW[1, 0] = 2 · 1 + 1 · (−1) + (−1) · 0 = 1"
    assert add.is_disabled()
    assert [text for text, _ in answer] == ["?", "?", "1", "?"]


def test_the_arrow_keys_lead_round_the_matrix(page):
    page.get_by_role("button", name="W[1, 0]").focus()
    ways = {"ArrowRight": [1, 1], "ArrowUp": [0, 1], "ArrowLeft": [0, 0]}
    for key, entry in (*ways.items(), ("ArrowUp", [1, 0])):
        page.keyboard.press(key)
        assert values(page)["entry"] == entry
        pressed = page.locator("[aria-pressed=true]")
        assert pressed.get_attribute("name") == "W[{}, {}]".format(*entry)
        assert pressed.evaluate("e => e === document.activeElement")
    turn(page, "dX")
    page.get_by_role("button", name="X[1, 1]").focus()
    page.keyboard.press("ArrowUp")
    assert values(page)["entry"] == [0, 1]


def test_the_paths_of_the_entry_are_thick(page):
    nodes = """[...root.querySelectorAll("svg circle")].map(e =>
      [Number(e.getAttribute("cx")), Number(e.getAttribute("cy"))])"""
    tags = """[...root.querySelectorAll("svg .nn-tag")].map(
      e => e.textContent)"""
    at = np.array(now(page, nodes))
    left = at[at[:, 0] == at[:, 0].min()].reshape(3, 2, 2)  # s, i, (x, y)
    right = at[at[:, 0] == at[:, 0].max()].reshape(3, 2, 2)  # s, j, (x, y)
    for gradient in ("dW", "dX"):
        turn(page, gradient)
        for name, (r, c) in entries(gradient[1]):
            page.get_by_role("button", name=name).click()
            ways = [(s, r, c) for s in range(3)]
            if gradient == "dX":
                ways = [(r, c, j) for j in range(2)]
            lines = np.array(now(page, LIT)).reshape(-1, 2, 2, 2)
            assert len(lines) == len(ways)
            for (first, second), (s, i, j) in zip(lines, ways, strict=True):
                assert np.allclose(first, [left[s, i], right[s, j]])
                assert np.allclose(second[0], right[s, j])
            found = [number(t) for t in now(page, tags)]
            pairs = factors(gradient, (r, c))
            assert sorted(found) == sorted(pairs.ravel())


def test_a_click_on_a_line_chooses_its_weight(page):
    line = page.locator("svg .nn-hit").nth(2)  # from x0 to z1
    x, y = line.evaluate(
        """e => {
          const box = e.ownerSVGElement.getBoundingClientRect();
          const at = k => Number(e.getAttribute(k));
          return [box.x + (at("x1") + 2 * at("x2")) / 3,
            box.y + (at("y1") + 2 * at("y2")) / 3];
        }"""
    )
    page.mouse.click(x, y)
    assert values(page)["entry"] == [0, 1]


def test_reset_asks_again(page):
    before = values(page)
    turn(page, "dX")
    play(page, [{"guess": 3}])
    page.get_by_role("button", name=NEXT).click()
    page.get_by_role("button", name="Reset").click()
    assert values(page) == before
    line, _, (*_, answer) = now(page, SHOWN)
    assert line == "dW[1, 0] = ?"
    assert {text for text, _ in answer} == {"?"}
