"""The rules for chapters that a program can check.

``broken(nb, path)`` lists the problems of a notebook. Each rule is a
function ``rule(nb, path)`` that yields them.
"""

import ast
import re
from typing import NamedTuple

import nbformat

EXPORTED, OTHER, MEAN, COLUMNS, ALT = 45, 25, 8, 76, 30
IMAGES = ("image/png", "image/svg+xml")
MIMES = {"text/plain", "text/html", *IMAGES}
FENCE = r"(?ms)^[ \t]*(`{3,}|~{3,}).*?^[ \t]*\1[`~]*[ \t]*$"
SPAN = r"(?s)(?<!`)(`+)(?!`)(.+?)(?<!`)\1(?!`)"
DECIMAL = r"(?<![\w.])(\d[\d,_]*)\.(\d+)(?:e[+-]?\d+)?(?!\d|\.\d)"
ADDRESS = r"\b0x[0-9a-fA-F]{6,}"
FOLDER = r"(?<![\w/:.)\]])(/[A-Za-z][\w.-]*/[\w.-]|[A-Z]:\\\w)"


class Problem(NamedTuple):
    """A broken rule: the cell's index (None: the whole), what to do."""

    cell: int | None
    what: str


# What a cell is


def tags(cell):
    """The cell's tags, a list."""
    return cell.metadata.get("tags", [])


def is_code(cell):
    """True for a code cell that is not empty."""
    return cell.cell_type == "code" and bool(cell.source.strip())


def marks(cell):
    """Which of the three marks of a folded solution the cell carries."""
    return (
        "hide-cell" in tags(cell),
        cell.metadata.get("cellView") == "form",
        cell.metadata.get("jupyter", {}).get("source_hidden") is True,
    )


def is_solution(cell):
    """True for a code cell with any mark of a solution."""
    return cell.cell_type == "code" and any(marks(cell))


def is_exported(cell):
    """True for a cell that becomes a part of the package."""
    caption = re.match(r"# nn/\w+\.py[ \t]*(\n|$)", cell.source)
    return cell.cell_type == "code" and bool(caption)


def is_markdown(cell):
    """True for a Markdown cell."""
    return cell.cell_type == "markdown"


def is_title(cell):
    """True for a Markdown cell that begins with a heading of level 1."""
    return is_markdown(cell) and cell.source.startswith("# ")


def is_bounded(cell):
    """True for a code cell that the bounds of length apply to."""
    folded = is_solution(cell) or "hide-input" in tags(cell)
    return is_code(cell) and not folded


def is_visible(cell):
    """True for a code cell that is neither exported nor a solution."""
    return is_code(cell) and not is_exported(cell) and not is_solution(cell)


def asserts(cell):
    """True if the cell has a line that begins with ``assert``."""
    return bool(re.search(r"(?m)^\s*assert\b", cell.source))


def measures(cell):
    """True if the cell compares with measured gradients."""
    calls = r"\b(check_gradients|numerical_gradient)\("
    return bool(re.search(calls, cell.source))


def is_check(cell):
    """True for a cell that a wrong program would not pass."""
    return is_visible(cell) and (asserts(cell) or measures(cell))


def length(cell):
    """The cell's number of lines."""
    return cell.source.strip("\n").count("\n") + 1


def prose(cell):
    """A Markdown cell's text without fenced blocks; '' for other cells."""
    return (
        re.sub(FENCE, "", cell.source)
        if cell.cell_type == "markdown"
        else ""
    )


def pictures(cell):
    """The alternative text of each picture among the cell's outputs."""
    return [
        output.get("metadata", {}).get(mime, {}).get("alt", "")
        for output in cell.get("outputs", [])
        for mime in IMAGES
        if mime in output.get("data", {})
    ]


def chapter(path):
    """The chapter's number: the digits that its file name begins with."""
    digits = re.match(r"\d+", path.name)
    if not digits:
        raise ValueError(
            f"{path.name}: a chapter's file name begins with its number, "
            "such as 01_one_neuron.ipynb"
        )
    return int(digits[0])


def cells(nb, kind):
    """(index, cell) for the cells of which ``kind(cell)`` is true."""
    return [(i, cell) for i, cell in enumerate(nb.cells) if kind(cell)]


# Text


def title(nb, path):
    """A chapter begins with its title."""
    if not nb.cells or not is_title(nb.cells[0]):
        yield Problem(
            None, "no title: begin with a Markdown cell `# Title`"
        )


def plain_markdown(nb, path):
    """No directive fences and no roles: they show raw outside the book."""
    for i, cell in cells(nb, is_markdown):
        if re.search(r"(?m)^\s*(`{3,}|~{3,}|:{3,})\s*\{", cell.source):
            yield Problem(
                i,
                "MyST directive fence: use plain Markdown, <details> or "
                '<div class="admonition note">',
            )
        for span in re.finditer(SPAN, prose(cell)):
            before = span.string[: span.start()]
            if role := re.search(r"\{[\w:.+-]+\}$", before):
                yield Problem(
                    i, f"MyST role {role[0]}: use a Markdown link"
                )


def markdown_images(nb, path):
    """A picture in the text says what it shows."""
    for i, cell in cells(nb, is_markdown):
        source = re.sub(SPAN, "", prose(cell))
        described = r"""\balt=(["'])\s*[^"'\s]"""
        images = re.findall(r"<img\b[^>]*>", source)
        mute = [img for img in images if not re.search(described, img)]
        if mute or re.search(r"!\[\s*\]", source):
            yield Problem(i, "image without alt text: say what it shows")


def equation_tags(nb):
    """(index, tag) of each numbered equation."""
    return [
        (i, tag)
        for i, cell in cells(nb, is_markdown)
        for tag in re.findall(r"\\tag\*?\{([^}]*)\}", cell.source)
    ]


def equations(nb, path):
    """Tags carry the chapter's number, once; code names tags that exist."""
    number, seen = chapter(path), set()
    for i, tag in equation_tags(nb):
        if not re.fullmatch(rf"{number}\.\d+", tag):
            what = f"this chapter's tags are {number}.1, {number}.2, …"
            yield Problem(i, f"\\tag{{{tag}}}: {what}")
        if tag in seen:
            yield Problem(i, f"\\tag{{{tag}}} is there twice: renumber")
        seen.add(tag)
    for i, cell in cells(nb, is_code):
        for comment in re.findall(r"# (\(\d+\.\d+\).*)", cell.source):
            for tag in re.findall(r"\((\d+\.\d+)\)", comment):
                if tag not in seen and tag not in earlier(tag, path):
                    what = "no such equation here or in an earlier chapter"
                    yield Problem(i, f"# ({tag}): {what}")


def earlier(tag, path):
    """The tags of the earlier chapter that ``tag`` belongs to."""
    number = int(tag.split(".")[0])
    if number >= chapter(path):
        return []
    return [
        tag
        for file in path.parent.glob(f"{number:02d}_*.ipynb")
        for _, tag in equation_tags(nbformat.read(file, as_version=4))
    ]


# Code


def lengths(nb, path):
    """Code cells fit a screen; folded cells and setup are left out."""
    bounded = cells(nb, is_bounded)
    for i, cell in bounded:
        most = EXPORTED if is_exported(cell) else OTHER
        if length(cell) > most:
            yield Problem(
                i,
                f"code cell of {length(cell)} lines, {most} are allowed: "
                "split it, or fold it if it draws",
            )
    own = [length(cell) for _, cell in bounded if not is_exported(cell)]
    mean = sum(own) / max(len(own), 1)
    if mean > MEAN:
        yield Problem(
            None,
            f"code cells have {mean:.1f} lines on average besides the "
            f"exported ones, {MEAN} are allowed: split the longest, fold "
            "those that draw",
        )


def columns(nb, path):
    """Code lines are narrow enough for a small screen."""
    for i, cell in cells(nb, is_code):
        wide = max(map(len, cell.source.splitlines()))
        if wide > COLUMNS and cell.get("id") != "setup":
            what = f"{COLUMNS} are allowed: break it"
            yield Problem(i, f"code line of {wide} columns, {what}")


def semicolons(nb, path):
    """A trailing semicolon makes nbval's strict mode fail."""
    for i, cell in cells(nb, is_code):
        if cell.source.rstrip().endswith(";"):
            what = "ends in a semicolon: end a plot with figures.show"
            yield Problem(i, what)


def solutions(nb, path):
    """A solution is folded in Jupyter, on Colab and in the book."""
    for i, cell in cells(nb, is_solution):
        if not all(marks(cell)):
            yield Problem(
                i,
                'solution without all three marks: tag "hide-cell", '
                'cellView "form" and jupyter.source_hidden',
            )


def checks(nb, path):
    """Every chapter asserts something; every backward pass is measured."""
    visible = [cell for _, cell in cells(nb, is_visible)]
    if not any(asserts(cell) for cell in visible):
        yield Problem(None, "no check: add a cell with an assert")
    measured = any(measures(cell) for cell in visible)
    for i, cell in cells(nb, is_exported):
        if not measured and defines_gradient(cell):
            yield Problem(
                i,
                "a backward pass that nothing checks: add a cell that "
                "calls check_gradients or numerical_gradient",
            )


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


def counts(nb, path):
    """Stored outputs come from one run, top to bottom, in a new kernel."""
    for n, (i, cell) in enumerate(cells(nb, is_code), 1):
        found = cell.get("execution_count")
        if found != n:
            what = "run python tools/notebooks.py --execute"
            yield Problem(i, f"execution count {found}, not {n}: {what}")
            return


def output_types(nb, path):
    """Text, pictures and the book's own figures; nothing else that runs."""
    for i, cell in cells(nb, is_code):
        for output in cell.outputs:
            for what in unfit(output, set(tags(cell))):
                yield Problem(i, what)


def unfit(output, tags):
    """What is wrong with the kind of one output."""
    kind, data = output.output_type, output.get("data", {})
    if kind == "error" and "raises-exception" not in tags:
        yield "error output: repair the cell, or tag it raises-exception"
    heard = tags & {"raises-exception", "remove-stderr"}
    if kind == "stream" and output.name == "stderr" and not heard:
        yield "stderr output: repair the cell, or tag it remove-stderr"
    for mime in sorted(set(data) - MIMES):
        yield f"output of type {mime}: print text or show a figure"
    html = data.get("text/html")
    if html is not None and not re.match(r"\s*<\w+[^>]*\sdata-nn=", html):
        yield "text/html output that is no nn.figures.Figure: print text"
    elif html is not None and "nbval-ignore-output" not in tags:
        yield "Figure output without the tag nbval-ignore-output: add it"
    active = r"(?i)<script|<foreignObject|\son\w+\s*=|javascript:"
    if re.search(active, data.get("image/svg+xml", "")):
        yield "SVG with a script or an event attribute: draw it without"


def alternative_texts(nb, path):
    """A picture says what it shows; a cell has one text for all of its."""
    for i, cell in cells(nb, is_code):
        texts = pictures(cell)
        if len(set(texts)) > 1:
            what = "two pictures with different alt texts: split the cell"
            yield Problem(i, what)
        if texts and min(map(len, texts)) < ALT:
            yield Problem(
                i,
                f"picture without an alt text of {ALT} characters: end "
                "the cell with figures.show(fig, alt=...)",
            )


def printed(output):
    """The text of an output, without colour codes."""
    parts = [output.get("text", ""), *output.get("traceback", [])]
    parts.append(output.get("data", {}).get("text/plain", ""))
    return re.sub(r"\x1b\[[\d;]*m", " ", "\n".join(parts))


def digits(number):
    """Significant digits of a decimal; 0 for a whole one, as in 64.0."""
    whole, fraction = number.group(1, 2)
    if fraction == "0":
        return 0
    return len((re.sub(r"\D", "", whole) + fraction).lstrip("0"))


def repeatable(nb, path):
    """Outputs survive another run, another folder and another CPU."""
    for i, cell in cells(nb, is_code):
        shown = "\n".join(map(printed, cell.outputs))
        for pattern, what in (
            (ADDRESS, "memory address"),
            (FOLDER, "path"),
        ):
            if found := re.search(pattern, shown):
                what = f"output with a {what}, {found[0]}: do not print it"
                yield Problem(i, what)
        long = [n[0] for n in re.finditer(DECIMAL, shown) if digits(n) > 4]
        if long and "nbval-ignore-output" not in tags(cell):
            yield Problem(
                i,
                f"output {long[0]} has more than 4 significant digits: "
                "round it, or tag the cell nbval-ignore-output",
            )


RULES = (
    title,
    plain_markdown,
    markdown_images,
    equations,
    lengths,
    columns,
    semicolons,
    solutions,
    checks,
    counts,
    output_types,
    alternative_texts,
    repeatable,
)


def broken(nb, path):
    """The problems of a notebook, rule by rule."""
    return [problem for rule in RULES for problem in rule(nb, path)]
