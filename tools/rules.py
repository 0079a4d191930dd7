"""The rules for chapters that a program can check.

A rule is a function whose name and docstring state it (CONTRIBUTING.md
lists them); it yields ``(cell's index or None, what is wrong)``.
"""

import ast
import inspect
import re
import textwrap
from dataclasses import dataclass
from functools import cached_property
from itertools import zip_longest
from pathlib import Path
from typing import NamedTuple

from .cells import (
    OWN,
    asserts,
    cells,
    is_bounded,
    is_check,
    is_code,
    is_exported,
    is_markdown,
    is_solution,
    is_title,
    is_visible,
    length,
    marks,
    measures,
    own_name,
    pictures,
    printed,
    prose,
    read,
    statements,
    tags,
    text,
)
from .cells import chapter as number_of
from .claims import equations, texts, unsupported
from .style import sources as missing
from .style import wording as unwanted
from .style import words as avoided

WORDS, STATEMENTS = (1200, 2300), (35, 165)
FIGURES, EXERCISES, SOURCES = (3, 12), (3, 5), (2, 3)
EXPORTED, OTHER, MEAN, COLUMNS, ALT, DIGITS = 45, 25, 8, 76, 30, 4
MEASURED = 14  # the first chapter whose text reports measurements
MIMES = {"text/plain", "text/html", "image/png", "image/svg+xml"}
SPAN = r"(?s)(?<!`)(`+)(?!`)(.+?)(?<!`)\1(?!`)"
DECIMAL = r"(?<![\w.])(\d[\d,_]*)\.(\d+)(?:e[+-]?\d+)?(?!\d|\.\d)"
ADDRESS = r"\b0x[0-9a-fA-F]{6,}"
FOLDER = r"(?<![\w/:.)\]])(/[A-Za-z][\w.-]*/[\w.-]|[A-Z]:\\\w)"
EXERCISE = r"(?m)^### Exercise (\d+)"
QUESTION = r"(?m)^\*\*Question\b"
LIST = r" {0,3}([-+*]|1[.)]) "  # what can interrupt a paragraph
SOURCE = r"\]\(\.\./book/bibliography\.md#[\w-]+\)"
NORMALIZE = "run python -m tools notebooks"
RULES = []


class Problem(NamedTuple):
    """A broken rule: its name, the cell's index (None: all), what to do."""

    rule: str
    cell: int | None
    what: str


@dataclass
class Chapter:
    """What a rule looks at: a notebook, and as it should be stored."""

    path: Path
    nb: dict
    normal: dict

    @property
    def number(self):
        """The chapter's number."""
        return number_of(self.path)

    @property
    def head(self):
        """The text of the first cell."""
        return "".join(map(prose, self.nb.cells[:1]))

    @cached_property
    def text(self):
        """The text of all Markdown cells."""
        return "\n".join(map(prose, self.nb.cells))

    @cached_property
    def measures(self):
        """The measures of the notebook, by name."""
        return measure(self.nb)


def rule(function):
    """Make the function one of the rules."""
    RULES.append(function)
    return function


def problems(chapter):
    """The problems of a chapter: those of the whole, then cell by cell."""
    found = [
        Problem(rule.__name__, *problem)
        for rule in RULES
        for problem in rule(chapter)
    ]
    return sorted(found, key=lambda p: -1 if p.cell is None else p.cell)


def measure(nb):
    """The measures of a notebook, by name."""
    author = [cell for cell in nb.cells if own_name(cell) is None]
    code = [cell for cell in author if is_code(cell)]
    bounded = [cell for cell in code if is_bounded(cell)]
    own = [cell for cell in bounded if not is_exported(cell)]
    own_lines = sum(map(length, own))
    texts = "\n".join(map(prose, author))
    left_out = r"(?s)\$\$.*?\$\$|\$[^$]*\$|<[^>]*>|\]\([^)]*\)"
    plain = [re.sub(left_out, " ", prose(cell)) for cell in author]
    words = sum(len(re.findall(r"[^\W\d_][\w'’-]*", t)) for t in plain)
    lines = sum(map(length, bounded))
    return {
        "words": words,
        "words/line": round(words / max(lines, 1), 1),
        "exported": lines - own_lines,
        "statements": sum(map(statements, own)),
        "mean": round(own_lines / max(len(own), 1), 1),
        "cells": len(code),
        "exercises": len(re.findall(EXERCISE, texts)),
        "solutions": sum(map(is_solution, code)),
        "questions": len(re.findall(QUESTION, texts)),
        "figures": sum(len(pictures(cell)) for cell in code),
        "checks": sum(map(is_check, code)),
    }


def contributing(page):
    """The text of CONTRIBUTING.md with its two lists as they are."""
    rows = [f"| {avoid} | {w} | {why} |" for avoid, _, w, why in avoided()]
    head = ["| avoid | write | because |", "|---|---|---|"]
    page = fill(page, "words", head + rows)
    items = [
        f"- `{rule.__name__}`: "
        + inspect.cleandoc(rule.__doc__).format(**globals())
        for rule in RULES
    ]
    wrap = {"subsequent_indent": "  ", "break_on_hyphens": False}
    lines = [textwrap.fill(item, 78, **wrap) for item in items]
    return fill(page, "rules", lines)


def fill(page, name, lines):
    """The page with these lines between its two marks of this name."""
    begin, end = f"<!-- {name} -->\n", f"<!-- /{name} -->"
    before, found, rest = page.partition(begin)
    _, closed, after = rest.partition(end)
    if not found or not closed:
        raise ValueError(
            f"the page must have the lines {begin.strip()} and {end}; "
            "put them around the list"
        )
    return f"{before}{begin}" + "\n".join(lines) + f"\n{end}{after}"


def outside(found, bounds, what):
    """The problem of a number that is out of bounds."""
    least, most = bounds
    if not least <= found <= most:
        bounds = least if least == most else f"{least} to {most}"
        yield None, f"must have {bounds} {what}, but has {found}"


# The parts of a chapter


@rule
def title(chapter):
    """A chapter begins with a Markdown cell `# Title`."""
    if not any(map(is_title, chapter.nb.cells[:1])):
        yield None, "begin with a Markdown cell `# Title`"


@rule
def opening(chapter):
    """The title cell says how long the chapter takes (`*35 minutes.*`) and
    what comes **Before you start:**, and has three lines under **You will
    learn**.
    """
    if not re.search(r"\*\d+ minutes[^*]*\.\*", chapter.head):
        yield None, "the title cell does not say how long it takes"
    if "**Before you start:**" not in chapter.head:
        yield None, "the title cell has no **Before you start:**"
    goals = chapter.head.partition("**You will learn**")[2]
    found = len(re.findall(r"(?m)^- ", goals))
    yield from outside(found, (3, 3), "lines under **You will learn**")


@rule
def words(chapter):
    """The text has {WORDS[0]} to {WORDS[1]} words."""
    return outside(chapter.measures["words"], WORDS, "words")


@rule
def figures(chapter):
    """The outputs show {FIGURES[0]} to {FIGURES[1]} pictures."""
    return outside(chapter.measures["figures"], FIGURES, "pictures")


@rule
def predictions(chapter):
    """**Predict, then run.** (or: look.) appears at least twice."""
    if chapter.text.count("**Predict, then") < 2:
        yield None, "**Predict, then run.** appears less than twice"


@rule
def answers(chapter):
    """The output that answers **Predict, then run.** is folded: the next
    cell that shows one has the tag `hide-output`.
    """
    waiting = False
    for i, cell in enumerate(chapter.nb.cells):
        if is_markdown(cell):
            waiting = "**Predict, then run" in cell.source
        elif waiting and cell.get("outputs"):
            waiting = False
            if not {"hide-output", "hide-cell"} & {*tags(cell)}:
                yield (
                    i,
                    "the answer to a prediction is not folded: tag the "
                    "cell hide-output",
                )


@rule
def check_section(chapter):
    """A heading says Check."""
    if not re.search(r"(?m)^###? .*Check", chapter.text):
        yield None, "no heading says Check"


@rule
def exercises(chapter):
    """There are {EXERCISES[0]} to {EXERCISES[1]} headings
    `### Exercise 1 …`, each followed by its solution in a folded cell.
    """
    found = chapter.measures["exercises"]
    yield from outside(found, EXERCISES, "exercises")
    solved = True
    for i, cell in enumerate(chapter.nb.cells):
        solved = solved or (is_code(cell) and is_solution(cell))
        for number in re.findall(EXERCISE, prose(cell)):
            if not solved:
                yield i, f"exercise before {number} has no solution cell"
            solved = False
    if not solved:
        yield None, "last exercise has no solution cell"


@rule
def quiz(chapter):
    """There are three **Question**s. Each has an answer, folded under the
    summary Answer, that names every choice, such as (b).
    """
    found = re.split(QUESTION, chapter.text)[1:]
    yield from outside(len(found), (3, 3), "questions")
    for number, question in enumerate(found, 1):
        asked, _, rest = question.partition("<summary>Answer</summary>")
        answer = rest.split("</details>")[0]
        if not answer:
            yield None, f"question {number} has no answer"
            continue
        for choice in dict.fromkeys(re.findall(r"\([a-d]\)", asked)):
            if choice not in answer:
                yield None, f"answer {number} does not name {choice}"


@rule
def recap(chapter):
    """The section `## Recap` has three lines."""
    section = chapter.text.partition("## Recap")[2]
    lines = section.partition("**Further")[0]
    found = len(re.findall(r"(?m)^- ", lines))
    yield from outside(found, (3, 3), "lines under ## Recap")


@rule
def further_reading(chapter):
    """**Further reading.** links {SOURCES[0]} or {SOURCES[1]} sources in
    the bibliography.
    """
    section = chapter.text.partition("**Further reading.**")[2]
    return outside(len(re.findall(SOURCE, section)), SOURCES, "sources")


# Text


@rule
def plain_markdown(chapter):
    """Text has no MyST directives or roles: Colab and GitHub show these
    raw.
    """
    for i, cell in cells(chapter.nb, is_markdown):
        if re.search(r"(?m)^\s*(`{3,}|~{3,}|:{3,})\s*\{", cell.source):
            what = "use plain Markdown, <details> or <div>"
            yield i, f"MyST directive fence: {what}"
        for span in re.finditer(SPAN, prose(cell)):
            before = span.string[: span.start()]
            if role := re.search(r"\{[\w:.+-]+\}$", before):
                yield i, f"MyST role {role[0]}: use a Markdown link"


@rule
def lists(chapter):
    """A list has an empty line before it; no other line begins as one."""
    for i, cell in cells(chapter.nb, is_markdown):
        source = re.sub(r"(?s)\$\$.*?\$\$", "$$", prose(cell))
        for paragraph in re.split(r"\n\s*\n", source):
            first, *rest = paragraph.strip("\n").split("\n")
            if re.match(LIST, first):
                continue
            for line in rest:
                if re.match(LIST, line):
                    yield i, f"the line begins as a list: {line[:30]}"


@rule
def table_heads(chapter):
    """Every column of a table has a head, which screen readers repeat."""
    for i, cell in cells(chapter.nb, is_markdown):
        for head in re.findall(r"(?m)^(\|.*)\n\|[-:| ]+$", prose(cell)):
            if re.search(r"\|\s*\|", head):
                yield i, f"a column without a head: {head}"


@rule
def markdown_images(chapter):
    """An image in the text has an alternative text."""
    described = r"""\balt=(["'])\s*[^"'\s]"""
    for i, cell in cells(chapter.nb, is_markdown):
        source = re.sub(SPAN, "", prose(cell))
        images = re.findall(r"<img\b[^>]*>", source)
        mute = [img for img in images if not re.search(described, img)]
        if mute or re.search(r"!\[\s*\]", source):
            yield i, "image without alternative text: say what it shows"


@rule
def wording(chapter):
    """No text and no code cell has a word that the table above lists."""
    for i, cell in cells(chapter.nb, lambda cell: own_name(cell) is None):
        for what in unwanted(prose(cell) or cell.source):
            yield i, what


@rule
def sources(chapter):
    """A cited work, an author with a year, has an entry in the
    bibliography; in the text, not in code, it links to the entry.
    """
    for i, cell in cells(chapter.nb, lambda cell: own_name(cell) is None):
        for what in missing(cell.source, page=is_markdown(cell)):
            yield i, what


@rule
def arithmetic(chapter):
    """An equation between numbers, such as `$4 \\cdot 47 = 188$`, is true;
    after ≈ its right side may be rounded.
    """
    for i, said in texts(chapter.nb):
        for formula, _, true in equations(said):
            if not true:
                yield i, f"{formula.strip()} is not true: compute it again"


@rule
def numbers(chapter):
    """From chapter {MEASURED} on, a number in the text or in an alternative
    text is printed, is in the code, or is in a true equation. It may be
    rounded. Whole numbers up to 12, years, exercises and the quiz are free.
    """
    if chapter.number >= MEASURED:
        for i, number in unsupported(chapter.nb):
            what = "print it, write its equation, or leave it out"
            yield i, f"nothing in the chapter gives {number}: {what}"


def equation_tags(nb):
    """(index, tag) of each numbered equation."""
    return [
        (i, tag)
        for i, cell in cells(nb, is_markdown)
        for tag in re.findall(r"\\tag\*?\{([^}]*)\}", cell.source)
    ]


@rule
def equation_numbers(chapter):
    """The tags of equations are 8.1, 8.2, … in chapter 8, each once."""
    number, seen = chapter.number, set()
    for i, tag in equation_tags(chapter.nb):
        if not re.fullmatch(rf"{number}\.\d+", tag):
            what = f"this chapter's tags are {number}.1, {number}.2, …"
            yield i, f"\\tag{{{tag}}}: {what}"
        if tag in seen:
            yield i, f"\\tag{{{tag}}} is used twice: renumber"
        seen.add(tag)


@rule
def equation_references(chapter):
    """A comment `# (8.1)` names an equation of this chapter or an earlier
    one.
    """
    for i, cell in cells(chapter.nb, is_code):
        for comment in re.findall(r"# (\(\d+\.\d+\).*)", cell.source):
            for tag in re.findall(r"\((\d+\.\d+)\)", comment):
                if tag not in numbered(int(tag.split(".")[0]), chapter):
                    what = "no such equation here or in an earlier chapter"
                    yield i, f"# ({tag}): {what}"


def numbered(number, chapter):
    """The tags of the chapter of this number; none if it comes later."""
    if number == chapter.number:
        return {tag for _, tag in equation_tags(chapter.nb)}
    files = chapter.path.parent.glob(f"{number:02d}_*.ipynb")
    earlier = [read(f) for f in files if number < chapter.number]
    return {tag for nb in earlier for _, tag in equation_tags(nb)}


# Code


@rule
def cell_lengths(chapter):
    """A code cell has at most {OTHER} lines, one for the package at most
    {EXPORTED}; solutions and folded figures (`hide-input`) are not counted.
    """
    for i, cell in cells(chapter.nb, is_bounded):
        most = EXPORTED if is_exported(cell) else OTHER
        if length(cell) > most:
            what = f"{most} are allowed: split it, or fold it if it draws"
            yield i, f"code cell of {length(cell)} lines, {what}"


@rule
def mean_length(chapter):
    """Code cells that are not for the package have at most {MEAN} lines on
    average.
    """
    if (mean := chapter.measures["mean"]) > MEAN:
        what = "split the longest, fold those that draw"
        yield None, f"{mean} lines on average, {MEAN} are allowed: {what}"


@rule
def own_statements(chapter):
    """Code cells that are not for the package have {STATEMENTS[0]} to
    {STATEMENTS[1]} statements together, however many lines a call takes.
    """
    what = "statements besides those for the package"
    return outside(chapter.measures["statements"], STATEMENTS, what)


@rule
def columns(chapter):
    """A line of code has at most {COLUMNS} columns."""
    for i, cell in cells(chapter.nb, is_code):
        wide = max(map(len, cell.source.splitlines()))
        if wide > COLUMNS and cell.get("id") != "setup":
            what = f"{COLUMNS} are allowed: break it"
            yield i, f"code line of {wide} columns, {what}"


@rule
def semicolons(chapter):
    """A code cell does not end in a semicolon."""
    for i, cell in cells(chapter.nb, is_code):
        if cell.source.rstrip().endswith(";"):
            yield i, "ends in a semicolon: end a plot with figures.show"


@rule
def solution_marks(chapter):
    """A solution has the tag `hide-cell`, which brings the marks that fold
    it in Jupyter and on Colab.
    """
    for i, cell in cells(chapter.nb, is_solution):
        if not all(marks(cell)):
            yield i, f"solution without all its three marks: {NORMALIZE}"


@rule
def assertions(chapter):
    """At least one cell that is neither for the package nor a solution has
    an `assert`.
    """
    visible = cells(chapter.nb, is_visible)
    if not any(asserts(cell) for _, cell in visible):
        yield None, "no check: add a cell with an assert"


@rule
def gradient_checks(chapter):
    """A chapter that exports a `backward` or `gradient` method calls
    `check_gradients` or `numerical_gradient`.
    """
    if any(measures(cell) for _, cell in cells(chapter.nb, is_visible)):
        return
    for i, cell in cells(chapter.nb, is_exported):
        if defines_gradient(cell):
            what = "add a cell that calls check_gradients"
            yield i, f"a backward pass that nothing checks: {what}"


def defines_gradient(cell):
    """True if the cell defines a backward or gradient that computes."""
    try:
        tree = ast.parse(cell.source)
    except SyntaxError:
        return False  # the exporter reports it
    return any(
        isinstance(node, ast.FunctionDef)
        and node.name in ("backward", "gradient")
        # Layer.backward says only which chapter fills it
        and not isinstance(node.body[-1], ast.Raise)
        for node in ast.walk(tree)
    )


# Outputs


@rule
def execution_counts(chapter):
    """The outputs come from one run, top to bottom, in a new kernel."""
    for n, (i, cell) in enumerate(cells(chapter.nb, is_code), 1):
        if (found := cell.get("execution_count")) != n:
            what = f"{NORMALIZE} --execute"
            yield i, f"execution count {found}, not {n}: {what}"
            return


def outputs(chapter):
    """(index, tags, output) for each output of a code cell."""
    return [
        (i, set(tags(cell)), output)
        for i, cell in cells(chapter.nb, is_code)
        for output in cell.outputs
    ]


@rule
def output_types(chapter):
    """An output is text, a picture or an interactive figure of the book; an
    error needs the tag `raises-exception`, a warning `remove-stderr`.
    """
    for i, marked, output in outputs(chapter):
        kind, data = output.output_type, output.get("data", {})
        if kind == "error" and "raises-exception" not in marked:
            yield i, "error: repair the cell, or tag it raises-exception"
        heard = marked & {"raises-exception", "remove-stderr"}
        if kind == "stream" and output.name == "stderr" and not heard:
            yield i, "stderr: repair the cell, or tag it remove-stderr"
        for mime in sorted(set(data) - MIMES):
            yield i, f"output of type {mime}: print text or show a figure"
        html = data.get("text/html", "<i data-nn=")
        if not re.match(r"\s*<\w+[^>]*\sdata-nn=", html):
            yield i, "text/html that no nn.figures.Figure made: print text"
        active = r"(?i)<script|<foreignObject|\son\w+\s*=|javascript:"
        if re.search(active, data.get("image/svg+xml", "")):
            yield i, "SVG with a script or an event: draw it without"


@rule
def figure_tags(chapter):
    """An interactive figure's cell has the tag `nbval-ignore-output`."""
    for i, marked, output in outputs(chapter):
        html = "text/html" in output.get("data", {})
        if html and "nbval-ignore-output" not in marked:
            yield i, "Figure without the tag nbval-ignore-output: add it"


@rule
def alternative_texts(chapter):
    """A picture has an alternative text of at least {ALT} characters, one
    for each cell: end it with `figures.show(fig, alt="what it shows")`.
    """
    for i, cell in cells(chapter.nb, is_code):
        texts = pictures(cell)
        if len(set(texts)) > 1:
            yield i, "two pictures with different texts: split the cell"
        if texts and min(map(len, texts)) < ALT:
            what = "end the cell with figures.show(fig, alt=...)"
            yield i, f"picture without a text of {ALT} characters: {what}"


@rule
def places(chapter):
    """An output has no memory address and no path of a folder."""
    for i, _, output in outputs(chapter):
        for pattern, what in (ADDRESS, "memory address"), (FOLDER, "path"):
            if found := re.search(pattern, printed(output)):
                yield i, f"{what} {found[0]} in the output: do not print it"


def significant(number):
    """Significant digits of a decimal; 0 for a whole one, as in 64.0."""
    whole, fraction = number.group(1, 2)
    if fraction == "0":
        return 0
    return len((re.sub(r"\D", "", whole) + fraction).lstrip("0"))


@rule
def digits(chapter):
    """A printed number has at most {DIGITS} significant digits, so that
    other machines print the same; a cell whose output differs from run to
    run has the tag `nbval-ignore-output`, and an `assert` with a bound.
    """
    for i, marked, output in outputs(chapter):
        numbers = re.finditer(DECIMAL, printed(output))
        long = [n[0] for n in numbers if significant(n) > DIGITS]
        if long and "nbval-ignore-output" not in marked:
            what = "round it, or tag the cell nbval-ignore-output"
            yield i, f"{long[0]} has more than {DIGITS} digits: {what}"


# The file


@rule
def normal_form(chapter):
    """The file is what `python -m tools notebooks` writes: stable ids, no
    timings, and an up-to-date badge, setup cell and closing cell.
    """
    new = chapter.normal
    for i, (a, b) in enumerate(zip_longest(chapter.nb.cells, new.cells)):
        if a != b:
            a, b = a or {}, b or {}
            keys = sorted(
                key for key in {*a, *b} if a.get(key) != b.get(key)
            )
            name = b.get("id")
            own = f"the {name} cell: " if name in {"title", *OWN} else ""
            what = f"stale ({own}{', '.join(keys)}): {NORMALIZE}"
            yield i if a else None, what
            return
    if text(new) != chapter.path.read_text(encoding="utf-8"):
        yield None, f"stale (notebook metadata): {NORMALIZE}"
