"""What the chapters say of themselves at their beginning, as lists.

``python -m tools notebooks`` keeps the list of chapters in README.md and
the table of ``book/for_teachers.md``, so that neither can drift.
"""

import re
from typing import NamedTuple

from . import export
from .cells import chapter, read

OPENER = re.compile(
    r"# (?P<title>.+?)\n\n\*(?P<time>.+?)\.\*\s+\*\*Before you start:\*\*"
    r"\s+(?P<needs>.+?)\n\n\*\*You will learn\*\*\n\n(?P<aims>.+)",
    re.DOTALL,
)
LINK = re.compile(r"\[([^\]]*)\]\(([\w.]+\.ipynb)\)")


class Opener(NamedTuple):
    """The title cell of a chapter, in parts, each on one line."""

    number: int
    stem: str
    title: str
    time: str
    needs: str
    aims: list


def one_line(text):
    """The text with single spaces and no line breaks."""
    return " ".join(text.split())


def opener(path):
    """The parts of the title cell of a chapter."""
    found = OPENER.match(read(path).cells[0].source)
    if not found:
        raise ValueError(
            f"{path.name}: the title cell must have a time, Before you "
            "start and You will learn: see the rule opening"
        )
    parts = {name: one_line(found[name]) for name in ("title", "time")}
    aims = re.split(r"(?m)^- ", found["aims"])[1:]
    return Opener(
        number=chapter(path),
        stem=path.stem,
        needs=one_line(found["needs"]),
        aims=[one_line(aim).rstrip(";.") for aim in aims],
        **parts,
    )


def chapters(site):
    """The lines of README's list: each chapter with its first aim."""
    return [
        f"{one.number}. [{one.title}]({site}notebooks/{one.stem}.html): "
        f"{one.aims[0]}"
        for one in map(opener, export.chapters())
    ]


def needs_and_gives():
    """The lines of the teachers' table."""
    lines = ["| chapter | needs | gives |", "|---|---|---|"]
    for one in map(opener, export.chapters()):
        modules = export.holdings(one.number).values()
        names = [f"`{n}`" for m in modules for n, own in m.items() if own]
        head = f"{one.number}. [{one.title}](../notebooks/{one.stem}.ipynb)"
        cells = (
            f"{head}, {one.time}",
            LINK.sub(r"[\1](../notebooks/\2)", one.needs).rstrip("."),
            "; ".join(
                one.aims + [f"in `nn`: {', '.join(names)}"] * any(names)
            ),
        )
        row = " | ".join(cell.replace("|", r"\|") for cell in cells)
        lines.append(f"| {row} |")
    return lines
