"""What the book adds to Sphinx, so that its pages need no other site.

Captions: the first line ``# nn/<module>.py`` of an exported cell becomes a
caption that links to the module's API. MathJax: copied out of the wheel
``sphinx-mathjax-offline``. Thebe and the script for icons: off. Images of
other sites (badges): their alternative text stands in. Anchors: Markdown
links may name any id of a page, a source in the bibliography for one.
Equations: numbered by their own tags. Docstrings: read as plain text.
"""

import re
import sys
from importlib.util import find_spec
from pathlib import Path

from docutils import nodes
from sphinx.addnodes import pending_xref
from sphinx.util.fileutil import copy_asset, copy_asset_file

# the tools, and the nn of the API page, are those beside the book, whatever
# is installed
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from tools.cells import CAPTION

LITERAL = re.compile(r"(``.+?``|:[\w:]+:`.+?`)")  # markup to leave alone
PAGE_FIXES = (
    # the icons come from the theme's fonts: 0.5 MB of script less
    (r"<script[^>]*fontawesome\.js[^>]*></script>\n?", ""),
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
    # sources are items of the list that they are in
    (r' role="doc-biblioentry"', ' role="listitem"'),
)
MARKUP = re.compile(r"\||\*(?=\S)|_(?!\w)")  # |w|, *args, val_


def captions(app, doctree):
    """Turn the first line of each exported cell into its caption."""
    for block in list(doctree.findall(nodes.literal_block)):
        found = CAPTION.match(block.astext())
        if not found or "cell_input" not in block.parent.get("classes", ()):
            continue
        code = block.astext()[found.end() :]
        link = pending_xref(
            "",
            nodes.literal("", f"nn/{found[1]}.py"),
            refdomain="py",
            reftype="mod",
            reftarget=f"nn.{found[1]}",
            refexplicit=True,
            refwarn=True,
            refdoc=app.env.docname,
        )
        label = nodes.paragraph("", "Goes into the package: ", link)
        label["classes"] = ["nn-caption"]
        bare = nodes.literal_block(code, code, **block.attributes)
        block.replace_self([label, bare])


def no_foreign_images(app, doctree):
    """Put the alternative text in the place of images of other sites."""
    for image in list(doctree.findall(nodes.image)):
        if image["uri"].startswith(("http:", "https:", "//")):
            image.replace_self(nodes.Text(image.get("alt", image["uri"])))


def equations(app, doctree):
    r"""Leave the numbers of equations to the ``\tag`` in their text.

    Sphinx puts ``split`` around text with line breaks, and MathJax refuses
    a tag in there; it would also number every ``align`` by its own count.
    """
    for block in doctree.findall(nodes.math_block):
        text = block.astext()
        if "amsmath" in block["classes"]:
            block["number"] = None
        elif r"\tag" in text:
            block["nowrap"] = True
            block[:] = [nodes.Text(rf"\[{text}\]")]


def anchors(app, doctree):
    """Let Markdown links in other files name every id of this page."""
    slugs = app.env.metadata[app.env.docname].setdefault("myst_slugs", {})
    for node in doctree.findall(nodes.Element):
        for name in node.get("ids", ()):
            slugs.setdefault(name, (node.line, name, name))


def source_anchors(app, env):
    """The same for the sources, which join the page only at the end."""
    for citation in env.get_domain("cite").citations:
        page = env.metadata[citation.bibliography_key.docname]
        name = citation.citation_id
        page.setdefault("myst_slugs", {})[name] = (None, name, name)


def plain_docstrings(app, what, name, obj, options, lines):
    """Docstrings are plain text: what looks like markup means itself."""
    for i, line in enumerate(lines):
        if not line.lstrip().startswith((">>>", "...")):
            parts = LITERAL.split(line)
            parts[::2] = [MARKUP.sub(r"\\\g<0>", p) for p in parts[::2]]
            lines[i] = "".join(parts)


def no_thebe(app, config):
    """Remove every hook of Thebe, which loads from another site."""
    for listeners in app.events.listeners.values():
        for listener in list(listeners):
            if listener.handler.__module__ == "sphinx_thebe":
                app.disconnect(listener.id)
    files = app.registry.css_files
    files[:] = [f for f in files if f[0] != "sphinx-thebe.css"]


def mathjax(app, error):
    """Copy what the pages use of MathJax: 2 MB of 24, nothing committed."""
    if error or app.builder.format != "html":
        return
    package = Path(find_spec("sphinx-mathjax-offline").origin).parent
    source = package / "static" / "mathjax"
    target = Path(app.outdir) / "_static" / "mathjax"
    target.mkdir(parents=True, exist_ok=True)
    copy_asset_file(source / "tex-chtml.js", target)
    for folder in "input/tex/extensions", "output/chtml/fonts/woff-v2":
        copy_asset(source / folder, target / folder)


def finish(app, error):
    """Mend in every page what the theme and its extensions leave behind."""
    if error or app.builder.format != "html":
        return
    out = Path(app.outdir)
    for page in out.rglob("*.html"):
        old = text = page.read_text("utf-8")
        for pattern, new in PAGE_FIXES:
            text = re.sub(pattern, new, text)
        if text != old:
            page.write_text(text, "utf-8")
    for script in out.glob("_static/scripts/fontawesome.js*"):
        script.unlink()


def setup(app):
    """Connect the hooks; Sphinx calls this."""
    app.config.mathjax_path = "mathjax/tex-chtml.js"
    app.connect("config-inited", no_thebe)
    for hook in (captions, no_foreign_images, equations, anchors):
        app.connect("doctree-read", hook)
    app.connect("env-updated", source_anchors, priority=900)
    # before napoleon, which writes markup of its own
    app.connect("autodoc-process-docstring", plain_docstrings, priority=400)
    app.connect("build-finished", mathjax)
    app.connect("build-finished", finish)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
