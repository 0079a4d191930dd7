"""One style sheet for the book, with the rules that its pages can use.

A rule stays if every class, id and element that it names occurs as a word
in a tag or a script of some page, or in a script of the site. This errs on
the side of keeping: what scripts add to a page is named in them.
"""

import hashlib
import posixpath
import re
from urllib.parse import unquote

import tinycss2

LINK = re.compile(r'[ \t]*<link\b[^>]*\brel="stylesheet"[^>]*>\n?')
HREF = re.compile(r'href="([^"?#]+)')
# classes that Bootstrap's script puts together from parts
MADE = re.compile(r"bs-tooltip|bs-popover|dropdown|tooltip")
NESTED = ("media", "supports", "layer", "container")
WORDS = re.compile(r"[\w-]+")
CODE = re.compile(r"<script\b[^>]*>.*?</script>|<[a-zA-Z][^>]*>", re.DOTALL)


def words(pages, scripts):
    """All words that can be the name of a class, an id or an element."""
    found = set()
    for page in pages:
        for tag in CODE.findall(page):
            found.update(WORDS.findall(tag))
    for script in scripts:
        found.update(WORDS.findall(script))
    return found


def used(selector, known):
    """Whether a selector, a list of tokens, can match an element."""
    before = None
    for token in selector:
        names = token.type == "hash" or (
            token.type == "ident" and before != ":"
        )
        if names and not (token.value in known or MADE.match(token.value)):
            return False
        before = token.value if token.type == "literal" else None
    return True


def reduce(css, known):
    """Return a style sheet without the rules that no page can use."""
    rules = tinycss2.parse_stylesheet(
        css, skip_comments=True, skip_whitespace=True
    )
    return "".join(_reduced(rules, known))


def _reduced(rules, known):
    for rule in rules:
        if rule.type == "error":
            raise ValueError(f"a style sheet has an error: {rule.message}")
        if rule.type == "qualified-rule":
            kept = [s for s in _split(rule.prelude) if used(s, known)]
            if kept:
                names = ",".join(_text(selector) for selector in kept)
                yield f"{names}{{{_text(rule.content)}}}\n"
        elif rule.at_keyword in NESTED and rule.content is not None:
            inner = tinycss2.parse_rule_list(
                rule.content, skip_comments=True, skip_whitespace=True
            )
            if body := "".join(_reduced(inner, known)):
                head = f"@{rule.at_keyword} {_text(rule.prelude)}"
                yield f"{head}{{{body}}}\n"
        elif rule.at_keyword != "charset":
            yield f"{rule.serialize()}\n"


def _split(tokens):
    """Cut a list of tokens at its commas."""
    parts = [[]]
    for token in tokens:
        if token == ",":
            parts.append([])
        else:
            parts[-1].append(token)
    return parts


def _text(tokens):
    """Write tokens with single spaces and no comments."""
    kept = [t for t in tokens if t.type != "comment"]
    for token in kept:
        if token.type == "whitespace":
            token.value = " "
    return tinycss2.serialize(kept).strip()


URL = re.compile(r"url\(([^)]*)\)")
IMPORT = re.compile(r"@import\s+(?:url\()?[\"']?([^\"')]+)[\"']?\)?\s*;")


def read(sheet, site):
    """Read a sheet, with those that it imports, as one in _static."""
    css = (site / sheet).read_text("utf-8")
    folder = posixpath.dirname(sheet)

    def bring(match):
        return read(posixpath.normpath(f"{folder}/{match[1]}"), site)

    def put(match):
        address = match[1].strip("\"' ")
        if address.startswith(("data:", "#", "http:", "https:")):
            return match[0]
        place = posixpath.relpath(f"{folder}/{address}", "_static")
        return f"url({place})"

    before, rest = [], css
    while match := IMPORT.search(rest):
        before.append(bring(match))
        rest = rest[: match.start()] + rest[match.end() :]
    return "".join(before) + URL.sub(put, rest)


def join(pages, site):
    """Put all sheets of the pages into one; return it.

    ``pages`` maps paths below the folder ``site`` to texts. The sheets that
    are joined are removed.
    """
    order = {}
    for path, text in pages.items():
        for tag in LINK.findall(text):
            address = unquote(HREF.search(tag)[1])
            place = posixpath.join(path.parent.as_posix(), address)
            order[posixpath.normpath(place)] = None
    scripts = [
        path.read_text("utf-8")
        for path in site.glob("_static/**/*.js")
        if "mathjax" not in path.parts
    ]
    known = words(pages.values(), scripts)
    parts = []
    for sheet in order:
        parts.append(reduce(read(sheet, site), known))
        (site / sheet).unlink()
    return "".join(parts)


def link(text, path, sheets, after=""):
    """Return the text of a page with links to other sheets than its own.

    ``sheets`` maps names in _static to what is in them; ``after`` follows
    the links.
    """
    root = posixpath.relpath(".", path.parent.as_posix())
    tags = "".join(
        f'<link rel="stylesheet" href="{root}/_static/{name}?v='
        f'{hashlib.sha256(css.encode()).hexdigest()[:8]}">\n'
        for name, css in sheets.items()
    )
    first = LINK.search(text)
    if not first:
        return text
    rest = LINK.sub("", text[first.start() :])
    return f"{text[: first.start()]}{tags}{after}{rest}"
