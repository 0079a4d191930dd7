"""The cover: a living figure and a card for each chapter; a page's head.

Everything is taken from the chapters, so that nothing is written twice.
"""

import html
import json
import re
from pathlib import Path

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective

from .look import CHAPTER

log = logging.getLogger(__name__)

PICTURE = "_static/site.png"
LONGEST = 200  # characters of a description


class LivingFigure(SphinxDirective):
    """The first interactive figure of a chapter, as its notebook has it."""

    required_arguments = 1

    def run(self):
        """Return the figure's HTML."""
        name, path = self.env.relfn2path(self.arguments[0])
        self.env.note_dependency(name)
        book = json.loads(Path(path).read_text("utf-8"))
        for cell in book["cells"]:
            for output in cell.get("outputs", ()):
                text = "".join(output.get("data", {}).get("text/html", ""))
                if "data-nn=" in text:
                    return [nodes.raw("", text, format="html")]
        raise self.error(f"{name} has no interactive figure")


class cards(nodes.General, nodes.Element):
    """The place of the cards, until all chapters are read."""


class ChapterCards(SphinxDirective):
    """A card for each chapter: its title, its first aim and a picture.

    The content has a line ``8: 1`` for each chapter: card 8 shows figure
    8.1.
    """

    has_content = True

    def run(self):
        """Return a node that is filled when all chapters are read."""
        rows = (line.split(":") for line in self.content)
        return [cards(pictures={int(k): int(v) for k, v in rows})]


def fill_cards(app, doctree, docname):
    """Put the cards in their place."""
    for place in list(doctree.findall(cards)):
        pictures = dict(place["pictures"])
        deck = nodes.bullet_list(classes=["nn-cards"])
        for chapter in sorted(app.env.found_docs):
            if found := CHAPTER.match(chapter):
                number = int(found[1])
                figure = pictures.pop(number, None)
                deck += card(app, docname, chapter, number, figure)
        for number in pictures:
            log.warning("there is no chapter %s to make a card of", number)
        place.replace_self(deck)


def card(app, docname, chapter, number, figure):
    """One card; a warning if the chapter has no such figure."""
    doctree = app.env.get_doctree(chapter)
    title = doctree.next_node(nodes.title).astext()
    address = app.builder.get_relative_uri(docname, chapter)
    link = nodes.reference("", f"{number}. {title}", refuri=address)
    link["internal"] = True
    item = nodes.list_item("", nodes.paragraph("", "", link))
    item[0]["classes"] = ["nn-title"]
    if aims := aims_of(doctree):
        says = aims[0].astext().rstrip(";.")
        item += nodes.paragraph("", says[:1].upper() + says[1:] + ".")
    name = f"Figure {number}.{figure}"
    for caption in doctree.findall(nodes.paragraph):
        if (
            caption["classes"] == ["nn-figure"]
            and caption[0].astext() == name
        ):
            before = caption.parent[caption.parent.index(caption) - 1]
            image = before.next_node(nodes.image).deepcopy()
            image["classes"].append("nn-thumb")
            image["alt"] = caption.astext().removeprefix(name).strip()
            item += image
            return item
    log.warning("the card of chapter %s: there is no %s", number, name)
    return item


def aims_of(doctree):
    """The paragraphs under *You will learn* that are in words alone."""
    for block in doctree.findall(nodes.container):
        if "nn-opener" in block["classes"]:
            items = block.findall(nodes.list_item)
            return [i[0] for i in items if not i.next_node(nodes.math)]
    return []


def about(app, pagename, templatename, context, doctree):
    """Describe the page in its head, for searches and for previews."""
    if pagename == "search":
        app.add_js_file("search.js", loading_method="defer")
    if doctree is None:
        return
    said = [a.astext().rstrip(";.") for a in aims_of(doctree)]
    text = f"What you will learn: {'; '.join(said)}." if said else ""
    if not text:
        found = doctree.findall(nodes.paragraph)
        mine = (p for p in found if isinstance(p.parent, nodes.section))
        text = next((p.astext() for p in mine), "")
    if pagename.startswith("book/api/"):
        text += " Parameters, results, errors and examples of each name."
    text = re.sub(r"\s+", " ", text)
    if len(text) > LONGEST:
        text = text[: text.rfind(" ", 0, LONGEST)].rstrip(",;") + " …"
    base = app.config.html_baseurl
    title = html.unescape(re.sub("<[^>]*>", "", context["title"]))
    tags = {
        'name="description"': text,
        'property="og:title"': title,
        'property="og:description"': text,
        'property="og:type"': "article",
        'property="og:site_name"': app.config.project,
        'property="og:url"': f"{base}{pagename}.html",
        'property="og:image"': f"{base}{PICTURE}",
        'property="og:image:alt"': "A page of the book",
    }
    context["metatags"] += "".join(
        f'<meta {key} content="{html.escape(value)}">\n'
        for key, value in tags.items()
    )


PAGE = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
{head}
<style>
:root {{ color-scheme: light dark; font: 1.1875rem/1.56 Georgia, serif; }}
body {{ margin: 4rem auto; max-width: 34rem; padding: 0 1rem; }}
a {{ color: inherit; }}
</style>
</head>
<body>
<main>
{body}
</main>
</body>
</html>
"""


def extra_pages(app, pages):
    """Write index.html, 404.html and sitemap.xml beside the ``pages``."""
    out, base = Path(app.outdir), app.config.html_baseurl
    root = f"{app.config.root_doc}.html"
    about = re.findall(
        r'<meta (?:name="description"|property="og:)[^>]*>',
        pages[Path(root)],
    )
    name = app.config.project
    head = [
        f"<title>{name}</title>",
        f'<link rel="canonical" href="{base}{root}">',
        f'<meta http-equiv="refresh" content="0; url={root}">',
        *about,
    ]
    body = f'<h1>{name}</h1>\n<p><a href="{root}">Read the book.</a></p>'
    index = PAGE.format(head="\n".join(head), body=body)
    (out / "index.html").write_text(index, "utf-8")
    body = (
        "<h1>This page does not exist</h1>\n<p>Perhaps a chapter was "
        f'renamed. The <a href="{base}{root}">first page of {name}</a> '
        f'links to all chapters; or <a href="{base}search.html">search the '
        "book</a>.</p>"
    )
    head = f"<title>Not found — {name}</title>"
    missing = PAGE.format(head=head, body=body)
    (out / "404.html").write_text(missing, "utf-8")
    places = "".join(
        f"<url><loc>{base}{path.as_posix()}</loc></url>\n"
        for path in pages
        if path.parts[0] in ("book", "notebooks")
    )
    (out / "sitemap.xml").write_text(
        '<?xml version="1.0" encoding="utf-8"?>\n<urlset xmlns='
        f'"http://www.sitemaps.org/schemas/sitemap/0.9">\n{places}</urlset>\n',
        "utf-8",
    )


def setup(app):
    """Add the directives and hooks of the cover."""
    directives.register_directive("living-figure", LivingFigure)
    directives.register_directive("chapter-cards", ChapterCards)
    app.add_node(cards)
    app.connect("doctree-resolved", fill_cards)
    app.connect("html-page-context", about)
