"""Every rule for chapters finds the faults that it is made for."""

from copy import deepcopy

import pytest
from nbformat.v4 import (
    new_code_cell,
    new_markdown_cell,
    new_notebook,
    new_output,
)

from tools import cells, rules

ALT = "A line that rises from the lower left to the upper right."
SOLUTION = {
    "tags": ["hide-cell"],
    "cellView": "form",
    "jupyter": {"source_hidden": True, "outputs_hidden": True},
}
TITLE = """# Bend it

*35 minutes.* **Before you start:** nothing.

**You will learn**

- one;
- two;
- three."""
BODY = (
    "**Predict, then run.** A?\n\n**Predict, then look.** B?\n\n### Check"
)
QUIZ = """**Question {n}.** What? (a) this (b) that

<details><summary>Answer</summary>

**(a)**, since so. (b) is not so.

</details>
"""
END = """## Recap

- one
- two
- three

**Further reading.** [A](../book/bibliography.md#a2001) and
[B](../book/bibliography.md#b2002)."""


def md(source, **metadata):
    return new_markdown_cell(source, metadata=metadata)


def code(source, *outputs, tags=(), **metadata):
    metadata |= {"tags": list(tags)} if tags else {}
    return new_code_cell(source, outputs=list(outputs), metadata=metadata)


def printed(text, name="stdout"):
    return new_output("stream", name=name, text=text)


def shown(data, alt=None):
    meta = {} if alt is None else {mime: {"alt": alt} for mime in data}
    return new_output("display_data", data=data, metadata=meta)


def picture(alt=ALT, mime="image/png"):
    return shown({mime: "iVBORw0KGgo="}, alt)


def html(text):
    return shown({"text/html": text})


def lines(count, first="x = 1"):
    return "\n".join([first] + ["x = 1"] * (count - 1))


def numbered(nb):
    """Number the code cells as a run does."""
    for n, (_, cell) in enumerate(cells.cells(nb, cells.is_code), 1):
        cell.execution_count = n
    return nb


def chapter(*more):
    """A chapter that keeps all rules, and more cells."""
    parts = [md(TITLE), md(BODY), md("word " * 1200)]
    parts += [code("x = 1", picture())] * 3 + [code(lines(5))] * 9
    parts += [code("assert x == 1"), *more]
    for n in (1, 2, 3):
        parts += [
            md(f"### Exercise {n} — Do it"),
            code("x = 1", **SOLUTION),
        ]
    parts += [md("".join(QUIZ.format(n=n) for n in (1, 2, 3))), md(END)]
    parts = list(map(deepcopy, parts))
    for i, cell in enumerate(parts):
        cell.id = "setup" if cell.id == "setup" else f"c{i}"
    return numbered(new_notebook(cells=parts))


@pytest.fixture
def broken_rules(tmp_path):
    """The names of the rules that a chapter, or one with a cell, breaks."""

    def find(nb, name="03_bend_it.ipynb"):
        nb = nb if "cells" in nb else chapter(nb)
        path = tmp_path / name
        path.write_text(cells.text(nb), encoding="utf-8")
        found = rules.problems(rules.Chapter(path, cells.read(path), nb))
        return [problem.rule for problem in found]

    return find


@pytest.mark.parametrize(
    "cell",
    [
        md("Text with `{a}` and $x$.\n\n```python\n{a}`b`\n```"),
        md('![a line](x.png) <img src="x.png" alt="a line">'),
        md("- $$a\n  - b$$\n- c\n\n1. d\n2. e\n\nIt has\n16. Or"),
        md("| a | b |\n|---|---|\n| | 2 |"),
        md("In the formula\n\n$$a\n- b$$\n\nnothing is an item."),
        md("# nn/layers.py\ndef backward(X):\n    return X"),
        md("x", tags=["hide-cell"]),
        md(r"$$a \tag{3.1}$$ $$b \tag{3.2}$$"),
        code(""),
        code("#" * 76),
        code(lines(25)),
        code(lines(45, "# nn/layers.py")),
        code(lines(99), tags=["hide-input"]),
        code(lines(99), **SOLUTION),
        code("# nn/a.py\nclass A:\n    def forward(self, X):\n        ..."),
        code("class A:\n    def backward(self, dZ):\n        return dZ"),
        code(
            "# nn/a.py\nclass A:\n    def backward(self, dZ):\n"
            '        """Later."""\n        raise Later'
        ),
    ],
)
def test_a_chapter_that_keeps_every_rule(broken_rules, cell):
    assert broken_rules(cell) == []


# The parts of a chapter


@pytest.mark.parametrize(
    ("old", "new", "rule"),
    [
        ("# Bend it", "Bend it", "title"),
        ("*35 minutes.*", "", "opening"),
        ("**Before you start:**", "", "opening"),
        ("- two;\n", "", "opening"),
        ("word " * 1200, "word " * 1100, "words"),
        ("word " * 1200, "word " * 2300, "words"),
        ("**Predict, then look.**", "", "predictions"),
        ("### Check", "", "check_section"),
        ("### Exercise 3", "### Exercise", "exercises"),
        ("### Exercise 1", "### Exercise 1\n\n### Exercise 2", "exercises"),
        ("(b) is not so.", "", "quiz"),
        ("<summary>Answer</summary>", "", "quiz"),
        ("**Question 2.**", "Question 2.", "quiz"),
        ("- two\n", "", "recap"),
        ("[B](../book/bibliography.md#b2002)", "", "further_reading"),
        ("[A](../book", "[C](../book/bibliography.md#c) " * 3, "further_"),
        ("assert x == 1", "x  # assert", "assertions"),
    ],
)
def test_a_part_that_is_missing(broken_rules, old, new, rule):
    nb = chapter()
    cell = next(cell for cell in nb.cells if old in cell.source)
    cell.source = cell.source.replace(old, new, 1)
    (found,) = set(broken_rules(nb))
    assert found.startswith(rule)


def test_bounds_of_the_whole(broken_rules):
    nb = chapter(*[code("x", *[picture()] * 10)])
    assert broken_rules(nb) == ["figures"]
    nb = chapter()
    nb.cells = [c for c in nb.cells if not cells.pictures(c)]
    assert broken_rules(numbered(nb)) == ["figures"]
    assert broken_rules(chapter(*[code(lines(6))] * 22)) == [
        "own_statements"
    ]
    call = "f(\n" + "    1,\n" * 15 + ")"  # a statement of 17 lines
    assert broken_rules(chapter(*[code(call)] * 7)) == ["mean_length"]
    assert broken_rules(chapter(*[code("%timeit\n" * 6)] * 20)) == [
        "own_statements"
    ]
    nb = chapter()
    nb.cells = [c for c in nb.cells if c.source != lines(5)]
    assert broken_rules(numbered(nb)) == ["own_statements"]
    more = [md("### Exercise 4"), code("x", **SOLUTION)] * 3
    assert broken_rules(chapter(*more)) == ["exercises"]


@pytest.mark.parametrize("mark", SOLUTION)
def test_an_exercise_has_a_solution_with_all_marks(broken_rules, mark):
    for number in range(3):
        nb = chapter()
        solved = [i for i, _ in cells.cells(nb, cells.is_solution)]
        del nb.cells[solved[number]].metadata[mark]
        assert broken_rules(nb) == ["solution_marks"]
        nb.cells[solved[number]].metadata = {}
        assert broken_rules(nb) == ["exercises"]
        del nb.cells[solved[number]]
        assert broken_rules(numbered(nb)) == ["exercises"]


def test_an_empty_notebook(broken_rules):
    assert {"title", "words"} <= set(broken_rules(new_notebook()))


# Text and code


@pytest.mark.parametrize(
    ("cell", "rule"),
    [
        (md("```{note}\nx\n```"), "plain_markdown"),
        (md("Text\n\n:::{note}\nx\n:::"), "plain_markdown"),
        (md("~~~ {math}\nx\n~~~"), "plain_markdown"),
        (md("as {cite}`rumelhart1986` says"), "plain_markdown"),
        (md("see {ref}`that`"), "plain_markdown"),
        (md("a `span`, then {py:func}`x`"), "plain_markdown"),
        (md("Half a sum, 0.1\n- 0.3, again."), "lists"),
        (md("Two kinds:\n1. this"), "lists"),
        (md("| | b |\n|---|--:|\n| 1 | 2 |"), "table_heads"),
        (md("![](x.png)"), "markdown_images"),
        (md("![ ](x.png)"), "markdown_images"),
        (md('<img src="x.png">'), "markdown_images"),
        (md('<img src="x.png" alt="">'), "markdown_images"),
        (md("Nobody reads it."), "wording"),
        (code('alt = "What comes out is a rising line."'), "wording"),
        (md("Kingma and Ba (2015) derive it."), "sources"),
        (code("x = 1  # smith (2001); Smith, 2001"), "sources"),
        (md(r"It is $4 \cdot 47 = 198$."), "arithmetic"),
        (md(r"$$a \tag{2.1}$$"), "equation_numbers"),
        (md(r"$$a \tag{3.1}$$ $$b \tag{3.1}$$"), "equation_numbers"),
        (code(lines(26)), "cell_lengths"),
        (code(lines(46, "# nn/layers.py")), "cell_lengths"),
        (code("x = 1\n" + "#" * 77), "columns"),
        (code("a = 1; b = 2\nb;\n"), "semicolons"),
    ],
)
def test_a_fault_in_text_or_code(broken_rules, cell, rule):
    assert broken_rules(cell) == [rule]


def test_numbers_in_the_text_from_chapter_14_on(broken_rules):
    stale = md("The loss is 0.318.")
    fresh = code("loss", printed("loss 0.3184"))
    for name, broken in ("13_a.ipynb", []), ("14_a.ipynb", ["numbers"]):
        assert broken_rules(chapter(stale), name) == broken
        assert broken_rules(chapter(stale, fresh), name) == []


def test_the_setup_cell_may_be_wide(broken_rules):
    cell = code("#" * 99)
    cell.id = "setup"
    assert broken_rules(cell) == []


def test_code_names_equations_that_exist(broken_rules):
    broken_rules(md(r"$$\tag{2.4}$$"), "02_a_layer.ipynb")
    broken_rules(md(r"$$\tag{9.1}$$"), "09_later.ipynb")
    equation = md(r"$$\tag{3.1}$$")
    good = code("x = 1  # (3.1), (2.4)\ny = 1  # the mean (2.5)")
    assert broken_rules(chapter(equation, good)) == []
    for tags in ("(3.2)", "(2.5)", "(9.1)", "(1.1)", "(3.1), (3.2)"):
        nb = chapter(equation, code(f"x = 1  # {tags}"))
        assert broken_rules(nb) == ["equation_references"]


@pytest.mark.parametrize(
    "cell", [code("assert x", **SOLUTION), code("# nn/layers.py\nassert x")]
)
def test_an_assertion_is_visible(broken_rules, cell):
    nb = chapter(cell)
    nb.cells = [c for c in nb.cells if c.source != "assert x == 1"]
    assert broken_rules(numbered(nb)) == ["assertions"]


@pytest.mark.parametrize("name", ["backward", "gradient"])
def test_a_backward_pass_is_measured(broken_rules, name):
    method = f"class A:\n    def {name}(self, dZ):\n        return dZ"
    cell = code(f"# nn/layers.py\n{method}")
    assert broken_rules(cell) == ["gradient_checks"]
    for function in ("check_gradients", "numerical_gradient"):
        call = f"errors = {function}(f, x)"
        assert broken_rules(chapter(cell, code(call))) == []
        hidden = chapter(cell, code(call, **SOLUTION))
        assert broken_rules(hidden) == ["gradient_checks"]


# Outputs


@pytest.mark.parametrize("count", [None, 1, 3, 7])
def test_execution_counts_run_from_one(broken_rules, count):
    nb = chapter()
    nb.cells[4] = code("x")
    nb.cells[4].execution_count = count
    assert "execution_counts" in broken_rules(nb)


ERROR = new_output("error", ename="E", evalue="e", traceback=["E: e"])
FIGURE = '<div class="nn" data-nn="neuron"><script>1</script></div>'
IGNORE = "nbval-ignore-output"


@pytest.mark.parametrize(
    ("output", "tag", "rule"),
    [
        (ERROR, None, "output_types"),
        (printed("careful", "stderr"), None, "output_types"),
        (shown({"text/latex": "x"}), None, "output_types"),
        (shown({"application/json": {}}), None, "output_types"),
        (html("<b>x</b>"), IGNORE, "output_types"),
        (html("<p><i data-nn=1>"), IGNORE, "output_types"),
        (html(FIGURE), None, "figure_tags"),
        (picture("too short"), None, "alternative_texts"),
        (picture(None), None, "alternative_texts"),
        (picture("x" * 29, "image/svg+xml"), None, "alternative_texts"),
        (printed("<f at 0x7f12ab34cd>"), IGNORE, "places"),
        (printed("in /home/me/nn"), IGNORE, "places"),
        (printed("\x1b[0;31m/usr/lib/x.py\x1b[0m"), None, "places"),
        (printed(r"C:\Users"), None, "places"),
        (printed("0.12345"), None, "digits"),
        (printed("loss 1.2345e-05"), None, "digits"),
        (printed("-1,234.56."), None, "digits"),
        (printed("2.34567x"), None, "digits"),
        (shown({"text/plain": "x=3.14159"}), None, "digits"),
    ],
)
def test_an_output_with_a_fault(broken_rules, output, tag, rule):
    cell = code("x", output, tags=[tag] if tag else [])
    assert broken_rules(cell) == [rule]


@pytest.mark.parametrize(
    ("output", "tag"),
    [
        (ERROR, "raises-exception"),
        (printed("careful", "stderr"), "remove-stderr"),
        (html(FIGURE), IGNORE),
        (printed("0.12345"), IGNORE),
        (picture("x" * 30), None),
        (printed("1.234 0.0001234 12.34 1,234,567 7.0.12345"), None),
        (printed("16,512 16512.0 0.001234 v1.26.41 and 3/4\n"), None),
        (printed("dL/dW (n, n_in)/2 https://x.org/a/b and/or 0x1F"), None),
    ],
)
def test_outputs_that_are_fine(broken_rules, output, tag):
    cell = code("x", output, tags=[tag] if tag else [])
    assert broken_rules(cell) == []


@pytest.mark.parametrize(
    "svg",
    [
        "<svg><script>1</script></svg>",
        '<svg onload="x()"></svg>',
        '<svg><a href="javascript:x()"/></svg>',
        "<svg><foreignObject/></svg>",
    ],
)
def test_an_svg_that_runs_something(broken_rules, svg):
    cell = code("x", shown({"image/svg+xml": svg}, ALT))
    assert broken_rules(cell) == ["output_types"]


def test_two_pictures_of_a_cell_have_one_text(broken_rules):
    two = code("x", picture(), picture(ALT[::-1]))
    assert broken_rules(two) == ["alternative_texts"]
    assert broken_rules(code("x", picture(), picture())) == []


# The list of the rules


def test_the_page_lists_every_rule_with_its_numbers():
    words, listed = "<!-- words -->\n", "<!-- rules -->\n"
    old = f"# Page\n\n{words}<!-- /words -->\n{listed}- old\n"
    old += "<!-- /rules -->\n\nMore."
    new = rules.contributing(old)
    assert rules.contributing(new) == new
    assert new.startswith("# Page\n\n")
    assert new.endswith("\n\nMore.")
    assert "- old" not in new
    for rule in rules.RULES:
        assert f"- `{rule.__name__}`: " in new
    assert "has at most 76 columns" in new
    assert "| nobody | " in new
    for mark in (words, listed, "<!-- /words -->", "<!-- /rules -->"):
        with pytest.raises(ValueError, match="must have the lines <!-- "):
            rules.contributing(old.replace(mark, ""))
