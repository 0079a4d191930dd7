"""What the pages of the chapters look like, beside their text.

The chapters stay plain Markdown, which Colab and GitHub show too. The book
recognizes their parts by where they are and how they begin.
"""

import re
from itertools import groupby

from docutils import nodes

from tools.cells import OWN

CHAPTER = re.compile(r"notebooks/(\d+)_")
OPTION = re.compile(r"(?:^|(?<=\s))\(([a-e])\)\s+")
SENTENCE = re.compile(r".+?[.?!](?=\s+[A-Z]|\s*$)", re.DOTALL)
COUNTED = re.compile(r"id\d+$")
MINUS = re.compile(r"(?<![\w)])-(?=\d)|(?<= )-(?= )")


def chapter(app):
    """The number of the chapter that is being read, or None."""
    found = CHAPTER.match(app.env.docname)
    return int(found[1]) if found else None


def opener(app, doctree):
    """Put time, prerequisites, aims and Colab in one block under the title.

    Of the cells before the first heading, the one that fetches the package
    on Colab stays in the notebook alone, and the imports are one fold.
    """
    if not chapter(app):
        return
    top = doctree.next_node(nodes.section)
    block, imports = nodes.container(classes=["nn-opener"]), None
    for child in list(top.children[1:]):
        if isinstance(child, nodes.section):
            break
        if child.get("nb_element") == "cell_code":
            code = child.next_node(nodes.literal_block)
            if OWN["setup"] in code.astext():
                top.remove(child)
            elif imports and len(child.children) == 1:  # no output
                text = f"{imports.astext()}\n{code.astext()}"
                imports[:], imports.rawsource = [nodes.Text(text)], text
                top.remove(child)
            else:
                imports = code
                child["hide_mode"] = "input"
                child["prompt_show"] = "Show the imports"
                child["prompt_hide"] = "Hide the imports"
        elif isinstance(child, (nodes.paragraph, nodes.bullet_list)):
            top.remove(child)
            block.append(child)
    for link in block.findall(nodes.reference):
        if "colab." in link.get("refuri", ""):
            link["classes"].append("nn-colab")
            link[:] = [nodes.Text("Open in Colab")]
    top.insert(1, block)


def predictions(app, doctree):
    """Mark the questions that are to be answered before looking on."""
    for paragraph in doctree.findall(nodes.paragraph):
        first = paragraph.next_node(nodes.strong)
        start = "Predict, then"
        if first and paragraph.astext().startswith(start):
            paragraph["classes"].append("nn-predict")


def options(app, doctree):
    """Give each choice of a question of the quiz a line of its own."""
    for paragraph in list(doctree.findall(nodes.paragraph)):
        text = paragraph.astext()
        if not text.startswith(("Question ", "(a) ")):
            continue
        parts = [nodes.paragraph()]
        for is_text, run in groupby(
            list(paragraph.children), lambda c: isinstance(c, nodes.Text)
        ):
            if not is_text:
                parts[-1].extend(run)
                continue
            pieces = OPTION.split("".join(child.astext() for child in run))
            parts[-1].append(nodes.Text(pieces[0].rstrip("\n")))
            for label, rest in zip(pieces[1::2], pieces[2::2], strict=True):
                parts.append(nodes.paragraph("", f"({label}) {rest}"))
        if len(parts) == 1:
            continue
        items = (nodes.list_item("", part) for part in parts[1:])
        choices = nodes.bullet_list("", *items, classes=["nn-options"])
        question = [parts[0]] if parts[0].astext().strip() else []
        paragraph.replace_self([*question, choices])


def figures(app, doctree):
    """Number the figures of a chapter, and say what each one shows.

    The caption is the first sentence of the alternative text.
    """
    number = chapter(app)
    if not number:
        return
    count = 0
    for output in doctree.findall(nodes.container):
        if output.get("nb_element") != "cell_code_output":
            continue
        for child in list(output.children):
            image = child.next_node(nodes.image)
            if image is None:
                continue
            count += 1
            name = nodes.strong("", f"Figure {number}.{count}")
            caption = nodes.paragraph("", "", name, classes=["nn-figure"])
            if alt := SENTENCE.match(image.get("alt", "")):
                says = MINUS.sub("−", alt[0].strip())
                caption += nodes.Text(f" {says}")
            output.insert(output.index(child) + 1, caption)


def stable_anchors(app, doctree):
    """Name a section after the one around it where its title is not alone.

    Sphinx would count: the second *Check* would be id1, until another one
    comes before it.
    """
    for section in doctree.findall(nodes.section):
        if COUNTED.match(section["ids"][0]):
            title = nodes.make_id(section.next_node(nodes.title).astext())
            section["ids"] = [f"{section.parent['ids'][0]}-{title}"]


HOOKS = (opener, predictions, options, figures)
