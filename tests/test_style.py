"""The wording and the sources of all texts."""

import pytest

from tools import export, style
from tools.cells import is_markdown, prose, read

# Words


def test_every_entry_finds_its_own_example_and_not_its_remedy():
    for avoid, pattern, write, _ in style.words():
        assert pattern.search(avoid), avoid
        assert not pattern.search(write.split(";")[0]), write


@pytest.mark.parametrize(
    "text",
    [
        "Whoever feels unsure may ask nobody.",
        "A layer that knows nothing of the loss is told the slope.",
        "The gradient check notices the fault.",
        "What comes out is a row of numbers.",
        "The arrays are laid one behind the other.",
        "The largest logit is taken off first.",
        "This is no sum, and that was no site of ours.",
        "Turn it round, and turn the sign.",
        "The threshold stands at the end; the term stands there.",
        "It is twice as dear, and would remember for ever.",
        "the slope of L for w",
        "A share of 0.1 is new.",
    ],
)
def test_a_sentence_to_rewrite(text):
    assert list(style.wording(text))


@pytest.mark.parametrize(
    "text",
    [
        "There is no layer here, and the rule is no better than a coin.",
        "You know the slope; the two cannot be told apart.",
        "The dots stand for terms, and three things stand out.",
        "The weights are distributed uniformly; gradients evenly spaced.",
        "A likely, unlikely, dearth of stands.",
    ],
)
def test_a_sentence_that_is_fine(text):
    assert list(style.wording(text)) == []


@pytest.mark.parametrize(
    "text",
    [
        "which is\n    told the slope",
        "# which is\n# told the slope",
        '"which is "\n    f"told the {slope}"',
        "which is `told` the slope",
    ],
)
def test_words_are_found_across_lines_strings_and_marks(text):
    (what,) = style.wording(text)
    assert "is told the" in what
    assert "write is given" in what


# Sources


@pytest.fixture
def bib(tmp_path, monkeypatch):
    (tmp_path / "book").mkdir()
    (tmp_path / "book" / "references.bib").write_text(
        "% --- books\n"
        "@book{one2001,\n  author = {One, Ann and van der Two, Bob},\n"
        "  title = {The {Title} of 1999},\n  year = {2001},\n}\n\n"
        "@misc{three2002,\n  author = {Three, C. and others},\n"
        "  year = {2002},\n}\n"
    )
    monkeypatch.setattr(style, "ROOT", tmp_path)
    style.entries.cache_clear()
    yield tmp_path
    style.entries.cache_clear()


@pytest.mark.parametrize(
    "work",
    [
        "One (2001)",
        "(One, 2001)",
        "One and van der Two (2001)",
        "One and\nvan der Two, 2001, chapter 3",
        "(Three and others, 2002)",
        "Three et al. 2002",
        "Three et al. (2002)",
        "A. One (2001)",
        "One's test (2001)",
    ],
)
def test_a_work_needs_an_entry_and_a_link(bib, work):
    assert list(style.sources(work)) == []
    (what,) = style.sources(work, page=True)
    assert "link bibliography.md#" in what
    key = "one2001" if "2001" in work else "three2002"
    linked = f"[{work}](../book/bibliography.md#{key})"
    assert list(style.sources(linked, page=True)) == []
    (what,) = style.sources(linked.replace("#", "#not"), page=True)
    assert f"#{key}" in what
    for other in (work.replace("200", "201"), work.replace("One", "Nine")):
        if other != work:
            (what,) = style.sources(other)
            assert "add the work to book/references.bib" in what


@pytest.mark.parametrize(
    "text",
    [
        "In 1969, two authors proved it.",
        "Since 2001 the book is out.",
        "of the 1990 census, in 1990",
        "chapter 4, 2001 rows; shape (2001, 8)",
        "float32 (1999 of 2001)",
    ],
)
def test_a_year_is_not_a_work(bib, text):
    assert list(style.sources(text, page=True)) == []


def test_every_link_of_a_chapter_has_an_entry():
    links = {
        link
        for path in export.chapters()
        for cell in read(path).cells
        if is_markdown(cell)
        for link in style.re.findall(r"bibliography\.md#(\w+)", prose(cell))
    }
    assert len(links) > 30
    assert links <= style.entries().keys()


# The texts beside the chapters


def test_the_texts_beside_the_chapters(bib):
    assert style.problems(bib) == []
    (bib / "nn" / "tasks").mkdir(parents=True)
    (bib / "nn" / "layers.py").write_text('"""Nobody: nobody."""\n')
    (bib / "nn" / "tasks" / "a.py").write_text(
        '"""Source: One (2001)."""\nraise ValueError("it is no number")\n'
    )
    (bib / "book" / "page.md").write_text("One (2001) is read by nobody.\n")
    (bib / "CONTRIBUTING.md").write_text(
        "Text\n| nobody | who |\n| a | b |"
    )
    assert [line.split(": ")[:2] for line in style.problems(bib)] == [
        ["book/page.md", "wording"],
        ["book/page.md", "sources"],
        ["nn/tasks/a.py", "wording"],
    ]
