"""Print the built book, and handouts from it, through headless Chromium.

    python -m tools pdf             the whole book
    python -m tools pdf exercises   exercises and quizzes of all chapters
    python -m tools pdf key         the same, with solutions and answers
    python -m tools pdf slides      slides for three lessons

The files go into _build/html. The pages are joined to one document, so
that every link inside the book leads to its place on paper. In the book,
folded code stays folded, quiz answers are open, and the solutions are at
the end of their chapter.
"""

import argparse
import io
import posixpath
import re
import sys
import tempfile
from itertools import chain
from pathlib import Path
from urllib.parse import unquote, urlsplit

import yaml

from nn.files import write_file

from .browser import NoBrowserError, launch

ROOT = Path(__file__).resolve().parents[1]
NAME = "from-one-neuron.pdf"
LESSONS = ("01", "08", "10")  # the chapters that have slides
SHEET = dict.fromkeys(("top", "bottom", "left", "right"), "18mm")
CSS = """
.headerlink, .toggle-button, details.hide.above-input > summary,
.tag_hide-input .cell_input, kbd, .nn-colab, .nn-ways {
  display: none !important; }
body { display: block; }
article { font-size: 10.5pt; break-before: page; }
pre { white-space: pre-wrap; font-size: 8.5pt; }
img, svg, figure, table, .math, .cell_input:not(:has(pre:nth-child(n+2))) {
  break-inside: avoid; }
img { max-width: 100%; max-height: 240mm; object-fit: contain; }
h1, h2, h3 { break-after: avoid; }
#contents ol { list-style: none; padding: 0; }
#contents li { display: flex; justify-content: space-between; gap: 1em; }
* { animation: none !important; transition: none !important; }
"""
ON_SLIDES = """
#contents { display: none; }
article { font-size: 21pt; break-before: auto; }
h2, h3 { break-before: page; }
section > p:not(.nn-predict, .nn-figure), .cell_input,
section[data-id=exercises] > h2 { display: none; }
.cell_input:has(.nn-caption), section[data-id=quiz] > p { display: block; }
.nn-caption { break-after: avoid; }
.cell_input pre, .cell_output pre { font-size: 13pt !important; }
img { max-height: 120mm; width: auto; margin: auto; }
"""
# moves the solutions of each chapter behind everything else
SOLUTIONS_LAST = """() => {
  for (const article of document.querySelectorAll("article")) {
    const cells = [...article.querySelectorAll(".cell.tag_hide-cell")];
    if (!cells.length) continue;
    const last = document.createElement("section");
    const head = document.createElement("h2");
    head.textContent = "Solutions";
    last.append(head);
    for (const cell of cells) {
      const of = cell.closest("section")?.querySelector("h2, h3");
      if (of && last.dataset.of !== of.textContent) {
        last.dataset.of = of.textContent;
        const name = document.createElement("h3");
        name.textContent = of.firstChild.textContent;
        last.append(name);
      }
      last.append(cell);
    }
    article.append(last);
  }
}"""
# leaves of each chapter its title and exercises, with or without answers
EXERCISES = """(answers) => {
  for (const article of document.querySelectorAll("article")) {
    const own = article.querySelector("section[data-id=exercises]");
    const top = article.querySelector("h1").parentElement;
    for (const child of [...top.children])
      if (child !== own && child.tagName !== "H1") child.remove();
  }
  if (!answers)
    for (const answer of document.querySelectorAll(
      ".cell.tag_hide-cell, .cell.tag_hide-output .cell_output, details"
    )) answer.remove();
}"""
SLIDES = """() => {
  for (const part of document.querySelectorAll(
    "section[data-id=what-the-package-holds-now], .cell.tag_hide-cell," +
    "section[data-id=exercises] > section:not([data-id=quiz])," +
    ".cell.tag_hide-output .cell_output, details"
  )) if (!part.matches(".tag_hide-input details")) part.remove();
}"""
READY = """async () => {
  for (const fold of document.querySelectorAll("details"))
    fold.open = !fold.closest(".tag_hide-input");
  const pictures = [...document.images];
  for (const picture of pictures) picture.loading = "eager";
  await Promise.all(pictures.map((i) => i.decode().catch(() => 0)));
  await document.fonts.ready;
}"""
FOOTER = """<div style="font: 8pt sans-serif; width: 100%; margin: 0 18mm;
display: flex; justify-content: space-between"><span>{title}</span>
<span class="pageNumber"></span></div>"""


def pages(toc):
    """The names of all pages, in the order of the table of contents."""

    def listed(entries):
        for entry in entries:
            yield entry["file"]
            yield from listed(entry.get("sections", ()))

    parts = (listed(part["chapters"]) for part in toc["parts"])
    return [toc["root"], *chain(*parts)]


def anchor(name, fragment=""):
    """The id that an id of a page has in the joined document."""
    return re.sub(r"\W", "-", name) + (f"--{fragment}" if fragment else "")


def leads(address, name, names, base):
    """Where a link leads from the joined document, inside or on the web."""
    parts = urlsplit(address)
    if parts.scheme or parts.netloc:
        return address
    path = posixpath.join(posixpath.dirname(name), unquote(parts.path))
    path = posixpath.normpath(path) if parts.path else f"{name}.html"
    if path.removesuffix(".html") in names:
        place = anchor(path.removesuffix(".html"), unquote(parts.fragment))
        return f"#{place}"
    return f"{base}{path}" + (
        f"#{parts.fragment}" if parts.fragment else ""
    )


def part(site, name, names, base):
    """(head, article) of a page, for the joined document."""
    from bs4 import BeautifulSoup

    text = (site / f"{name}.html").read_text("utf-8")
    page = BeautifulSoup(text, "html.parser")
    article = page.find("article")
    for script in article.find_all("script"):  # the posters stand in
        script.decompose()
    for tag in article.find_all(id=True):
        tag["data-id"] = tag["id"]
        tag["id"] = anchor(name, tag["id"])
    for tag in article.find_all("a", href=True):
        tag["href"] = leads(tag["href"], name, names, base)
    for tag in page.find_all(["img", "link"]):
        for key in {"src", "href"} & tag.attrs.keys():
            if not urlsplit(tag[key]).scheme:
                folder = posixpath.dirname(name)
                tag[key] = posixpath.normpath(f"{folder}/{tag[key]}")
    article["id"] = anchor(name)
    article["data-title"] = article.h1.get_text(" ", strip=True).rstrip(
        "# "
    )
    sheets = page.head.find_all("link", rel="stylesheet")
    return [*map(str, sheets), *map(str, page.head("style"))], article


def join(site, names, base, title, numbers):
    """One HTML document of all pages, with a page of contents."""
    heads, articles = {}, []
    for name in names:
        head, article = part(site, name, names, base)
        heads |= dict.fromkeys(head)
        articles.append(article)
    rows = "".join(
        f'<li><a href="#{a["id"]}">{a["data-title"]}</a>'
        f"<span>{numbers.get(a['id'], '')}</span></li>"
        for a in articles
    )
    body = "".join(map(str, articles))
    return (
        '<!doctype html><html lang="en" data-theme="light"><head>'
        f'<meta charset="utf-8"><title>{title}</title>{"".join(heads)}'
        f'</head><body><section id="contents"><h1>{title}</h1>'
        f"<ol>{rows}</ol></section>{body}</body></html>"
    )


def print_book(site, names, *, browser, config, edition="book"):
    """Return the bytes of one PDF, with a bookmark for each heading.

    It is printed twice: first to learn where each page begins.
    """
    from pypdf import PdfReader, PdfWriter

    base = config["html"]["baseurl"]
    title, css, change, argument, paper = EDITIONS[edition]
    numbers = {}
    page = browser.new_page()
    page.set_default_timeout(300_000)
    page.emulate_media(media="print", color_scheme="light")
    with tempfile.NamedTemporaryFile(
        "w+", dir=site, suffix=".html", encoding="utf-8"
    ) as file:
        for _ in range(2):
            file.seek(0)
            file.truncate()
            file.write(join(site, names, base, title, numbers))
            file.flush()
            page.goto(Path(file.name).as_uri())
            page.add_style_tag(content=CSS + css)
            page.evaluate(change, argument)
            page.evaluate(READY)
            data = page.pdf(
                **paper,
                print_background=True,
                display_header_footer=True,
                header_template="<span></span>",
                footer_template=FOOTER.format(title=title),
                margin=SHEET,
                outline=True,
                tagged=True,
            )
            printed = PdfReader(io.BytesIO(data))
            numbers = {
                name.lstrip("/"): printed.get_destination_page_number(place)
                + 1
                for name, place in printed.named_destinations.items()
            }
    book = PdfWriter(clone_from=printed)
    book.add_metadata({"/Author": config["author"]})
    out = io.BytesIO()
    book.write(out)
    print(f"{edition}: {len(printed.pages)} pages", flush=True)
    return out.getvalue()


A4 = {"format": "A4", "scale": 0.8}
WIDE = {"width": "320mm", "height": "180mm", "scale": 0.8}
EDITIONS = {  # title, style, what changes the document, paper
    "book": ("From One Neuron", "", SOLUTIONS_LAST, None, A4),
    "exercises": ("From One Neuron: exercises", "", EXERCISES, False, A4),
    "key": ("From One Neuron: solutions", "", EXERCISES, True, A4),
    "slides": ("From One Neuron: slides", ON_SLIDES, SLIDES, None, WIDE),
}


def link(site):
    """Link the PDF from the welcome page, where it is spoken of."""
    page = site / "book" / "welcome.html"
    text = page.read_text("utf-8")
    words = '<span class="pre">make</span> <span class="pre">pdf</span>'
    old = f'<code class="docutils literal notranslate">{words}</code>'
    new = f'<a href="../{NAME}">this PDF</a>'
    if old not in text and new not in text:
        raise ValueError(f"{page} does not speak of `make pdf`")
    page.write_text(text.replace(old, new), "utf-8")


def files(names, edition):
    """{name of the PDF: its pages} of an edition."""
    chapters = [n for n in names if n.startswith("notebooks/")]
    if edition == "book":
        return {NAME: names}
    if edition == "slides":
        return {
            f"slides-{number}.pdf": [
                n for n in chapters if f"/{number}_" in n
            ]
            for number in LESSONS
        }
    return {f"{edition}.pdf": chapters}


def main(argv=None):
    """Run the command; return the exit code."""
    summary, usage = __doc__.split("\n\n")[:2]
    parser = argparse.ArgumentParser(
        prog="python -m tools pdf",
        description=summary,
        epilog=usage,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "edition", nargs="?", choices=EDITIONS, default="book"
    )
    parser.add_argument(
        "--site", type=Path, default=ROOT / "_build" / "html"
    )
    options = parser.parse_args(argv)
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text("utf-8"))
    config = yaml.safe_load((ROOT / "_config.yml").read_text("utf-8"))
    site = options.site.resolve()
    if not (site / f"{toc['root']}.html").is_file():
        print(f"pdf: no book in {site}: run make book", file=sys.stderr)
        return 1
    made = files(pages(toc), options.edition)
    try:
        with launch() as browser:
            for file, names in made.items():
                data = print_book(
                    site,
                    names,
                    browser=browser,
                    config=config,
                    edition=options.edition,
                )
                write_file(site / file, data)
                size = len(data) / 1e6
                print(f"written to {site / file} ({size:.1f} MB)")
    except NoBrowserError as error:
        print(f"pdf: {error}", file=sys.stderr)
        return 1
    if options.edition == "book":
        link(site)
    return 0


if __name__ == "__main__":
    sys.exit(main())
