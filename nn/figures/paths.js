// One layer and a batch: the paths of one number to the loss, and the sum of
// products that adds their slopes, for dW and for dX.
import { arrows, button, controls, expose, fit, guess, h, question, select, sentence, set, short, svg } from "./shared.js";

const GAP = 40; // pixels between two nodes

const matrix = (name, { shape, data }) => ({ name, shape, at: (r, c) => data[r * shape[1] + c] });
const transposed = ({ name, shape, at }) => ({ name: `${name}ᵀ`, shape: [shape[1], shape[0]], at: (r, c) => at(c, r) });
/** f(r, c) for every row r and column c, as a list of rows. */
const table = ([height, width], f) => Array.from({ length: height }, (_, r) => Array.from({ length: width }, (_, c) => f(r, c)));
/** A factor in a product of numbers: a negative one is in brackets. */
const factor = (v) => (v < 0 ? `(${short(v)})` : short(v));
const total = (terms) => terms.reduce((sum, [a, b]) => sum + a * b, 0);
const product = ([a, b]) => `${factor(a)} · ${factor(b)}`;

export default {
  render({ model, el }) {
    const [X, W, dZ] = ["X", "W", "dZ"].map((name) => matrix(name, model.get(name)));
    const [low, high, step] = model.get("guesses");
    const [[n, n_in], n_out] = [X.shape, W.shape[1]];
    // What is asked for, of which array, and the product that gives it: term k
    // of the entry [r, c] belongs to the path through sample s, input i and
    // output j that `path` returns.
    const gradients = [
      { name: "dW", of: W, left: transposed(X), right: dZ, path: (r, c, k) => ({ s: k, i: r, j: c }), each: (k) => `Sample ${k}`, through: "one through each sample" },
      { name: "dX", of: X, left: dZ, right: transposed(W), path: (r, c, k) => ({ s: r, i: c, j: k }), each: (k) => `Output ${k}`, through: "one through each output of its sample" },
    ].map((g, k) => ({ ...g, start: model.get("entries")[k], known: new Set() }));
    let [g, entry, shown] = [gradients[0], gradients[0].start, 0];
    const { node, say } = sentence();
    const drawing = svg("svg", { class: "nn-plot", role: "img" });
    const place = fit(drawing, draw);
    const line = h("p", { class: "nn-sum", "aria-hidden": "true" });
    const [source, equation] = [h("div", { class: "nn-product" }), h("div", { class: "nn-product" })];

    /** The terms of an entry of a gradient: pairs of factors. */
    const terms = ({ left, right }, [r, c]) => Array.from({ length: left.shape[1] }, (_, k) => [left.at(r, k), right.at(k, c)]);
    const title = (name) => `${name}[${entry.join(", ")}]`;

    /** A matrix with its name over it; `cell(r, c)` makes one of its entries. */
    const grid = (name, shape, cell, role) =>
      h("div", {}, h("div", { class: "nn-small", "aria-hidden": "true" }, `${name} (${shape.join(", ")})`),
        h("div", { class: "nn-matrix", style: `--n: ${shape[1]}`, ...role }, ...table(shape, cell).flat()));
    /** A matrix to read; `lit(r, c)` is the look of an entry. */
    function still(name, shape, text, lit) {
      const words = table(shape, text).map((row) => row.join(", ")).join("; ");
      const cell = (r, c) => h("span", { class: `nn-cell ${lit(r, c)}` }, text(r, c));
      return grid(name, shape, cell, { role: "img", "aria-label": `${name}, row by row: ${words}` });
    }
    /** A factor of the product, with a row or a column in its colour. */
    function lined(A, lit) {
      const look = (k) => `nn-on ${A === dZ ? "nn-above" : ""} ${k === shown - 1 ? "nn-now" : ""}`;
      return still(A.name, A.shape, (r, c) => short(A.at(r, c)), (...at) => (lit(...at) === null ? "" : look(lit(...at))));
    }
    /** The entries of the array as buttons; the arrow keys lead to the next. */
    function buttons() {
      const [height, width] = g.of.shape;
      const cells = [];
      return grid(g.of.name, g.of.shape, (r, c) => {
        const cell = button(short(g.of.at(r, c)), `${g.of.name}[${r}, ${c}]`, () => choose([r, c]));
        set(cell, { class: "nn-cell", "aria-label": `${g.of.name}[${r}, ${c}], ${short(g.of.at(r, c))}` });
        arrows(cell, (right, up) => {
          const [to, too] = [(r - up + height) % height, (c + right + width) % width];
          choose([to, too]);
          cells[to * width + too].focus();
        });
        cells.push(cell);
        return cell;
      }, { role: "group", "aria-label": `Entries of ${g.of.name}` });
    }

    function picture(pairs) {
      const { width } = place;
      const wide = Math.max(n_in, n_out) * GAP + 14;
      const y = (s, k, of) => 10 + s * wide + (k + (Math.max(n_in, n_out) - of) / 2 + 0.5) * GAP;
      const [xs, zs, end] = [0.2, 0.6, 0.95].map((share) => share * width);
      const middle = 10 + (n * wide) / 2;
      const lit = pairs.map((_, k) => g.path(...entry, k));
      const on = ({ s, i, j }) => lit.findIndex((p) => p.s === s && p.j === j && (i === undefined || p.i === i));
      const look = (k, ink) => (k < 0 ? "nn-edge" : `nn-lit ${ink}${k === shown - 1 ? " nn-now" : ""}`);
      const [edges, nodes, tags] = [[], [], []];
      /** A number in a box on a line, at the share t of its way. */
      const tag = (content, { x1, y1, x2, y2 }, t, ink, words) => {
        const [x, y] = [x1 + t * (x2 - x1), y1 + t * (y2 - y1)];
        tags.push(svg("rect", { class: `nn-box ${ink}`, x: x - 6 - 4 * content.length, y: y - 10, width: 12 + 8 * content.length, height: 20 }),
          svg("text", { class: `nn-label nn-tag ${words}`, x, y: y + 4, "text-anchor": "middle" }, content));
      };
      const circle = (x, y, name, index) => {
        nodes.push(svg("circle", { cx: x, cy: y, r: 14, class: "nn-unit" }),
          svg("text", { class: "nn-label", x, y: y + 4, "text-anchor": "middle" }, name, svg("tspan", { "font-size": 10, dy: 3 }, index)));
      };
      for (let s = 0; s < n; s++) {
        nodes.push(svg("text", { class: "nn-label", x: 2, y: 10 + (s + 0.5) * wide }, width > 480 ? `sample ${s}` : `s = ${s}`));
        for (let j = 0; j < n_out; j++) {
          const z = y(s, j, n_out);
          for (let i = 0; i < n_in; i++) {
            const k = on({ s, i, j });
            const ends = { x1: xs, y1: y(s, i, n_in), x2: zs, y2: z };
            const pick = () => choose(g.of === W ? [i, j] : [s, i]);
            edges.push(svg("line", { ...ends, class: look(k, "nn-blue") }), svg("line", { ...ends, class: "nn-hit", onclick: pick }));
            if (k >= 0) tag(short(pairs[k][g.of === W ? 0 : 1]), ends, 0.65, "nn-blue", "nn-fill-blue");
          }
          const k = on({ s, j });
          const ends = { x1: zs, y1: z, x2: end, y2: middle };
          edges.push(svg("line", { ...ends, class: look(k, "nn-vermillion") }));
          if (k >= 0) tag(short(dZ.at(s, j)), ends, 0.35, "nn-vermillion", "nn-slope");
          circle(zs, z, "z", j);
        }
        for (let i = 0; i < n_in; i++) circle(xs, y(s, i, n_in), "x", i);
      }
      nodes.push(svg("rect", { x: end - 13, y: middle - 13, width: 26, height: 26, class: "nn-unit" }),
        svg("text", { class: "nn-label", x: end, y: middle + 4, "text-anchor": "middle" }, "L"));
      drawing.replaceChildren(...edges, ...nodes, ...tags);
      const height = n * wide + 10;
      set(drawing, { width, height, viewBox: `0 0 ${width} ${height}` });
      const steps = lit.map(({ s }, k) => `in sample ${s} with the slopes ${pairs[k].map(short).join(" and ")}`);
      set(drawing, { "aria-label": `${n} samples, each with ${n_in} inputs and ${n_out} outputs, lead to one loss. The paths of ${title(g.of.name)} are thick: ${steps.join("; ")}.` });
    }

    function draw() {
      const [pairs, [r, c], value] = [terms(g, entry), entry, ask.value()];
      const sum = total(pairs.slice(0, shown));
      const done = shown === pairs.length;
      if (done) g.known.add(`${entry}`);
      picture(pairs);
      for (const cell of source.querySelectorAll("button")) cell.setAttribute("aria-pressed", cell.name === title(g.of.name));
      const answer = (...at) => (g.known.has(`${at}`) ? short(total(terms(g, at))) : "?");
      equation.replaceChildren(
        lined(g.left, (row, k) => (row === r ? k : null)), h("span", {}, "·"),
        lined(g.right, (k, column) => (column === c ? k : null)), h("span", {}, "="),
        still(g.name, g.of.shape, answer, (row, column) => (row === r && column === c ? "nn-on nn-answer" : "")));
      const parts = [...pairs.slice(0, shown).map(product), ...(done ? [] : [shown ? "…" : "?"])];
      line.textContent = `${title(g.name)} = ${parts.join(" + ")}${done ? ` = ${short(sum)}` : ""}`;
      next.disabled = done || value === null;
      ask.input.disabled = shown > 0;
      const said = value === null ? "" : ` Your guess was ${short(value)}.`;
      const task = value === null ? `What is ${title(g.name)}? Multiply along each path, add, and set your guess.` : `Your guess for ${title(g.name)} is ${short(value)}. Now add the products.`;
      if (done) say(`${title(g.name)} is ${short(sum)}, the sum of ${pairs.length} products.${said}`);
      else if (shown) say(`${g.each(shown - 1)} adds ${product(pairs[shown - 1])} = ${short(total([pairs[shown - 1]]))}. The sum so far is ${short(sum)}.`);
      else say(`From ${title(g.of.name)}, ${pairs.length} paths lead to the loss, ${g.through}. ${task}`);
      const [dW, dX] = gradients.map((g) => table(g.of.shape, (...at) => total(terms(g, at))));
      expose(el, { gradient: g.name, entry, guess: value, shown, pairs, sum, dW, dX });
    }
    function choose(at) {
      [entry, shown] = [at, g.known.has(`${at}`) ? terms(g, at).length : 0];
      ask.clear();
      draw();
    }
    function turn(k) {
      g = gradients[k];
      source.replaceChildren(buttons());
      choose(g.start);
    }

    const ask = guess({ label: "your guess", name: "guess", min: low, max: high, step, value: 0, format: short, change: () => draw() });
    const next = button("Add the next product", "next", () => (shown++, draw()));
    const names = gradients.map(({ name, left, right }) => `${name} = ${left.name} · ${right.name}`);
    el.append(
      question("Which paths does one number take to the loss?", "Choose an entry, work out its slope along the lit paths, and set your guess."),
      controls(select({ label: "gradient", name: "gradient", options: names, change: turn }).node, source),
      place.frame, equation, line,
      controls(ask.node, next),
      node,
      h("p", { class: "nn-help" }, "Blue: the slope of the first step of a path. Red, in italics: the slope from above, an entry of dZ. The arrow keys lead from entry to entry."),
    );
    turn(0);
  },
};
