"""The tape of chapter 20's neuron, recorded and walked back."""

from pathlib import Path

import numpy as np
from page import CLOSE, make, now, number, play, values

from nn import Tensor
from tools.cells import read

CHAPTER = (
    Path(__file__)
    .parents[2]
    .joinpath("notebooks", "20_slopes_by_machine.ipynb")
)
X, B, Y = 2.0, -1.0, 5.0
WEIGHTS = np.arange(-2, 2.1, 0.5).tolist()
OPERATIONS, ENTRIES = 6, 9
# what is written at the entries, and the ends of the thick links
SHOWN = """[".nn-value", ".nn-back"].map(name =>
  [...root.querySelectorAll(`svg ${name}`)].map(e => e.textContent))"""
LIT = """[...root.querySelectorAll("svg .nn-lit")].map(e => {
  const [x0, , x1] = e.getAttribute("d").slice(1).split(/[Q ]/)
    .filter((_, i) => i % 2 === 0);
  return [Number(x0), Number(x1)];
})"""
CENTRES = """[...root.querySelectorAll("svg rect")].map(e =>
  Number(e.getAttribute("x")) + Number(e.getAttribute("width")) / 2)"""


def example():
    return make(
        "tape",
        w=1.5,
        x=X,
        b=B,
        y=Y,
        weights=[-2, 2, 0.5],
        guesses=[-9, 9, 1],
    )


def tape(w):
    """The entries that the chapter's own program makes, walked back."""
    cells = {cell.id: cell.source for cell in read(CHAPTER).cells}
    names = {"np": np}
    exec(cells["neuron"], names)
    L = names["neuron"](Tensor(w), Tensor(X), Tensor(B), Y)
    L.backward()
    return L.tape()


def uses(entries):
    """For each entry the places of the entries that it uses."""
    places = {t.number: k for k, t in enumerate(entries)}
    return [[places[x.number] for x, _ in t.links] for t in entries]


def press(page):
    page.locator("[name=next]").click()
    return values(page)


def record(page):
    """Record all operations and set a guess."""
    for _ in range(OPERATIONS):
        press(page)
    play(page, [{"guess": -3}])


def test_the_numbers_are_those_of_the_packages_tape(page):
    for _, shown, _ in play(page, [{"w": w} for w in WEIGHTS]):
        entries = tape(shown["w"])
        assert len(entries) == ENTRIES
        right = [[float(getattr(t, k)) for t in entries] for k in KINDS]
        assert np.allclose(shown["values"], right[0], **CLOSE)
        assert np.allclose(shown["slopes"], right[1], **CLOSE)
    assert {shown["w"] for _, shown, _ in play(page, [{}])} == {2}


KINDS = "value", "grad"


def test_values_appear_as_they_are_recorded(page):
    right = [float(t.value) for t in tape(1.5)]
    for step in range(OPERATIONS + 1):
        written, back = now(page, SHOWN)
        known = 3 + step
        assert [number(t) for t in written[:known]] == right[:known]
        assert set(written[known:]) <= {"?"}
        covered = back[:-1] if step == OPERATIONS else back
        assert set(covered) == {"?"}
        if step < OPERATIONS:
            assert press(page)["step"] == step + 1
    assert number(back[-1]) == 1


def test_slopes_appear_as_the_walk_finds_them(page):
    for w in (1.5, -1):  # the second is silent
        play(page, [{"w": w}])
        record(page)
        entries = tape(w)
        right = [float(t.grad) for t in entries]
        found = {ENTRIES - 1}
        for k in range(ENTRIES - 1, 2, -1):
            press(page)
            found |= set(uses(entries)[k])
            _, back = now(page, SHOWN)
            seen = values(page)["seen"]
            for i, text in enumerate(back):
                assert (
                    (text == "?") == (i not in found) == (seen[i] is None)
                )
                if i in found:
                    assert number(text) == right[i] == seen[i]
        assert "?" not in back
        assert page.locator("[name=next]").is_disabled()
        reading = page.locator(".nn-reading").text_content()
        assert "Your guess for w was −3." in reading


def test_each_step_lights_what_the_entry_uses(page):
    entries = tape(1.5)
    for step in range(1, 2 * OPERATIONS + 1):
        if step == OPERATIONS + 1:
            play(page, [{"guess": 2}])
        press(page)
        k = 2 + step if step <= OPERATIONS else ENTRIES + 6 - step
        centres = np.array(now(page, CENTRES))
        lines = np.array(now(page, LIT))
        nearest = [
            [int(np.abs(centres - end).argmin()) for end in ends]
            for ends in lines
        ]
        assert nearest == [[i, k] for i in uses(entries)[k]]
        ink = "vermillion" if step > OPERATIONS else "blue"
        assert page.locator(f"svg .nn-lit.nn-{ink}").count() == len(lines)


def test_a_guess_opens_the_way_back(page):
    for _ in range(OPERATIONS):
        assert page.get_by_label("your guess").is_disabled()
        press(page)
    go = page.get_by_role("button", name="Go back one operation")
    assert go.is_disabled()
    assert values(page)["guess"] is None
    page.get_by_label("your guess").press("ArrowRight")
    assert values(page)["guess"] == 1
    go.click()
    assert page.get_by_label("your guess").is_disabled()


def test_the_line_shows_the_calculation(page):
    line = page.locator(".nn-sum")
    assert line.text_content() == "w, x and b are given"
    press(page)
    assert line.text_content() == "entry 3: 1.5 · 2 = 3"
    press(page)
    assert line.text_content() == "entry 4: 3 + (−1) = 2"
    for _ in range(4):
        press(page)
    assert line.text_content() == "entry 8: 9 / 2 = 4.5"
    play(page, [{"guess": 0}])
    press(page)
    assert line.text_content() == "slope of entry 7: 0.5 · 1 = 0.5"
    press(page)
    assert line.text_content() == (
        "slope of entry 6: (−3) · 0.5 + (−3) · 0.5 = −3"
    )
    for _ in range(4):
        press(page)
    assert line.text_content() == (
        "slope of w: 2 · (−3) = −6; slope of x: 1.5 · (−3) = −4.5"
    )


def test_another_weight_begins_a_new_tape(page):
    record(page)
    press(page)
    shown = play(page, [{"w": -1}])[0][1]
    assert (shown["step"], shown["guess"]) == (0, None)
    assert set(now(page, SHOWN)[1]) == {"?"}


def test_reset_begins_anew(page):
    before = values(page)
    play(page, [{"w": 1}])
    record(page)
    page.get_by_role("button", name="Reset").click()
    assert values(page) == before
