"""Break each figure on purpose: the checks must catch every fault.

The faults are in ``mutants.txt``.

``python tests/browser/mutations.py [figure ...]`` prints a table of the
faults and of what caught them; it ends with status 1 if one got through.
"""

import re
import shutil
import sys
import tempfile
from pathlib import Path

import numpy as np
from agree import CHECKS
from examples import EXAMPLES

from nn.figures import _figure
from tools import browser as pages

ENTRY = r"(?m)^(\w+): (.+?)(?: \((.+)\))?\n- (.+)\n\+ ?(.*)$"
FILE = Path(__file__).with_name("mutants.txt")
# (figure, what is wrong, file or "", old text, new text)
MUTANTS = re.findall(ENTRY, FILE.read_text("utf-8"))


def name(mutant):
    """A short name: figure and fault."""
    return f"{mutant[0]}: {mutant[1]}"


def broken_page(mutant, folder):
    """The page of the figure with one fault planted in a copy of it."""
    figure, what, file, old, new = mutant
    copy = Path(folder, "figures")
    shutil.copytree(_figure.FOLDER, copy, dirs_exist_ok=True)
    file = copy / (file or f"{figure}.js")
    text = file.read_text("utf-8")
    if text.count(old) < 1:
        raise LookupError(
            f"{file.name} has no {old!r} to plant {what!r} in"
        )
    file.write_text(text.replace(old, new, 1), "utf-8")
    kept, _figure.FOLDER = _figure.FOLDER, copy
    try:
        return EXAMPLES[figure]().page()
    finally:
        _figure.FOLDER = kept


def caught(browser, mutant):
    """What caught the fault, in one line; None if nothing did."""
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder, "page.html")
        page.write_text(broken_page(mutant, folder), "utf-8")
        base = f"file://{folder}/"
        visit = pages.visit(browser, f"{base}page.html", base, patience=3)
        try:
            with visit as opened:
                CHECKS[mutant[0]](opened, np.random.default_rng(1))
        except AssertionError as error:
            lines = str(error).strip().splitlines() or ["an assertion"]
            return reason(error) or lines[0]
    return None


def reason(error):
    """The line of the check that failed."""
    while error is not None:
        trace = error.__traceback__
        found = None
        while trace is not None:
            code = trace.tb_frame.f_code
            if code.co_filename.endswith("agree.py"):
                text = Path(code.co_filename).read_text("utf-8")
                found = text.splitlines()[trace.tb_lineno - 1].strip()
            trace = trace.tb_next
        if found:
            return found
        error = error.__cause__
    return None


def main(figures):
    """Try every fault, or those of the figures named; print the table."""
    survivors = 0
    chosen = [m for m in MUTANTS if not figures or m[0] in figures]
    with pages.launch() as browser:
        for mutant in chosen:
            why = caught(browser, mutant)
            survivors += why is None
            why = "NOT CAUGHT" if why is None else why[:60]
            print(f"{mutant[0]:<11}{mutant[1]:<34}{why}", flush=True)
    print(f"{len(chosen) - survivors} of {len(chosen)} faults caught")
    return int(survivors > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
