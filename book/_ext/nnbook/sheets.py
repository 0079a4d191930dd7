"""One style sheet for the book, with the rules that its pages can use.

A rule stays if every class, id and element that it names occurs as a word
in a tag or a script of some page, or in a script of the site. This errs on
the side of keeping: what scripts add to a page is named in them. The script
of Bootstrap names all the parts that it can make; the pages use PARTS. A
variable stays if something reads it.
"""

import hashlib
import posixpath
import re
from urllib.parse import unquote

import tinycss2

LINK = re.compile(r'[ \t]*<link\b[^>]*\brel="stylesheet"[^>]*>\n?')
HREF = re.compile(r'href="([^"?#]+)')
# what data-bs-toggle says in some page, and the classes that the script
# puts on these parts
PARTS = ("dropdown", "tooltip")
MADE = re.compile(rf"(bs-)?({'|'.join(PARTS)})|(show|fade)$")
NESTED = ("media", "supports", "layer", "container")
WORDS = re.compile(r"[\w-]+")
VARIABLE = re.compile(r"--[\w-]+")
READ = re.compile(r"var\(\s*(--[\w-]+)")
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


def reduce(css, known, outside=frozenset()):
    """Return a style sheet without what no page can use.

    ``known`` holds the names in pages and scripts, ``outside`` the
    variables that they read.
    """
    rules = tinycss2.parse_stylesheet(
        css, skip_comments=True, skip_whitespace=True
    )
    read = outside | {*READ.findall(css)}
    less = "".join(_reduced(rules, known, read))
    # what only an unread variable has read is unread now
    return less if less == css else reduce(less, known, outside)


def _reduced(rules, known, read):
    for rule in rules:
        if rule.type == "error":
            raise ValueError(f"a style sheet has an error: {rule.message}")
        if rule.type == "qualified-rule":
            kept = [s for s in _split(rule.prelude, ",") if used(s, known)]
            lines = [_text(part) for part in _split(rule.content, ";")]
            lines = [
                line
                for line in lines
                if line
                and (line[:2] != "--" or VARIABLE.match(line)[0] in read)
            ]
            if kept and lines:
                names = ",".join(_text(selector) for selector in kept)
                yield f"{names}{{{';'.join(lines)}}}\n"
        elif rule.at_keyword in NESTED and rule.content is not None:
            inner = tinycss2.parse_rule_list(
                rule.content, skip_comments=True, skip_whitespace=True
            )
            if body := "".join(_reduced(inner, known, read)):
                head = f"@{rule.at_keyword} {_text(rule.prelude)}"
                yield f"{head}{{{body}}}\n"
        elif rule.at_keyword != "charset":
            yield f"{rule.serialize()}\n"


def _split(tokens, sign):
    """Cut a list of tokens at a sign."""
    parts = [[]]
    for token in tokens:
        if token == sign:
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
        if "mathjax" not in path.parts and path.name != "bootstrap.js"
    ]
    known = words(pages.values(), scripts)
    outside = {n for text in pages.values() for n in READ.findall(text)}
    outside |= {n for text in scripts for n in VARIABLE.findall(text)}
    css = "".join(read(sheet, site) for sheet in order)
    for sheet in order:
        (site / sheet).unlink()
    return reduce(css, known, outside)


def link(text, path, sheets, before=""):
    """Return the text of a page with links to other sheets than its own.

    ``sheets`` maps names in _static to what is in them; ``before`` precedes
    the links. They are the last in the head: a script after them would hold
    up the rest of the page until they are here.
    """
    if not LINK.search(text):
        return text
    root = posixpath.relpath(".", path.parent.as_posix())
    tags = "".join(
        f'<link rel="stylesheet" href="{root}/_static/{name}?v='
        f'{hashlib.sha256(css.encode()).hexdigest()[:8]}">\n'
        for name, css in sheets.items()
    )
    head, end, rest = LINK.sub("", text).partition("</head>")
    return f"{head}{before}{tags}{end}{rest}"
