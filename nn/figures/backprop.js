// The 2-2-1 network of chapter 7: for each number its value and its slope.
import { checkbox, controls, expose, h, list, question, select, sentence, set, short, slider, svg } from "./shared.js";

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
const BIASES = { b0: 4, b1: 5, c: 8 };
const H = 1e-5;

/** Every value on the way from the inputs to the loss. */
function forward([w00, w01, w10, w11, b0, b1, v0, v1, c], [x0, x1], y) {
  const z0 = x0 * w00 + x1 * w10 + b0;
  const z1 = x0 * w01 + x1 * w11 + b1;
  const [a0, a1] = [Math.max(0, z0), Math.max(0, z1)];
  const yhat = a0 * v0 + a1 * v1 + c;
  return { z0, z1, a0, a1, yhat, L: (yhat - y) ** 2 / 2 };
}

/** The slope of L with respect to every value, from L back to the inputs. */
function backward([w00, w01, w10, w11, , , v0, v1], [x0, x1], y, { z0, z1, a0, a1, yhat }) {
  const dyhat = yhat - y;
  const [da0, da1] = [dyhat * v0, dyhat * v1];
  const dz0 = z0 > 0 ? da0 : 0;
  const dz1 = z1 > 0 ? da1 : 0;
  const slopes = [dz0 * x0, dz1 * x0, dz0 * x1, dz1 * x1, dz0, dz1, dyhat * a0, dyhat * a1, dyhat];
  return { dL: 1, dyhat, da0, da1, dz0, dz1, dx0: dz0 * w00 + dz1 * w01, dx1: dz0 * w10 + dz1 * w11, slopes };
}

export default {
  render({ model, el }) {
    const theta = list(model.get("parameters") ?? [1, -1, 0.5, 1, 1, 0, 1, -2, 0]);
    const [x, y] = [list(model.get("x") ?? [1, 2]), model.get("y") ?? 3];
    let [chosen, shown] = [0, false];
    const { node, say } = sentence();
    const drawing = svg("svg", { class: "nn-plot", role: "img" });
    const frame = h("div", { class: "nn-frame" }, drawing);
    new ResizeObserver(() => frame.clientWidth && draw()).observe(frame);

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

    const slope = (v) => (shown ? short(v) : "?");
    function picture(f, b) {
      const W = frame.clientWidth || 600;
      const [unit, r] = [W / 10.1, W > 500 ? 15 : 12];
      const tall = Math.max(unit, 42);
      const at = ([px, py]) => [(px + 0.6) * unit, (3.75 - py) * tall];
      const parts = [];
      const text = (content, px, py, look, anchor = "middle") =>
        parts.push(svg("text", { class: `nn-label ${look}`, x: px, y: py, "text-anchor": anchor }, content));
      /** A value, and the slope beneath it. */
      const pair = ([px, py], gap, value, back, k) => {
        const look = `nn-halo ${W > 500 ? "" : "nn-narrow"}`;
        parts.push(svg("g", { class: k === chosen ? "nn-chosen" : "", "text-anchor": "middle" },
          svg("text", { class: `nn-label nn-fill-blue ${look}`, x: px, y: py - gap }, value),
          svg("text", { class: `nn-label nn-slope ${look}`, x: px, y: py + gap + 10 }, back)));
      };
      const labels = EDGES.map(([from, to, k]) => {
        const [[x1, y1], [x2, y2]] = [at(PLACES[from]), at(PLACES[to])];
        const thick = k === chosen || BIASES[from] === chosen;
        parts.push(svg("line", { x1, y1, x2, y2, class: `nn-edge ${thick ? "nn-chosen" : ""}` }));
        const t = k === 1 || k === 2 ? 0.3 : 0.5;
        return () => k === undefined || pair([x1 + t * (x2 - x1), y1 + t * (y2 - y1)], 5, short(theta[k]), slope(b.slopes[k]), k);
      });
      labels.forEach((write) => write());
      const values = { x0: x[0], x1: x[1], b0: theta[4], b1: theta[5], c: theta[8], ...f };
      const backs = { ...b, db0: b.slopes[4], db1: b.slopes[5], dc: b.slopes[8] };
      for (const [name, place] of Object.entries(PLACES)) {
        const [px, py] = at(place);
        const silent = (name[0] === "z" || name[0] === "a") && f[`z${name[1]}`] <= 0;
        parts.push(svg("circle", { cx: px, cy: py, r, class: silent ? "nn-unit nn-asleep" : "nn-unit" }));
        const written = name === "yhat" ? "ŷ" : name.replace("0", "₀").replace("1", "₁");
        text(written, px, py + 4, "");
        pair([px, py], r + 5, short(values[name]), slope(backs[`d${name}`]), BIASES[name] ?? -1);
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
      const b = backward(theta, x, y, f);
      const measured = theta.map((v, k) => {
        const at = (move) => forward(theta.with(k, v + move), x, y).L;
        return (at(H) - at(-H)) / (2 * H);
      });
      picture(f, b);
      rows.forEach(({ tr, cells }, k) => {
        tr.classList.toggle("nn-chosen", k === chosen);
        [short(theta[k]), slope(b.slopes[k]), slope(measured[k])].forEach((text, i) => (cells[i].textContent = text));
      });
      const s = b.slopes[chosen];
      const names = [f.z0 <= 0 && "upper", f.z1 <= 0 && "lower"].filter(Boolean);
      const silent = names.length ? ` The ${names.join(" and the ")} hidden unit ${names.length > 1 ? "are" : "is"} silent.` : "";
      const rule = Math.abs(s) < 5e-4 ? "a small step changes nothing" : `a small step up makes the loss ${s > 0 ? "larger" : "smaller"}`;
      say(`The loss is ${short(f.L)}.${silent} ` + (shown
        ? `Its slope with respect to ${NAMES[chosen]} is ${short(s)}: ${rule}.`
        : `What is its slope with respect to ${NAMES[chosen]}? Work it out, then show the slopes.`));
      set(drawing, { "aria-label": `Inputs ${x.join(" and ")}, hidden sums z ${short(f.z0)} and ${short(f.z1)}, activations a ${short(f.a0)} and ${short(f.a1)}, output ŷ ${short(f.yhat)}, target ${y}, loss ${short(f.L)}. The slopes are in the table.` });
      expose(el, { theta, ...f, ...b, measured });
    }
    function choose(k) {
      chosen = k;
      pick.input.value = k;
      move.put(theta[k]);
      draw();
    }

    const pick = select({ label: "weight or bias", name: "number", options: NAMES, value: chosen, change: choose });
    const move = slider({ label: "its value", name: "value", min: -2, max: 2, step: 0.05, value: theta[chosen], change: (v) => ((theta[chosen] = v), draw()) });
    el.append(
      question("How does each number reach the loss?", "Work out the slopes from right to left, then show them."),
      frame,
      h("p", { class: "nn-help" }, `Each number has two rows: its value and, in italics, the slope of L with respect to it. The target is y = ${y}, and L = ½(ŷ − y)².`),
      controls(pick.node, move.node, checkbox({ label: "show the slopes", name: "show", change: (v) => ((shown = v), draw()) })),
      node, table,
    );
    draw();
  },
};
