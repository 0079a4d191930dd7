// On the page of search results: the number of an equation, such as (8.4),
// leads to it, and what is shown of a page is its text alone.
const asked = new URLSearchParams(location.search).get("q") ?? "";
const [, chapter, number] = asked.match(/^\s*\(?(\d+)\.(\d+)\)?\s*$/) ?? [];
if (chapter) {
  const begins = `notebooks/${chapter.padStart(2, "0")}_`;
  const names = Search._index.docnames;
  const name = names.find((docname) => docname.startsWith(begins));
  if (name) {
    const link = document.createElement("a");
    link.href = `${name}.html#mjx-eqn:${chapter}.${number}`;
    link.textContent = `Equation (${chapter}.${number})`;
    const line = document.createElement("p");
    line.append(link);
    document.querySelector("#search-results").before(line);
  }
}
const textOf = Search.htmlToText;
Search.htmlToText = (page, anchor) => {
  const [, text] = page.match(/<article[^>]*>([^]*)<\/article>/) ?? [0, page];
  return textOf(`<div role="main">${text}</div>`, anchor);
};
