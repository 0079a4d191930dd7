"""Write the page of what was tried, from what the tests recorded."""

import json
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
RECORD = ROOT / "results" / "tried.json"
PAGE = ROOT / "book" / "what_was_tried.md"
OPTIONS = ()
HEAD = """# What was tried

Each row is a test that tries many cases, most of them made by chance from a
fixed seed. It fails, and its row says so, when a single case goes wrong.
The middle column is what `make test` tries every time, the next what
`make torture` tries before a release. To repeat a row, give its test to
pytest: `pytest tests/… --long`.

The numbers come from the tests themselves: `pytest --record` writes
`results/tried.json`, and `python -m measure tried` this page.

| what | each time | before a release | failures | test |
|---|---:|---:|---:|---|
"""


def count(row, size):
    """How many cases, as text."""
    return f"{row[size]['tried']:,}" if size in row else "–"


def page():
    """The text of the page."""
    rows = json.loads(RECORD.read_text(encoding="utf-8"))
    lines, totals = [], {"usual": 0, "long": 0}
    for test, row in sorted(rows.items(), key=lambda item: item[1]["what"]):
        runs = [row[size] for size in totals if size in row]
        failed = sum(run["outcome"] != "passed" for run in runs)
        for size in totals:
            totals[size] += row.get(size, {}).get("tried", 0)
        cells = [row["what"], count(row, "usual"), count(row, "long")]
        cells += [str(failed), f"`{test}`"]
        lines.append(f"| {' | '.join(cells)} |\n")
    both = " | ".join(f"**{n:,}**" for n in totals.values())
    return HEAD + "".join(lines) + f"| **all** | {both} | | |\n"


def run(options):
    """Write the page."""
    PAGE.write_text(page(), encoding="utf-8")
