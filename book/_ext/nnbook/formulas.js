// Sets formulas with the MathJax in a folder: JSON in, JSON out.
const { folder, chtml, formulas } = JSON.parse(
  require("fs").readFileSync(0, "utf8"),
);

async function main() {
  const MathJax = await require(`${folder}/node-main.js`).init({
    loader: {
      load: ["input/tex", "output/chtml", "adaptors/liteDOM",
        "a11y/assistive-mml"],
      paths: { mathjax: folder },
      require,
      versionWarnings: false,
    },
    options: { enableAssistiveMml: true },
    chtml,
  });
  const { adaptor } = MathJax.startup;
  const html = [];
  for (const { tex, display } of formulas) {
    const set = await MathJax.tex2chtmlPromise(tex, { display });
    html.push(adaptor.outerHTML(set));
  }
  const css = adaptor.textContent(MathJax.chtmlStylesheet());
  process.stdout.write(JSON.stringify({ html, css }));
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
