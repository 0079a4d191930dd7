"""Write the page of what was tried, from what the tests recorded."""

import json
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "results"
PAGE = ROOT / "book" / "what_was_tried.md"
OPTIONS = ()
HEAD = """# What was tried

Each row is a test that tries many cases, most of them drawn at random from
a fixed seed. The test fails, and its row says so, when a single case goes
wrong. The second column counts the cases that `make test` tries every time,
and the third those that `make torture` and the other commands try before a
release. To repeat a row, type its command, or give its test to pytest:
`pytest tests/… --long`.

The numbers come from the runs themselves: `pytest --record` writes
`results/tried.json`, `make matrix` and `make mutants` each write a file
beside it, and `python -m measure tried` writes this page from these files.

| what | each time | before a release | failures | test or command |
|---|---:|---:|---:|---|
"""


def stored(name):
    """What a run has written into the folder results/; {} if none has."""
    path = RESULTS / name
    return json.loads(path.read_text("utf-8")) if path.exists() else {}


def rows():
    """Yield what was tried, how often, how often it failed, and by whom."""
    for test, row in stored("tried.json").items():
        runs = [row.get(size, {}) for size in ("usual", "long")]
        failed = sum(run.get("outcome") == "failed" for run in runs)
        yield row["what"], *(r.get("tried", 0) for r in runs), failed, test
    for row in stored("matrix.json").values():
        what = f"Tests with {row['what']}"
        yield what, 0, row["tried"], row["failed"], "make matrix"
    if planted := stored("mutants.json"):
        missed = planted["tried"] - planted["found"]
        what = "Faults planted by a program: the tests find them"
        yield what, 0, planted["tried"], missed, "make mutants"


def page():
    """The text of the page."""
    text, totals = HEAD, [0, 0]
    for what, usual, long, failed, source in sorted(rows()):
        counts = [f"{n:,}" if n else "–" for n in (usual, long)]
        cells = [what, *counts, str(failed), f"`{source}`"]
        text += f"| {' | '.join(cells)} |\n"
        totals = [totals[0] + usual, totals[1] + long]
    usual, long = totals
    return f"{text}| **all** | **{usual:,}** | **{long:,}** | | |\n"


def run(options):
    """Write the page."""
    PAGE.write_text(page(), encoding="utf-8")
