"""The page that compares other works gives a place for what it says."""

import re
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[1] / "book" / "peers.md"
SOURCE = re.compile(
    r"\[([\w-]+)\]: https://github\.com/([\w-]+/[\w-]+)"
    r"/(?:blob|tree)/([0-9a-f]{40})(?:/.+)?\n"
)


def cells(line):
    return [cell.strip() for cell in line.strip("|").split("|")]


def tables(text):
    """For each table: its words, by row and work, and the places."""
    parts = re.split("<!-- (?:table|places) -->\n", text)[1:]
    parts = [part.partition("\n\n")[0] for part in parts]
    for table, places in zip(parts[::2], parts[1::2], strict=True):
        (_, *works), _, *rows = map(cells, table.splitlines())
        said = {
            row: dict(zip(works, words, strict=True))
            for row, *words in rows
        }
        items = re.split("^- ", places, flags=re.MULTILINE)[1:]
        yield said, dict(item.split(": ", 1) for item in items)


def source_faults(text):
    sources = {name: rest for name, *rest in SOURCE.findall(text)}
    used = set(re.findall(r"\]\[([\w-]+)\]", text))
    yield from (f"no address: {name}" for name in used - set(sources))
    yield from (f"not used: {name}" for name in set(sources) - used)
    read = dict(
        v for name, v in sources.items() if name.endswith("-commit")
    )
    for name, (repository, commit) in sources.items():
        if read.get(repository) != commit:
            yield f"not the version that was read: {name}"


def table_faults(text):
    for said, places in tables(text):
        if [f"**{row}**" for row in said] != list(places):
            yield f"these rows and places differ: {list(said)}"
            continue
        for row, words in said.items():
            for work, word in words.items():
                mark = "](" if work == "here" else f"][{work.lower()}-"
                if word not in ("yes", "part", "no", "unseen"):
                    yield f"{row}, {work}: {word} is none of the words"
                elif word in ("yes", "part") and (
                    mark not in places[f"**{row}**"]
                ):
                    yield f"{row}, {work}: no place"


def faults(text):
    return [*source_faults(text), *table_faults(text)]


def test_what_is_said_of_a_work_has_its_place():
    assert faults(PAGE.read_text("utf-8")) == []


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("([chapter 9][d2l-rnn])", "", "recurrent networks, d2l: no place"),
        ("| no |", "| yes |", "no place"),
        ("| unseen |", "| maybe |", "maybe is none of the words"),
        ("- **ethics**", "- **morals**", "these rows and places differ"),
        ("][nnfs-9]", "][nnfs-90]", "no address: nnfs-90"),
        ("][nnfs-9]", "][nnfs-18]", "not used: nnfs-9"),
        (
            "/blob/23d7a5ae",
            "/blob/03d7a5ae",
            "not the version that was read",
        ),
    ],
)
def test_a_place_that_is_missing_or_wrong_is_found(old, new, fault):
    text = PAGE.read_text("utf-8")
    assert old in text
    found = faults(text.replace(old, new, 1))
    assert any(fault in f for f in found), found
