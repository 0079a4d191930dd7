"""The parts that every chapter has, and the bounds it stays within.

``departures(nb, measures)`` lists what a chapter lacks. ``measures`` are
those that ``notebooks.py --table`` prints.
"""

import re

from .rules import cells, is_code, is_markdown, is_solution, prose

BOUNDS = {  # measure: least, most
    "words": (1200, 1900),
    "exercises": (3, 5),
    "questions": (3, 3),
    "figures": (3, 12),
    "checks": (1, 99),
}
OWN_CODE = (40, 170)  # lines of visible code that no module takes
EXERCISE = r"(?m)^### Exercise (\d+)"
SOURCE = r"\]\(\.\./book/bibliography\.md#[\w-]+\)"


def departures(nb, measures):
    """What a chapter lacks or has too much of, one line each."""
    for name, (least, most) in BOUNDS.items():
        if not least <= measures[name] <= most:
            yield f"{name}: {measures[name]}, expected {least} to {most}"
    own = measures["code lines"] - measures["exported"]
    least, most = OWN_CODE
    if not least <= own <= most:
        yield (
            f"{own} lines of code besides the exported ones, expected "
            f"{least} to {most}"
        )
    if measures["questions"] != measures["answers"]:
        yield "not every question has an answer"
    if measures["figures"] != measures["alt texts"]:
        yield "not every figure has an alt text"
    yield from unsolved(nb)
    yield from unexplained(nb)
    yield from parts(nb)


def unsolved(nb):
    """Exercises that no folded, executed solution follows."""
    waiting = None
    for cell in nb.cells:
        if is_code(cell) and is_solution(cell):
            waiting = None
        for number in re.findall(EXERCISE, prose(cell)):
            if waiting:
                yield f"exercise {waiting} has no solution cell"
            waiting = number
    if waiting:
        yield f"exercise {waiting} has no solution cell"


def unexplained(nb):
    """Quiz answers that do not name every choice of their question."""
    text = "\n".join(prose(cell) for _, cell in cells(nb, is_markdown))
    for question in re.split(r"(?m)^\*\*Question", text)[1:]:
        asked, _, answer = question.partition("<summary>Answer</summary>")
        answer = answer.split("</details>")[0]
        for choice in dict.fromkeys(re.findall(r"\([a-d]\)", asked)):
            if choice not in answer:
                yield f"the answer to question{asked[:3]} skips {choice}"


def parts(nb):
    """Parts of the anatomy that are not there."""
    text = "\n".join(prose(cell) for _, cell in cells(nb, is_markdown))
    head = prose(nb.cells[0])
    if not re.search(r"\*\d+ minutes[^*]*\.\*", head):
        yield "the title cell does not say how long it takes"
    if "**Before you start:**" not in head:
        yield "the title cell has no **Before you start:**"
    goals = head.partition("**You will learn**")[2]
    if len(re.findall(r"(?m)^- ", goals)) != 3:
        yield "**You will learn** expects three lines"
    if len(re.findall(r"\*\*Predict, then", text)) < 2:
        yield "**Predict, then run.** is there less than twice"
    if not re.search(r"(?m)^###? .*Check", text):
        yield "no heading says Check"
    recap = text.partition("## Recap")[2].partition("**Further")[0]
    if len(re.findall(r"(?m)^- ", recap)) != 3:
        yield "## Recap expects three lines"
    sources = text.partition("**Further reading.**")[2]
    if not 2 <= len(re.findall(SOURCE, sources)) <= 3:
        yield "**Further reading.** expects two or three sources"
