// The 2-2-1 network of chapter 7: for each number its value and its slope.
import { button, controls, expose, fit, h, list, question, select, sentence, set, short, slider, svg } from "./shared.js";

// W[i, j] leads from input i to hidden unit j, as in the chapters
const NAMES = ["W[0, 0]", "W[0, 1]", "W[1, 0]", "W[1, 1]", "b[0]", "b[1]", "v[0]", "v[1]", "c"];
// places and edges of the graph, as the chapter's own drawing has them
const PLACES = {
  x0: [0, 1.5], x1: [0, -1.5], z0: [3, 1.5], z1: [3, -1.5], a0: [4.9, 1.5], a1: [4.9, -1.5],
  b0: [1.8, 2.9], b1: [1.8, -2.9], c: [8.1, 1.7], yhat: [7, 0], L: [8.9, 0],
};
const EDGES = [
  ["x0", "z0", 0], ["x0", "z1", 1], ["x1", "z0", 2], ["x1", "z1", 3], ["a0", "yhat", 6], ["a1", "yhat", 7],
  ["z0", "a0"], ["z1", "a1"], ["yhat", "L"], ["b0", "z0"], ["b1", "z1"], ["c", "yhat"],
];
const KEYS = ["w00", "w01", "w10", "w11", "b0", "b1", "v0", "v1", "c"]; // of NAMES
const VALUES = ["z0", "z1", "a0", "a1", "yhat", "L"]; // as the forward pass finds them
const H = 1e-5;
const title = (key) => NAMES[KEYS.indexOf(key)] ?? (key === "yhat" ? "ŷ" : key.replace(/(\d)/, "[$1]"));
const factor = (v) => (v < 0 ? `(${short(v)})` : short(v));
const product = (...factors) => factors.map(factor).join(" · ");

/** Every value on the way from the inputs to the loss. */
function forward([w00, w01, w10, w11, b0, b1, v0, v1, c], [x0, x1], y) {
  const z0 = x0 * w00 + x1 * w10 + b0;
  const z1 = x0 * w01 + x1 * w11 + b1;
  const [a0, a1] = [Math.max(0, z0), Math.max(0, z1)];
  const yhat = a0 * v0 + a1 * v1 + c;
  return { z0, z1, a0, a1, yhat, L: (yhat - y) ** 2 / 2 };
}

/** How the forward pass finds each value, with numbers. */
const sums = ([w00, w01, w10, w11, b0, b1, v0, v1, c], [x0, x1], y, { z0, z1, a0, a1, yhat }) => ({
  z0: `${product(x0, w00)} + ${product(x1, w10)} + ${factor(b0)}`,
  z1: `${product(x0, w01)} + ${product(x1, w11)} + ${factor(b1)}`,
  a0: `max(0, ${short(z0)})`,
  a1: `max(0, ${short(z1)})`,
  yhat: `${product(a0, v0)} + ${product(a1, v1)} + ${factor(c)}`,
  L: `½ (${short(yhat)} − ${factor(y)})²`,
});

/** Each slope is a sum of local slopes times slopes from above, (7.3): those
 *  pairs, as the backward pass finds them, from L back to the inputs. */
const links = ([w00, w01, w10, w11, , , v0, v1], [x0, x1], y, { z0, z1, a0, a1, yhat }) => [
  ["yhat", [yhat - y, "L"]],
  ["c", [1, "yhat"]], ["v0", [a0, "yhat"]], ["v1", [a1, "yhat"]],
  ["a0", [v0, "yhat"]], ["a1", [v1, "yhat"]],
  ["z0", [Number(z0 > 0), "a0"]], ["z1", [Number(z1 > 0), "a1"]],
  ["b0", [1, "z0"]], ["b1", [1, "z1"]],
  ["w00", [x0, "z0"]], ["w01", [x0, "z1"]], ["w10", [x1, "z0"]], ["w11", [x1, "z1"]],
  ["x0", [w00, "z0"], [w01, "z1"]], ["x1", [w10, "z0"], [w11, "z1"]],
];
function backward(links) {
  const slopes = { L: 1 };
  for (const [key, ...pairs] of links) slopes[key] = pairs.reduce((sum, [local, above]) => sum + local * slopes[above], 0);
  return slopes;
}

export default {
  render({ model, el }) {
    const theta = list(model.get("parameters") ?? [1, -1, 0.5, 1, 1, 0, 1, -2, 0]);
    const [x, y] = [list(model.get("x") ?? [1, 2]), model.get("y") ?? 3];
    // the steps of the forward pass, then those of the backward pass
    let [chosen, step] = [0, VALUES.length];
    const most = VALUES.length + links(theta, x, y, forward(theta, x, y)).length;
    const { node, say } = sentence();
    const drawing = svg("svg", { class: "nn-plot", role: "img" });
    const place = fit(drawing, draw);

    const rows = NAMES.map((name, k) => {
      const cells = [0, 1, 2].map(() => h("td", { class: "nn-number" }));
      const tr = h("tr", {}, h("th", { scope: "row" }, name), ...cells);
      tr.addEventListener("click", () => choose(k));
      return { tr, cells };
    });
    const head = ["", "value", "slope, (7.3)", "measured"];
    const table = h("table", { class: "nn-table nn-numbers" },
      h("thead", {}, h("tr", {}, ...head.map((text, i) => (i ? h("th", { scope: "col", class: "nn-number" }, text) : h("td"))))),
      h("tbody", {}, ...rows.map(({ tr }) => tr)));

    function picture(value, slope, f, fresh) {
      const W = place.width;
      const [unit, r] = [W / 10.1, W > 500 ? 15 : 12];
      const tall = Math.max(unit, 42);
      const at = ([px, py]) => [(px + 0.6) * unit, (3.75 - py) * tall];
      const parts = [];
      const text = (content, px, py, look, anchor = "middle") =>
        parts.push(svg("text", { class: `nn-label ${look}`, x: px, y: py, "text-anchor": anchor }, content));
      /** A value, and the slope beneath it. */
      const pair = ([px, py], gap, key) => {
        const k = KEYS.indexOf(key);
        const look = `nn-halo ${W > 500 ? "" : "nn-narrow"} ${key === fresh ? "nn-fresh" : ""}`;
        const pick = k < 0 ? {} : { class: `nn-pick ${k === chosen ? "nn-chosen" : ""}`, onclick: () => choose(k) };
        parts.push(svg("g", { ...pick, "text-anchor": "middle" },
          svg("text", { class: `nn-label nn-fill-blue ${look}`, x: px, y: py - gap }, value(key)),
          svg("text", { class: `nn-label nn-slope ${look}`, x: px, y: py + gap + 10 }, slope(key))));
      };
      const labels = EDGES.map(([from, to, k]) => {
        const [[x1, y1], [x2, y2]] = [at(PLACES[from]), at(PLACES[to])];
        const thick = k === chosen || KEYS[chosen] === from;
        parts.push(svg("line", { x1, y1, x2, y2, class: `nn-edge ${thick ? "nn-chosen" : ""}` }));
        const t = k === 1 || k === 2 ? 0.3 : 0.5;
        return () => k === undefined || pair([x1 + t * (x2 - x1), y1 + t * (y2 - y1)], 5, KEYS[k]);
      });
      labels.forEach((write) => write());
      for (const [name, place] of Object.entries(PLACES)) {
        const [px, py] = at(place);
        const silent = (name[0] === "z" || name[0] === "a") && value(name) !== "?" && f[`z${name[1]}`] <= 0;
        parts.push(svg("circle", { cx: px, cy: py, r, class: silent ? "nn-unit nn-asleep" : "nn-unit" }));
        const written = name === "yhat" ? "ŷ" : name.replace("0", "₀").replace("1", "₁");
        text(written, px, py + 4, "");
        pair([px, py], r + 5, name);
      }
      for (const k of [0, 1]) {
        const [[left, py], [right]] = [at(PLACES[`z${k}`]), at(PLACES[`a${k}`])];
        text("ReLU", (left + right) / 2, py - 4, "nn-quiet nn-narrow nn-halo");
      }
      const [px, py] = at([5.2, 3.3]);
      text("value", px, py, "nn-fill-blue", "start");
      text("slope of L", px, py + 17, "nn-slope", "start");
      drawing.replaceChildren(...parts);
      set(drawing, { width: W, height: 7.5 * tall, viewBox: `0 0 ${W} ${7.5 * tall}` });
    }
    function draw() {
      const f = forward(theta, x, y);
      const back = links(theta, x, y, f);
      const slopes = backward(back);
      const measured = theta.map((v, k) => {
        const at = (move) => forward(theta.with(k, v + move), x, y).L;
        return (at(H) - at(-H)) / (2 * H);
      });
      const found = [...VALUES.slice(0, step), ...KEYS, "x0", "x1"];
      const known = ["L", ...back.map(([key]) => key)].slice(0, Math.max(0, step - VALUES.length + 1));
      const values = { x0: x[0], x1: x[1], ...f, ...Object.fromEntries(KEYS.map((key, k) => [key, theta[k]])) };
      const value = (key) => (found.includes(key) ? short(values[key]) : "?");
      const slope = (key, v = slopes[key]) => (known.includes(key) ? short(v) : "?");
      KEYS.forEach((key, k) => {
        const { tr, cells } = rows[k];
        tr.classList.toggle("nn-chosen", k === chosen);
        [value(key), slope(key), slope(key, measured[k])].forEach((text, i) => (cells[i].textContent = text));
      });
      const last = VALUES[step - 1];
      const [key, ...pairs] = back[step - VALUES.length - 1] ?? [];
      picture(value, slope, f, key ?? last);
      const now = step === 0 ? "Given are the inputs, the weights and the biases."
        : key ? `The slope of L with respect to ${title(key)} is ${pairs.map(([local, above]) => product(local, slopes[above])).join(" + ")} = ${short(slopes[key])}, ${pairs.length > 1 ? "the sum over both paths" : "the local slope times the slope from above"}.`
        : `${title(last)} = ${sums(theta, x, y, f)[last]} = ${short(f[last])}.`;
      const next = step < VALUES.length ? ` What is ${title(VALUES[step])}?`
        : step < most ? ` What is the slope of L with respect to ${title(back[step - VALUES.length][0])}?` : " All slopes are found.";
      const s = slopes[KEYS[chosen]];
      const rule = Math.abs(s) < 5e-4 ? "a small step changes nothing" : `a small step up makes the loss ${s > 0 ? "larger" : "smaller"}`;
      const meaning = known.includes(KEYS[chosen]) ? ` Slope of ${NAMES[chosen]} ${short(s)}: ${rule}.` : "";
      say(`${now}${next}${meaning}`);
      forth.disabled = step === most;
      set(drawing, { "aria-label": `The network, with ${["x0", "x1", ...VALUES].map((key) => `${title(key)} ${value(key)}`).join(", ")}, and the target ${y}. The slopes are in the table.` });
      expose(el, { theta, ...f, ...Object.fromEntries(Object.entries(slopes).map(([key, v]) => [`d${key}`, v])), slopes: KEYS.map((key) => slopes[key]), measured, step, known });
    }
    function choose(k) {
      chosen = k;
      pick.input.value = k;
      move.put(theta[k]);
      draw();
    }

    const pick = select({ label: "weight or bias", name: "number", options: NAMES, value: chosen, change: choose });
    const steps = slider({ label: "step", name: "step", min: 0, max: most, step: 1, value: step, format: String, change: (v) => ((step = v), draw()) });
    const forth = button("Next number", "next", () => (steps.put(++step), draw()));
    const move = slider({ label: "its value", name: "value", min: -2, max: 2, step: 0.05, value: theta[chosen], change: (v) => ((theta[chosen] = v), draw()) });
    el.append(
      question("How does each number reach the loss?", "Work out the next slope, then press the button."),
      place.frame,
      h("p", { class: "nn-help" }, `Each number has two rows: its value and, in italics, the slope of L with respect to it. The target is y = ${y}, and L = ½(ŷ − y)².`),
      controls(steps.node, forth),
      controls(pick.node, move.node),
      node, table,
    );
    draw();
  },
};
