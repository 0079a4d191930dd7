"""Fonts with the characters of the book and no others, as WOFF2.

The text fonts are Adobe's Source Serif 4, Source Sans 3 and Source Code
Pro, from the wheels ``fontpkg-...``. Their licence reserves the name
Source for the whole fonts, so the parts have names of their own.
"""

import base64
import html
import logging
import re
import shutil
from importlib.util import find_spec
from pathlib import Path

import tinycss2
from fontTools import subset
from fontTools.ttLib import TTFont
from fontTools.varLib import instancer

logging.getLogger("fontTools").setLevel(logging.ERROR)  # no timings

FEATURES = ["kern", "liga", "mark", "mkmk", "ccmp", "locl"]
LICENCES = [
    0,
    13,
    14,
]  # what names of a font to keep: whose, and on what terms
# family, style and weights in the style sheet; wheel and file; its axes
TEXT = (
    (
        "nn-serif",
        "normal",
        "400 700",
        "source_serif_4",
        "SourceSerif4[opsz,wght].ttf",
        {"opsz": 14, "wght": (400, 700)},
    ),
    (
        "nn-serif",
        "italic",
        "400",
        "source_serif_4",
        "SourceSerif4-Italic[opsz,wght].ttf",
        {"opsz": 14, "wght": 400},
    ),
    (
        "nn-sans",
        "normal",
        "400 600",
        "source_sans_3",
        "SourceSans3[wght].ttf",
        {"wght": (400, 600)},
    ),
    (
        "nn-mono",
        "normal",
        "400",
        "source_code_pro",
        "SourceCodePro[wght].ttf",
        {"wght": 400},
    ),
)
# the fonts of nearly every formula, which come with its style sheet
USUAL = ("MathJax_Zero", "MathJax_Main-Regular", "MathJax_Math-Italic")
# What a page waits for before it is shown: the sheets that follow, and the
# fonts in them. It has its layout meanwhile, so that links lead to a place.
WAIT = """\
<style>html.nn-wait body {{ visibility: hidden; }}</style>
<script>
(({{ fonts, documentElement: {{ classList }} }}) => {{
  const faces = ["1em nn-serif", "italic 1em nn-serif", "1em nn-sans",
    "1em nn-mono", "1em MJXTEX", "1em MJXTEX-I"];
  let sheets = {};
  const came = async ({{ target }}) => {{
    if (target.rel !== "stylesheet" || --sheets) return;
    await Promise.allSettled(faces.map((face) => fonts.load(face)));
    classList.remove("nn-wait");
  }};
  classList.add("nn-wait");
  document.addEventListener("load", came, true);
  document.addEventListener("error", came, true);
}})(document);
</script>
"""
FACE = re.compile(r"@font-face\s*\{[^}]*\}")
FAMILY = re.compile(r"font-family:\s*MJXTEX-?(\w*)")
DRAWS = re.compile(r"\.TEX-(\w+)|mjx-stretchy")
ASCII = {*map(chr, range(128))}
SOURCE = re.compile(
    r"src:[^;}]*?url\(\s*[\"']?([^\"')]+\.woff2?)[\"']?\s*\)[^;}]*"
)


def are_here():
    """Whether the text fonts and what compresses them are installed."""
    wheels = {f"fontpkg_{row[3]}" for row in TEXT}
    return all(map(find_spec, {*wheels, "brotli"}))


def characters(pages):
    """All characters that pages show, in their text or by a script."""
    return set().union(map(chr, range(32, 127)), *map(html.unescape, pages))


def part(source, target, characters, limits=None):
    """Write the part of a font that has the characters, as WOFF2.

    Returns False, and writes nothing, if the font has none of them.
    """
    font = TTFont(source)
    options = subset.Options(
        layout_features=FEATURES, hinting=False, name_IDs=LICENCES
    )
    options.drop_tables += ["FFTM"]
    cutter = subset.Subsetter(options)
    cutter.populate(unicodes=map(ord, characters))
    cutter.subset(font)
    if not font.getBestCmap():
        return False
    if limits:
        font = instancer.instantiateVariableFont(font, limits)
    font.flavor = "woff2"
    target.parent.mkdir(exist_ok=True)
    font.save(target)
    return True


def inlined(font):
    """Remove a font file; return its address as a part of a style sheet."""
    data = base64.b64encode(font.read_bytes()).decode("ascii")
    font.unlink()
    return f"data:font/woff2;base64,{data}"


def text_faces(characters, static):
    """Return the rules of the text fonts; write their licences.

    The fonts are in the rules themselves: no page is shown in other ones
    first, and none moves when they arrive.
    """
    rules = []
    for family, style, weight, wheel, file, limits in TEXT:
        folder = Path(find_spec(f"fontpkg_{wheel}").origin).parent
        target = static / "fonts" / f"{family}-{style}.woff2"
        part(folder / "files" / file, target, characters, limits)
        licence = static / "fonts" / f"{family}-LICENSE.txt"
        shutil.copy(folder / "LICENSE", licence)
        rules.append(
            f"@font-face{{font-family:{family};font-style:{style};"
            f"font-weight:{weight};"
            f'src:url({inlined(target)}) format("woff2")}}\n'
        )
    return "".join(rules)


def _strings(tokens):
    """All characters that are in strings of a style sheet."""
    for token in tokens:
        if token.type == "string":
            yield from token.value
        elif hasattr(token, "content"):
            yield from _strings(token.content)


def drawn(css):
    """Return the characters of a style sheet, by the font that draws them.

    A font of MathJax has the name of a class, such as I, or none; what is
    stretched may come from any of them.
    """
    found = {"": set(), "stretchy": set()}
    for rule in tinycss2.parse_stylesheet(css, skip_comments=True):
        if rule.type == "qualified-rule":
            name = DRAWS.search(tinycss2.serialize(rule.prelude))
            name = (name[1] or "stretchy") if name else ""
            found.setdefault(name, set()).update(_strings(rule.content))
    return found


def shrink(css, static):
    """Replace the fonts of a style sheet by the part that it uses.

    These are fonts of icons and formulas, whose characters are all in the
    style sheet itself. A font that draws none of them is left out.
    """
    found = drawn(css)
    everything = set().union(*found.values())

    def put(match):
        family, address = FAMILY.search(match[0]), SOURCE.search(match[0])
        if family:
            characters = found.get(family[1], set()) | found["stretchy"]
        elif "MJXZERO" in match[0]:
            characters = everything
        else:  # icons have no letters
            characters = everything - ASCII
        name = f"fonts/{Path(address[1]).stem}.woff2"
        if not part(static / address[1], static / name, characters):
            return ""
        if Path(name).stem in USUAL:
            name = inlined(static / name)
        source = f'src:url({name}) format("woff2")'
        return match[0].replace(address[0], source)

    return FACE.sub(put, css)
