"""Wording and sources: words to avoid, works without an entry or a link.

``words.toml`` lists the words, and CONTRIBUTING.md shows them. The rules
for chapters look at each cell, ``problems`` at the texts beside them.
"""

import re
import tomllib
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TEXTS = (
    "*.md",
    "Makefile",
    "book/*.md",
    "book/*.bib",
    "book/_ext/**/*.py",
    "measure/*.md",
    "measure/*.py",
    "nn/*/*.py",
    "nn/checks.py",
    "nn/files.py",
    "tools/*.py",
)
GAP = r"(?:[\s#*/]|f?[\"'`])+"  # also between strings or comments
NAME = r"(?:(?:van|von|de|der)\s+)*[A-Z][^\W\d_][\w’'-]*"
MORE = rf"(?:(?:,?\s+and|,)\s+(?:{NAME}|others)|\s+et\s+al\.)"
WORK = rf"({NAME})(?:{MORE}*(?:\s[a-z]+)?(?:,\s+|\s+\()|{MORE}+\s+)"
WORK = re.compile(rf"\b{WORK}((?:1[789]|20)\d\d)\b")
LINK = r"[^\[\]]*\]\([^()]*bibliography\.md#([\w-]+)\)"


# Words


@cache
def words():
    """The words to avoid: (what they are, pattern, what to write, why)."""
    file = ROOT / "tools" / "words.toml"
    listed = tomllib.loads(file.read_text(encoding="utf-8"))["word"]
    for word in listed:
        word["pattern"] = re.compile(rf"(?i)\b(?:{word['pattern']})(?!\w)")
    return [tuple(word.values()) for word in listed]


def wording(text):
    """What to write instead, for each word of the text to avoid."""
    text = re.sub(GAP, " ", text)
    for avoid, pattern, write, why in words():
        for found in pattern.finditer(text):
            before = text[: found.start()].split(" ")[-4:]
            after = text[found.end() :].split(" ")[:4]
            around = " ".join(before) + found[0] + " ".join(after)
            yield f"“{around}” ({avoid}): write {write}: {why}"


# Sources


@cache
def entries():
    """The key of each entry of the bibliography: its authors and year."""
    bib = (ROOT / "book" / "references.bib").read_text(encoding="utf-8")
    return {
        entry[1]: (
            re.search(r"author = \{(.*)\}", entry[2])[1],
            re.search(r"year = \{(\d+)\}", entry[2])[1],
        )
        for entry in re.finditer(r"(?ms)^@\w+\{(\w+),(.*?)^\}", bib)
    }


def sources(text, page=False):
    """What is missing from each work that the text cites.

    A work has an entry; on a page, and in a chapter, it has a link to it.
    """
    for work in WORK.finditer(text):
        name, year = re.sub("['’]s?$", "", work[1]), work[2]
        keys = {
            key
            for key, (authors, when) in entries().items()
            if when == year and re.search(rf"\b{name}\b", authors)
        }
        link = re.match(LINK, text[work.end() :])
        said = " ".join(work[0].split())
        if not keys:
            yield f"{said}: add the work to book/references.bib"
        elif page and not (link and link[1] in keys):
            yield f"{said}: link bibliography.md#{min(keys)}"


# The texts beside the chapters


def problems(root):
    """The problems of the texts under the folder, one line each."""
    found = []
    for path in sorted(p for texts in TEXTS for p in root.glob(texts)):
        text = path.read_text(encoding="utf-8")
        if path.name == "CONTRIBUTING.md":  # its tables quote the words
            text = re.sub(r"(?m)^\|.*$", "", text)
        name = path.relative_to(root).as_posix()
        cited = sources(text, page=path.suffix == ".md")
        found += [f"{name}: wording: {what}" for what in wording(text)]
        found += [f"{name}: sources: {what}" for what in cited]
    return found
