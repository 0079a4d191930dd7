"""The pages of the API: docstrings, completed by what the pages add.

``tools/api.py`` reads the blocks; here each of them becomes what autodoc
makes of its name, followed by links to the chapters that build it.
"""

import ast
import inspect
import re
from functools import cache
from pydoc import locate

import yaml
from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.ext import autosummary
from sphinx.util.docutils import SphinxDirective

from tools import api, cells, merge, pdf

ROOT = api.FOLDER.parents[1]
TITLE = re.compile(r"(?m)^# (.+)$")
blocks = cache(api.blocks)


def defined(module, code):
    """The public names that an exported cell defines or adds to.

    For a member that it adds to a class, this is the member if it has a
    block of its own, else the class.
    """
    names, grown = [], set()
    for statement in ast.parse(code).body:
        if member := merge.grown(statement):
            grown.add(member[1])
            name = ".".join(member)
            names.append(
                name if f"{module}.{name}" in blocks() else member[0]
            )
        else:
            names.append(merge.defined(statement))
    names = dict.fromkeys(n for n in names if n and n not in grown)
    return [name for name in names if not name.startswith("_")]


def anchor(name):
    """The id of the cell of a chapter that defines or changes a name."""
    return nodes.make_id(f"nn-{name.partition('.')[0]}")


@cache
def chapters():
    """(module, name) -> the numbers of its chapters."""
    found = merge.collect(None, ROOT)[0].values()
    return {(d.module, d.name): d.chapters for d in found}


def built_in(name):
    """A sentence with links to the chapters that build a name, if any."""
    _, module, *own = name.split(".")
    paths = {cells.chapter(p): p.name for p in merge.chapters(ROOT)}
    numbers = {
        number
        for (where, what), found in chapters().items()
        for number in found
        if where == module and own in ([], [what])
    }
    cell = f"#{anchor(own[0])}" if own else ""
    links = [f"[{n}](/notebooks/{paths[n]}{cell})" for n in sorted(numbers)]
    if not links:
        return ""
    return f"Built in chapter{'s' * (len(links) > 1)} {listed(links)}."


def inherited(name):
    """Sentences on the methods that blocks of other classes describe."""
    kind, owners = locate(name), {}
    for base in getattr(kind, "__mro__", ()):
        for method in api.methods(base):
            block = api.described(kind, method, blocks())
            if block and block != f"{name}.{method}":
                links = owners.setdefault(block.rpartition(".")[0], {})
                links[f"[`{method}`](#{block})"] = None  # in order, once
    return " ".join(
        f"Described at `{owner.rpartition('.')[2]}`: {listed(links)}."
        for owner, links in owners.items()
    )


def listed(texts):
    """Texts as a list within a sentence."""
    *most, last = texts
    return f"{', '.join(most)} and {last}" if most else last


def kind_of(name):
    """What autodoc calls the thing that has this full name."""
    thing, owner = locate(name), locate(name.rpartition(".")[0])
    if inspect.ismodule(thing):
        return "module"
    if inspect.isclass(thing):
        return "exception" if issubclass(thing, Exception) else "class"
    if isinstance(thing, property):
        return "property"
    if inspect.isclass(owner):
        return "method"
    return "function" if callable(thing) else "data"


class Api(SphinxDirective):
    """A name of the package: what autodoc says of it, and its chapters.

    The content, sections in the form of numpydoc, completes the docstring.
    """

    required_arguments = 1
    has_content = True

    def run(self):
        """Return the description."""
        (name,) = self.arguments
        text = f"~~~{{eval-rst}}\n.. auto{kind_of(name)}:: {name}\n~~~"
        more = [built_in(name), inherited(name)]
        return self.parse_text_to_nodes("\n\n".join([text, *more]))


class ApiNames(SphinxDirective):
    """A table of the public names for each page of the API."""

    def run(self):
        """Return the tables."""
        toc = yaml.safe_load((ROOT / "_toc.yml").read_text("utf-8"))
        public, lines = api.names(), []
        for page in pdf.pages(toc):
            if not page.startswith("book/api/"):
                continue
            text = (ROOT / f"{page}.md").read_text("utf-8")
            names = [name for name, _ in api.BLOCK.findall(text)]
            names = [name for name in names if name in public]
            lines += [f"[**{TITLE.search(text)[1]}**](/{page}.md)", ""]
            if not names:
                continue
            lines += ["~~~{eval-rst}", ".. autosummary::"]
            lines += ["   :nosignatures:", ""]
            lines += [f"   ~{name}" for name in names]
            lines += ["~~~", ""]
        return self.parse_text_to_nodes("\n".join(lines))


def complete(app, what, name, obj, options, lines):
    """Put the sections of a page after the docstring of their name."""
    if what == "data":
        lines.clear()  # what autodoc says of a constant is its type's
    if sections := blocks().get(name):
        lines += ["", *sections.splitlines()]


def link_types(app, config):
    """Let the types of parameters lead to the classes of the package."""
    config.numpydoc_xref_ignore = "all"  # the other words
    config.numpydoc_xref_aliases_complete = {
        name.rpartition(".")[2]: name
        for name in api.names()
        if inspect.isclass(locate(name))
    }


def setup(app):
    """Add the directives and the hook."""
    # f_m(... f_2(f_1(X))) goes on after its three points
    autosummary.WELL_KNOWN_ABBREVIATIONS += ("(.",)
    directives.register_directive("api", Api)
    directives.register_directive("api-names", ApiNames)
    # after numpydoc, whose own names are in no inventory of the book
    app.connect("config-inited", link_types, priority=900)
    # after docstrings were made plain, before numpydoc reads them
    app.connect("autodoc-process-docstring", complete, priority=450)
