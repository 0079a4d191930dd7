// A 2-2-1 network: values above, slopes below, finite differences beside.
import { checkbox, controls, expose, h, list, number, question, select, sentence, slider, svg } from "./shared.js";

// W[i, j] leads from input i to hidden unit j, as in the chapters
const NAMES = ["W[0, 0]", "W[0, 1]", "W[1, 0]", "W[1, 1]", "b[0]", "b[1]", "v[0]", "v[1]", "c"];
const H = 1e-5;

/** Every value on the way from the inputs to the loss. */
function forward([w11, w12, w21, w22, b1, b2, v1, v2, c], [x1, x2], y) {
  const z1 = x1 * w11 + x2 * w21 + b1;
  const z2 = x1 * w12 + x2 * w22 + b2;
  const [a1, a2] = [Math.max(0, z1), Math.max(0, z2)];
  const z = a1 * v1 + a2 * v2 + c;
  return { z1, z2, a1, a2, z, loss: (z - y) ** 2 };
}

/** The slope of the loss for every value, from the loss back to the inputs. */
function backward([w11, w12, w21, w22, , , v1, v2], [x1, x2], y, { z1, z2, a1, a2, z }) {
  const dz = 2 * (z - y);
  const [da1, da2] = [dz * v1, dz * v2];
  const dz1 = z1 > 0 ? da1 : 0;
  const dz2 = z2 > 0 ? da2 : 0;
  const slopes = [dz1 * x1, dz2 * x1, dz1 * x2, dz2 * x2, dz1, dz2, dz * a1, dz * a2, dz];
  return { dz, da1, da2, dz1, dz2, dx1: dz1 * w11 + dz2 * w12, dx2: dz1 * w21 + dz2 * w22, slopes };
}

export default {
  render({ model, el }) {
    const theta = list(model.get("parameters") ?? [0.6, -0.4, 0.3, 0.5, 0.1, -0.2, 0.7, -1.2, 0.2]);
    const [x, y] = [list(model.get("x") ?? [1, 2]), model.get("y") ?? 1];
    let [chosen, covered] = [model.get("chosen") ?? 0, false];
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
    const head = ["", "value", "chain rule", "measured"];
    const table = h("table", { class: "nn-table nn-numbers" },
      h("thead", {}, h("tr", {}, ...head.map((text, i) => (i ? h("th", { scope: "col", class: "nn-number" }, text) : h("td"))))),
      h("tbody", {}, ...rows.map(({ tr }) => tr)));

    const slope = (v) => (covered ? "?" : number(v, 3));
    /** Two lines: what goes forward, and what comes back. */
    function label(px, py, value, back, k, { anchor = "middle", gap = 0, halo = "nn-halo" } = {}) {
      return svg("g", { transform: `translate(${px} ${py})`, "text-anchor": anchor, class: k === chosen ? "nn-chosen" : "" },
        svg("text", { class: `nn-label ${halo}`, y: -3 - gap }, value),
        svg("text", { class: `nn-label nn-slope ${halo}`, y: 12 + gap }, back));
    }
    function picture(f, b) {
      const W = frame.clientWidth || 600;
      const height = W > 500 ? 320 : 330;
      const [X, Y, r] = [[0.075, 0.43, 0.755].map((s) => s * W), [height * 0.22, height * 0.74], W > 500 ? 27 : 25];
      const parts = [];
      const edge = (from, to, k, t) => {
        const [[x1, y1], [x2, y2]] = [from, to];
        parts.push(svg("line", { x1, y1, x2, y2, class: `nn-edge ${k === chosen ? "nn-chosen" : ""}` }));
        return () => label(x1 + t * (x2 - x1), y1 + t * (y2 - y1), number(theta[k]), slope(b.slopes[k]), k, { gap: y1 === y2 ? 3 : 0 });
      };
      const [i1, i2, h1, h2, out] = [[X[0], Y[0]], [X[0], Y[1]], [X[1], Y[0]], [X[1], Y[1]], [X[2], height * 0.48]];
      const labels = [
        edge(i1, h1, 0, 0.52), edge(i1, h2, 1, 0.3), edge(i2, h1, 2, 0.3), edge(i2, h2, 3, 0.52),
        edge(h1, out, 6, 0.5), edge(h2, out, 7, 0.5),
      ];
      parts.push(svg("line", { x1: X[2], y1: out[1], x2: W - 3, y2: out[1], class: "nn-edge" }));
      parts.push(...labels.map((make) => make()));
      const unit = ([cx, cy], value, back, asleep = false) =>
        parts.push(svg("circle", { cx, cy, r, class: asleep ? "nn-unit nn-asleep" : "nn-unit" }), label(cx, cy, value, back, -1, { halo: W > 500 ? "" : "nn-narrow" }));
      unit(i1, number(x[0]), slope(b.dx1));
      unit(i2, number(x[1]), slope(b.dx2));
      unit(h1, number(f.a1), slope(b.da1), f.z1 <= 0);
      unit(h2, number(f.a2), slope(b.da2), f.z2 <= 0);
      unit(out, number(f.z), slope(b.dz));
      const bias = ([px, py], k, below) =>
        parts.push(label(px, py + (below ? r + 20 : -r - 18), `${NAMES[k]} = ${number(theta[k])}`, slope(b.slopes[k]), k));
      bias(h1, 4, false);
      bias(h2, 5, true);
      bias(out, 8, true);
      const name = (text, px, py) => parts.push(svg("text", { class: "nn-label nn-quiet", x: px, y: py, "text-anchor": "middle" }, text));
      name("x[0]", X[0], Y[0] - r - 8);
      name("x[1]", X[0], Y[1] + r + 17);
      name("z", X[2], out[1] - r - 8);
      parts.push(label(W - 3, out[1] - 6, `L = ${number(f.loss, 3)}`, "", -1, { anchor: "end" }));
      drawing.replaceChildren(...parts);
      for (const [k, v] of Object.entries({ width: W, height, viewBox: `0 0 ${W} ${height}` })) drawing.setAttribute(k, v);
    }
    function draw() {
      const f = forward(theta, x, y);
      const b = backward(theta, x, y, f);
      const measured = theta.map((v, k) => {
        const at = (move) => forward(theta.with(k, v + move), x, y).loss;
        return (at(H) - at(-H)) / (2 * H);
      });
      picture(f, b);
      rows.forEach(({ tr, cells }, k) => {
        tr.classList.toggle("nn-chosen", k === chosen);
        [number(theta[k]), slope(b.slopes[k]), number(measured[k], 3)].forEach((text, i) => (cells[i].textContent = text));
      });
      const s = b.slopes[chosen];
      const asleep = [f.z1 <= 0 && "upper", f.z2 <= 0 && "lower"].filter(Boolean);
      const sleep = asleep.length ? ` The ${asleep.join(" and the ")} hidden unit sleeps: nothing comes back through it.` : "";
      const way = Math.abs(s) < 5e-4 ? "moving it a little changes nothing" : `a little more ${NAMES[chosen]} makes the loss ${s > 0 ? "larger" : "smaller"}`;
      say(covered
        ? `The loss is ${number(f.loss, 3)}. Work out the slope for ${NAMES[chosen]}, then uncover.${sleep}`
        : `The loss is ${number(f.loss, 3)}. Its slope for ${NAMES[chosen]} is ${number(s, 3)}: ${way}.${sleep}`);
      drawing.setAttribute("aria-label", `Two inputs ${x.join(" and ")}, two hidden units ${number(f.a1)} and ${number(f.a2)}, output ${number(f.z)}, target ${y}, loss ${number(f.loss, 3)}. The slopes are in the table.`);
      expose(el, { theta, ...f, ...b, measured });
    }
    function choose(k) {
      chosen = k;
      pick.input.value = k;
      move.put(theta[k]);
      draw();
    }

    const pick = select({ label: "number", name: "number", options: NAMES, value: chosen, change: choose });
    const move = slider({ label: "its value", name: "value", min: -2, max: 2, step: 0.05, value: theta[chosen], change: (v) => ((theta[chosen] = v), draw()) });
    el.append(
      question("How does the loss reach one weight?", "Cover the slopes, work one out from the numbers beside it, and uncover."),
      frame,
      h("p", { class: "nn-help" }, `Above: the value. Below, in italics: the slope of the loss for it. The target is y = ${y}, and L = (z − y)².`),
      controls(pick.node, move.node, checkbox({ label: "cover the slopes", name: "cover", change: (v) => ((covered = v), draw()) })),
      node, table,
    );
    draw();
  },
};
