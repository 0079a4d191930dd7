"""What the book adds to Sphinx, so that its pages need no other site.

Captions: the first line ``# nn/<module>.py`` of an exported cell becomes a
caption that links to the API of the module and of each name. Thebe: off.
Images of other sites (badges): their alternative text stands in. Anchors:
Markdown links may name any id of a page, a source in the bibliography for
one. Equations: numbered by their own tags. Docstrings: read as plain text.
"""

import re
import sys
from pathlib import Path

from docutils import nodes
from sphinx.addnodes import pending_xref

# the tools, and the nn of the API page, are those beside the book, whatever
# is installed
sys.path.insert(0, str(Path(__file__).resolve().parents[3]))
from tools.cells import CAPTION

from . import cover, look, reference
from .pages import finish, fresh

LITERAL = re.compile(r"(``.+?``|:[\w:]+:`.+?`)")  # markup to leave alone
MARKUP = re.compile(r"\||\*(?=\S)|_(?!\w)")  # |w|, *args, val_


def captions(app, doctree):
    """Turn the first line of each exported cell into its caption."""
    seen = set()
    for block in list(doctree.findall(nodes.literal_block)):
        found = CAPTION.match(block.astext())
        if not found or "cell_input" not in block.parent.get("classes", ()):
            continue
        code = block.astext()[found.end() :]
        module = f"nn.{found[1]}"
        names = reference.defined(module, code)
        label = nodes.paragraph("", "Goes into the package: ")
        label += to_api(app, f"nn/{found[1]}.py", module)
        label["classes"] = ["nn-caption"]
        if names:
            label += nodes.Text(". Reference: ")
        for i, name in enumerate(names):
            if i:
                label += nodes.Text(", ")
            label += to_api(app, name, f"{module}.{name}")
            if reference.anchor(name) not in seen:
                seen.add(reference.anchor(name))
                label["ids"].append(reference.anchor(name))
        bare = nodes.literal_block(code, code, **block.attributes)
        block.replace_self([label, bare])


def to_api(app, text, target):
    """A link to where the API describes what has this full name."""
    return pending_xref(
        "",
        nodes.literal("", text),
        refdomain="py",
        reftype="obj",
        reftarget=target,
        refexplicit=True,
        refwarn=True,
        refdoc=app.env.docname,
    )


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


def setup(app):
    """Connect the hooks; Sphinx calls this."""
    app.config.mathjax_path = "mathjax/tex-chtml.js"
    app.connect("config-inited", no_thebe)
    app.connect("builder-inited", fresh)
    cover.setup(app)
    reference.setup(app)
    for hook in (
        *look.HOOKS,
        captions,
        no_foreign_images,
        equations,
        anchors,
    ):
        app.connect("doctree-read", hook)
    # before the contents of the page are listed
    app.connect("doctree-read", look.stable_anchors, priority=100)
    app.connect("env-updated", source_anchors, priority=900)
    # before napoleon, which writes markup of its own
    app.connect("autodoc-process-docstring", plain_docstrings, priority=400)
    app.connect("build-finished", finish, priority=900)  # after the theme
    return {"parallel_read_safe": True, "parallel_write_safe": True}
