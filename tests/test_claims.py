"""Numbers in the text have a source in the chapter."""

from copy import deepcopy

import pytest
from nbformat.v4 import new_notebook
from test_rules import code, md, picture, printed

from tools import claims, export, rules
from tools.cells import chapter, read

CHAPTERS = [p for p in export.chapters() if chapter(p) >= rules.MEASURED]


def left(text, source="", output=""):
    """The numbers of a text that a cell does not support."""
    cell = code(source or "x", printed(output))
    nb = new_notebook(cells=[md(text), cell])
    return [number for _, number in claims.unsupported(nb)]


@pytest.mark.parametrize(
    ("text", "output"),
    [
        ("an accuracy of 0.845", "0.84507"),
        ("0.85, 85 % and 84.7 %", "0.8467"),
        ("-0.318 and −0.318", "-0.318"),
        ("14,861 rows", "rows: 14861"),
        ("$14{,}861$ rows", "14,861 rows"),
        ("79,000 dollars, or 1,500,000", "0.791 1490321"),
        ("some 47 million, 47 MB and 401 kB", "47_040_000 401,408"),
        (
            r"$1.5 \cdot 10^{-7}$, 1.5 · 10⁻⁷, below $10^{-12}$",
            "1.49e-07 1e-12",
        ),
        ("28 × 28, 784-128-64-10, (8, 64)", "28 784 128 64"),
        ("```\n0.5\n```", ""),
        ("12 of 7, $x_{13}$, $x^{14}$, float32, SHA-256, step_15", ""),
        ("in 1990, in chapter 13, chapters 14 and 15, (14.2)", ""),
        ("<div style='width: 50%'>, [a](b_99.html)", ""),
        ("*40 minutes.*", ""),
        ("## Exercises\n\nTake 500 rows.\n\n## Recap\n\n0.5", "0.5"),
    ],
)
def test_a_number_with_a_source(text, output):
    assert left(text, output=output) == []


@pytest.mark.parametrize(
    ("text", "output", "found"),
    [
        ("an accuracy of 0.855", "0.84507", "0.855"),
        ("an accuracy of 0.846", "0.84507", "0.846"),
        ("0.8451", "0.84517", "0.8451"),
        ("86 %", "0.8549", "86"),
        ("78,000 dollars", "0.791", "78,000"),
        ("79,000 rows", "0.791", "79,000"),
        ("14,862 rows", "14861", "14,862"),
        ("1,600,000", "1490321", "1,600,000"),
        ("$1.6 \\cdot 10^{-7}$", "1.49e-07", "1.6e-7"),
        ("10⁻⁶", "1e-7", "1e-6"),
        ("2,000 rows", "", "2,000"),
        ("13 rows", "", "13"),
        ("(0.5)", "", "0.5"),
        ("0.5", "", "0.5"),
        ("## Exercises\n\n500 rows.\n\n## Recap\n\n0.5", "", "0.5"),
    ],
)
def test_a_number_without_a_source(text, output, found):
    assert left(text, output=output) == [found]


def test_sources_are_outputs_code_and_true_equations():
    assert left("0.25", source="lr = 0.25") == []
    assert left("256", source="rows = 1_256") == ["256"]
    assert left("25", source="lr = x25 + a.25") == ["25"]
    assert left(r"$0.25 + 0.5 = 0.75$, so 0.75") == []
    assert left(r"$0.25 + 0.5 = 0.85$") == ["0.25", "0.5", "0.85"]
    assert left("$r = 0.75$") == ["0.75"]


def test_alternative_texts_are_read_once():
    cell = code("x", *[picture("Accuracy between 0.57 and 0.71.")] * 2)
    nb = new_notebook(cells=[cell, code("0.574")])
    assert list(claims.unsupported(nb)) == [(0, "0.71")]


@pytest.mark.parametrize(
    ("formula", "true"),
    [
        (r"0.39 + 0.26 = 0.65", True),
        (r"0.39 + 0.26 = 0.66", False),
        (r"w \cdot x = 2 \cdot 3 = 6", True),
        (r"9 \cdot 64 + 65 \cdot 32 + 33 = 2{,}689", True),
        (r"9 \cdot 64 + 65 \cdot 32 + 33 = 2{,}690", False),
        (r"1 / (0.25 / 3 + 0.75) = 1.2", True),
        (r"\sqrt{0.001} = 0.032", True),
        (r"\sqrt 2 \cdot 0.0033 \approx 0.005", True),
        (r"\sqrt{2} \approx 1.42", False),
        (r"\ln 10 \approx 2.30", True),
        (r"\log(e + 9) - 1 \approx 1.46", True),
        (r"\tfrac{1}{4} = 0.25", True),
        (r"\frac{1}{4} = 0.4", False),
        (r"2^{10} = 1024 \approx 1{,}000", True),
        (r"2^{10} = 1{,}000", False),
        (r"4 \cdot 100{,}352 \approx 400{,}000", True),
        (r"\sqrt{10^{-15}} = 3.2 \cdot 10^{-8}", True),
        (r"\sqrt{10^{-15}} = 3.3 \cdot 10^{-8}", False),
        (r"1 / 0 = 1", None),
        (r"x = 1", None),
        (r"f(2) = 3", None),
        (r"(2, 3) = 5", None),
    ],
)
def test_an_equation_between_numbers(formula, true):
    found = [ok for _, _, ok in claims.equations(f"It is ${formula}$.")]
    assert all(found) is (true is not False)
    assert bool(found) is (true is not None)


# The chapters


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)
def test_a_chapter_without_its_outputs_has_numbers_without_a_source(path):
    nb = deepcopy(read(path))
    assert list(claims.unsupported(nb)) == []
    for cell in nb.cells:
        cell.outputs = []
    assert list(claims.unsupported(nb)) != []


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)
def test_most_changes_of_one_digit_are_found(path):
    nb = read(path)
    known, found = claims.supported(nb), []
    for _, number, unit in claims.quoted(nb):
        for i, digit in enumerate(number.partition("e")[0]):
            if digit.isdigit() and number[: i + 1].strip("0.,"):
                other = str((int(digit) + 4) % 9 + 1)
                wrong = number[:i] + other + number[i + 1 :]
                found.append(not claims.agrees(wrong, unit, known))
    assert sum(found) > 0.6 * len(found)
