"""What happens to the pages after Sphinx has written them."""

import re
import shutil
from pathlib import Path

from sphinx.util import logging

from . import cover, fonts, formulas, later, pictures, sheets

log = logging.getLogger(__name__)

FIXES = (
    # the right colours before the last script has run; and no choice in the
    # menu of MathJax, from whatever page, that this site cannot serve
    (r'(<html[^>]*) data-theme="auto"', r'\1 data-theme="light"'),
    (
        r'localStorage\.getItem\("theme"\) \|\| "auto";',
        'localStorage.getItem("theme") || (matchMedia('
        '"(prefers-color-scheme: dark)").matches ? "dark" : "light");\n'
        '    localStorage.removeItem("MathJax-Menu-Settings");',
    ),
    # a fold is called what it says
    (r'<summary aria-label="Toggle hidden content">', "<summary>"),
    (
        r'<p class="(collapsed|expanded) admonition-title">(.*?)</p>',
        r'<span class="\1 admonition-title">\2</span>',
    ),
    (r"(Show|Hide) code cell content", r"\1 the solution"),
    (r"(Show|Hide) code cell source", r"\1 the code"),
    (r"(Show|Hide) code cell outputs?", r"\1 the answer"),
    # no line begins with the comma after a formula
    (
        r'(<span class="math notranslate nohighlight">[^<]*</span>)'
        r"([.,;:!?)”’]+)",
        r'<span class="nn-whole">\1\2</span>',
    ),
    # a name at which the theme lets the Tab key stop where it scrolls
    (
        r'<div class="((?:amsmath )?math notranslate nohighlight")',
        r'<div class="jp-RenderedHTMLCommon \1',
    ),
    # the number of a chapter is a line above its title
    (
        r'<h1><span class="section-number">(\d+)\. </span>',
        r'<h1><span class="nn-eyebrow">Chapter \1 </span>',
    ),
    # sources are items of the list that they are in
    (r' role="doc-biblioentry"', ' role="listitem"'),
    # the first page has the name of the book once
    (r"<title>(.+?) &#8212; \1</title>", r"<title>\1</title>"),
    # the side bar is a landmark; its logo has its name beside it
    (
        r'<div id="pst-primary-sidebar" ',
        '<div id="pst-primary-sidebar" role="complementary" '
        'aria-label="The book" ',
    ),
    (r'(<img [^>]*class="logo__image[^>]*) alt="[^"]*"', r'\1 alt=""'),
    # what opens the pages below an entry of the side bar says so
    (
        r'<span class="toctree-toggle" role="presentation">',
        r'\g<0><span class="visually-hidden">Pages below</span>',
    ),
    # no block is in code, and a list in a list is in an item of it
    (
        r"<pre>[\s\S]*?</pre>",
        lambda code: re.sub("(?<=<)(/?)div(?=[ >])", r"\1span", code[0]),
    ),
    (r"</li>\n<ul>", "\n<ul>"),
    # one statement about the width of the screen
    (r'<meta name="viewport"[^>]*>(?=[\s\S]*<meta name="viewport")', ""),
    # the figures do not wait for the scripts of the theme
    (r'<script type="module">', '<script type="module" async>'),
    # the icons come from a font; no page has tabs or buttons that fold
    (
        r"<script[^>]*/(?:fontawesome|design-tabs|togglebutton)\.js[^>]*>"
        r"</script>\n?",
        "",
    ),
    (r"<script>(?:let|var) toggle\w+ = [^<]*</script>\n?", ""),
    (r'<link rel="preload" as="script"[^>]*>\n?', ""),
)
# the menus and hints of the header come when a reader goes to one
BOOTSTRAP = re.compile(
    r'<script defer src="([^"]*/bootstrap\.js[^"]*)"></script>'
)
MENUS = r"""<script>
{
  const kinds = ["pointerover", "focusin", "click"];
  const script = document.createElement("script");
  let clicked;
  const bring = ({ type, target }) => {
    const menu = target.closest?.("[data-bs-toggle]");
    if (type === "click") clicked = menu;
    if (!menu || script.src) return;
    script.src = "\1";
    script.onload = () => {
      for (const kind of kinds) removeEventListener(kind, bring);
      clicked?.click();
    };
    document.head.append(script);
  };
  for (const kind of kinds) addEventListener(kind, bring);
}
</script>"""
# when a fold opens, the theme looks anew for what scrolls in it, so that
# the Tab key stops there
FOLDS = """\
<script>
addEventListener("toggle", () => dispatchEvent(new Event("resize")), true);
</script>
</head>"""
# a search happens on one page, which has what it needs
SEARCH = (
    r"<script[^>]*(?:searchtools|language_data|searchindex)\.js[^>]*>"
    r"</script>\n?"
)
OPTIONS = re.compile(
    r"<script [^>]*/documentation_options\.js[^>]*></script>"
)
BLOCKING = re.compile(r'<script (?=src="|data-sd)')


def fresh(app):
    """Remove an earlier build: what was finished once is not done again."""
    out = Path(app.outdir)
    if (out / ".buildinfo").is_file():
        shutil.rmtree(out)
        out.mkdir()


def finish(app, error):
    """Make the pages whole and light."""
    if error or app.builder.format != "html":
        return
    out = Path(app.outdir)
    static = out / "_static"
    clear(static)
    pages = {
        path.relative_to(out): path.read_text("utf-8")
        for path in sorted(out.rglob("*.html"))
        if static not in path.parents and path != out / "index.html"
    }
    settings = (static / "documentation_options.js").read_text("utf-8")
    pages = {p: mend(t, p, settings) for p, t in pages.items()}
    pages = {p: pictures.lighten(t, p, out) for p, t in pages.items()}
    pages = {p: later.put_aside(t, p, out) for p, t in pages.items()}
    for picture in (out / "_images").glob("*.png"):
        picture.unlink()
    sheet = ""
    if formulas.node():
        options = app.config.mathjax3_config["chtml"]
        texts, sheet, wrong = formulas.set_all([*pages.values()], options)
        pages = dict(zip(pages, texts, strict=True))
        formulas.copy_fonts(static)
        for tex in wrong:
            log.warning("this formula is not valid TeX: %s", tex)
    else:
        log.info("no Node was found: a script sets the formulas")
        formulas.copy_script(static)
    for path, text in dress(pages, sheet, out).items():
        (out / path).write_text(text, "utf-8")
    cover.extra_pages(app, pages)


def dress(pages, formula_sheet, out):
    """Return the pages with the book's own style sheets and fonts."""
    static = out / "_static"
    book, wait = sheets.join(pages, out), ""
    if fonts.are_here():
        book = fonts.shrink(book, static)
        formula_sheet = fonts.shrink(formula_sheet, static)
        book += fonts.text_faces(fonts.characters(pages.values()), static)
        wait = fonts.WAIT
        shutil.rmtree(static / "vendor")  # the whole fonts
        if formula_sheet:
            shutil.rmtree(static / "mathjax")
    else:
        log.info(
            "the book's fonts are not installed: the system's are used"
        )
    plain = {"book.css": book}
    full = plain | {"formulas.css": formula_sheet}
    for name, css in full.items():
        (static / name).write_text(css, "utf-8")

    def link(path, text):
        needed = full if "<mjx-" in text else plain
        return sheets.link(text, path, needed, wait.format(len(needed)))

    return {path: link(path, text) for path, text in pages.items()}


def mend(text, page, settings):
    """Return the text of a page without what the theme leaves behind."""
    for pattern, new in FIXES:
        text = re.sub(pattern, new, text)
    inline = f"<script>{settings}</script>"
    text = OPTIONS.sub(lambda match: inline, text)
    text = text.replace("</head>", FOLDS, 1)
    text = BOOTSTRAP.sub(MENUS, text)
    if page.name != "search.html":
        text = re.sub(SEARCH, "", text)
        head, body, rest = text.partition("</head>")
        head = BLOCKING.sub("<script defer ", head)
        text = head + body + rest
    if not formulas.FORMULA.search(text):
        text = formulas.SCRIPTS.sub("", text)
    return text


def clear(static):
    """Remove what no page refers to."""
    for pattern in (
        "**/*.map",
        "scripts/fontawesome.js*",
        "design-tabs.js",
        "togglebutton.js",
        "*-macros.html",
    ):
        for path in static.glob(pattern):
            path.unlink()
