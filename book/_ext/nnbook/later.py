"""The data of large figures come when a reader comes near them.

A notebook's figure holds all that it shows. On the page, data of more than
``LEAST`` characters move into a script of their own, which the page asks
for when the figure is two screens away: a script, because pages that are
opened from the disk may fetch nothing else.
"""

import posixpath
import re

LEAST = 10_000
SCRIPT = re.compile(r'<script type="module".*?</script>', re.DOTALL)
COMMENT = re.compile(r"(?m)^ *(?://.*|/\*\*.*\*/)\n")
CALL = re.compile(
    rf'^mount\("(\w+)", figure, (.{{{LEAST},}})\);$', re.MULTILINE
)
LATER = """\
{{
const root = document.querySelector('[data-nn-key="{key}"]');
const near = new IntersectionObserver((entries) => {{
  if (!entries.some((entry) => entry.isIntersecting)) return;
  near.disconnect();
  const script = document.createElement("script");
  script.src = "{address}";
  script.onload = () => mount("{key}", figure, nnData["{key}"]);
  script.onerror = () => mount("{key}", {{ render() {{
    throw new Error("its data could not be loaded");
  }} }}, null);
  document.head.append(script);
}}, {{ rootMargin: "200%" }});
near.observe(root);
}}"""


def without_comments(text):
    """Return a page whose figures' scripts have no lines of comments."""
    return SCRIPT.sub(lambda match: COMMENT.sub("", match[0]), text)


def put_aside(text, path, site):
    """Move the data of a page's large figures to files of the site."""
    folder = site / "_static" / "figures"

    def move(match):
        key, state = match.groups()
        folder.mkdir(exist_ok=True)
        file = folder / f"{key}.js"
        script = f'(globalThis.nnData ??= {{}})["{key}"] = {state};\n'
        file.write_text(script, "utf-8")
        address = posixpath.relpath(
            file.relative_to(site).as_posix(), path.parent.as_posix()
        )
        return LATER.format(key=key, address=address)

    return CALL.sub(move, without_comments(text))
