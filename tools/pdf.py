"""Print the built book to one PDF, through headless Chromium.

    python -m tools pdf     write _build/html/from-one-neuron.pdf

Every page in the order of ``_toc.yml``, with its formulas and the posters
of its interactive figures. Folded code stays folded, quiz answers are
open, and the solutions are at the end of their chapter.
"""

import argparse
import io
import sys
from itertools import chain
from pathlib import Path

import yaml

from nn.files import write_file

from .browser import NoBrowserError, launch

ROOT = Path(__file__).resolve().parents[1]
NAME = "from-one-neuron.pdf"
CSS = """
.bd-header, .bd-header-article, .bd-sidebar-primary, .bd-sidebar-secondary,
.prev-next-area, .bd-footer, .bd-footer-content, .skip-link, .headerlink,
#pst-back-to-top, .pst-async-banner-revealer, .toggle-button,
details.hide.above-input > summary, .tag_hide-input .cell_input,
kbd, .nn-colab, .nn-ways { display: none !important; }
.bd-main .bd-content, .bd-article-container { max-width: none !important; }
article { font-size: 10.5pt; }
pre { white-space: pre-wrap; font-size: 8.5pt; }
img, svg, figure, table, .math { break-inside: avoid; }
h1, h2, h3 { break-after: avoid; }
* { animation: none !important; transition: none !important; }
"""
# opens what is folded and moves the solutions behind everything else
PREPARE = """async () => {
  if (window.MathJax) await MathJax.startup.promise;
  const article = document.querySelector("article");
  const cells = [...article.querySelectorAll(".cell.tag_hide-cell")];
  if (cells.length) {
    const head = document.createElement("h2");
    head.textContent = "Solutions";
    const last = document.createElement("section");
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
  for (const fold of article.querySelectorAll("details"))
    fold.open = !fold.closest(".tag_hide-input");
  const pictures = [...document.images];
  for (const picture of pictures) picture.loading = "eager";
  await Promise.all(pictures.map((i) => i.decode().catch(() => 0)));
}"""


def pages(toc):
    """The names of all pages, in the order of the table of contents."""

    def listed(entries):
        for entry in entries:
            yield entry["file"]
            yield from listed(entry.get("sections", ()))

    parts = (listed(part["chapters"]) for part in toc["parts"])
    return [toc["root"], *chain(*parts)]


def print_book(site, names, *, browser):
    """Return the bytes of one PDF with a bookmark for each page."""
    from pypdf import PdfReader, PdfWriter

    book = PdfWriter()
    page = browser.new_page()
    for name in names:
        page.goto((site / f"{name}.html").as_uri())
        page.emulate_media(media="print", color_scheme="light")
        page.add_style_tag(content=CSS)
        page.evaluate(PREPARE)
        title = page.title().split(" — ")[0]
        printed = PdfReader(
            io.BytesIO(
                page.pdf(
                    format="A4",
                    scale=0.8,
                    print_background=True,
                    margin=dict.fromkeys(
                        ("top", "bottom", "left", "right"), "18mm"
                    ),
                )
            )
        )
        first = len(book.pages)
        for sheet in printed.pages:
            book.add_page(sheet)
        book.add_outline_item(title=title, page_number=first)
        print(f"{name}: {len(printed.pages)} pages", flush=True)
    book.compress_identical_objects()
    book.add_metadata({"/Title": "From One Neuron"})
    out = io.BytesIO()
    book.write(out)
    return out.getvalue()


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


def main(argv=None):
    """Run the command; return the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m tools pdf", description=__doc__.split("\n")[0]
    )
    parser.add_argument(
        "--site", type=Path, default=ROOT / "_build" / "html"
    )
    options = parser.parse_args(argv)
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text("utf-8"))
    site = options.site.resolve()
    if not (site / f"{toc['root']}.html").is_file():
        print(f"pdf: no book in {site}: run make book", file=sys.stderr)
        return 1
    try:
        with launch() as browser:
            data = print_book(site, pages(toc), browser=browser)
    except NoBrowserError as error:
        print(f"pdf: {error}", file=sys.stderr)
        return 1
    write_file(site / NAME, data)
    link(site)
    print(f"written to {site / NAME} ({len(data) / 1e6:.1f} MB)")
    return 0


if __name__ == "__main__":
    sys.exit(main())
