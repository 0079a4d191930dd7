// Three spirals and a network that trains on them in the page: its plane,
// its units, its weights and its losses after every epoch.
import { argmax, arrows, button, checkbox, choice, controls, contours, expose, h, number, percent, player, plot, question, select, sentence, set, softmax, svg } from "./shared.js";

const SIDE = 72; // pixels a side of the plane; a tile has half of them
const colours = [[0, 114, 178], [213, 94, 0], [0, 158, 115]]; // Okabe-Ito
const hues = ["blue", "vermillion", "green"];
const marks = ["M-1 0A1 1 0 1 0 1 0A1 1 0 1 0-1 0", "M-.9-.9H.9V.9H-.9Z", "M0-1.2L1.1.8H-1.1Z"]; // disc, square, triangle
const RATES = [0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3];
const BATCHES = [1, 4, 8, 16, 32, 64, 128];
const UNITS = [1, 2, 3, 4, 6, 8, 12, 16];
const PENALTIES = [0, 1e-5, 1e-4, 3e-4, 1e-3, 3e-3, 1e-2];
const NOISES = [0, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.6, 0.8];
const SCALES = [0.01, 0.1, 0.3, 1, 3];

/** A X W + b for n rows: an array of n rows. */
function affine({ W, b, rows, columns }, X, n) {
  const Z = new Float64Array(n * columns);
  for (let s = 0; s < n; s++) {
    for (let j = 0; j < columns; j++) Z[s * columns + j] = b[j];
    for (let i = 0; i < rows; i++) {
      const x = X[s * rows + i];
      if (x !== 0) for (let j = 0; j < columns; j++) Z[s * columns + j] += x * W[i * columns + j];
    }
  }
  return Z;
}
/** Every array on the way of n rows: [X, Z, A, Z, A, ..., logits]. */
function pass(layers, bend, X, n) {
  const values = [X];
  for (const [k, layer] of layers.entries()) {
    const Z = affine(layer, values.at(-1), n);
    values.push(Z);
    if (k < layers.length - 1) values.push(bend ? Z.map((z) => Math.max(0, z)) : Z);
  }
  return values;
}
const split = (Z, n) => Array.from({ length: n }, (_, s) => Array.from(Z.subarray((s * Z.length) / n, ((s + 1) * Z.length) / n)));
/** The mean cross-entropy of rows of logits, by log-sum-exp. */
function entropy(rows, y) {
  const each = rows.map((z, s) => {
    const top = Math.max(...z);
    return Math.log(z.reduce((sum, v) => sum + Math.exp(v - top), 0)) + top - z[y[s]];
  });
  return each.reduce((a, b) => a + b) / rows.length;
}
/** One step of gradient descent, as nn's SGD takes it with nn's L2. */
function descend(layers, bend, X, y, rate, penalty) {
  const n = y.length;
  const values = pass(layers, bend, X, n);
  const P = split(values.at(-1), n).map(softmax);
  let dZ = Float64Array.from(P.flatMap((p, s) => p.map((v, j) => (v - (j === y[s])) / n)));
  const slopes = layers.map(() => null);
  for (let k = layers.length - 1; k >= 0; k--) {
    const { W, rows, columns } = layers[k];
    const A = values[2 * k];
    const dW = W.map((w) => 2 * penalty * w);
    const db = new Float64Array(columns);
    const dA = new Float64Array(n * rows);
    for (let s = 0; s < n; s++)
      for (let j = 0; j < columns; j++) {
        const d = dZ[s * columns + j];
        db[j] += d;
        for (let i = 0; i < rows; i++) {
          dW[i * columns + j] += A[s * rows + i] * d;
          dA[s * rows + i] += d * W[i * columns + j];
        }
      }
    slopes[k] = [dW, db];
    dZ = bend ? dA.map((d, i) => (A[i] > 0 ? d : 0)) : dA;
  }
  layers.forEach(({ W, b }, k) => {
    slopes[k][0].forEach((g, i) => (W[i] -= rate * g));
    slopes[k][1].forEach((g, j) => (b[j] -= rate * g));
  });
}

export default {
  render({ model, el }) {
    const [train, other, start, order] = ["train", "validation", "start", "order"].map(model.get);
    const [knobs, most] = [model.get("knobs"), model.get("epochs")];
    const now = { rate: 0.3, batch: 32, units: start[0].b.data.length, penalty: 0, noise: 0.15, bend: true, equal: false, scale: 1, ...model.get("settings") };
    const dense = start.filter((step) => step.W);
    const y = train.labels.data;
    let layers, X, X_other, epoch, done, losses, chosen, over;

    /** The points of the arms, with the noise of the moment. */
    const points = ({ radius, angle, jitter }) =>
      Float64Array.from({ length: 2 * radius.data.length }, (_, i) => {
        const s = i >> 1;
        const turn = angle.data[s] + now.noise * jitter.data[s];
        return radius.data[s] * (i % 2 ? Math.cos(turn) : Math.sin(turn));
      });
    /** The first `units` units of each hidden layer of the start, with the
     *  variance of He's rule for as many. */
    function begin() {
      play.stop();
      const last = dense.length - 1;
      layers = dense.map(({ W, b }, k) => {
        const [rows, columns] = [k ? now.units : W.shape[0], k < last ? now.units : W.shape[1]];
        const scale = now.scale * Math.sqrt(W.shape[0] / rows);
        const entry = (i) => (now.equal ? Math.sqrt(2 / W.shape[0]) : W.data[Math.floor(i / columns) * W.shape[1] + (i % columns)]);
        return { rows, columns, W: Float64Array.from({ length: rows * columns }, (_, i) => scale * entry(i)), b: Float64Array.from(b.data.subarray(0, columns)) };
      });
      [X, X_other, epoch, done, chosen, over] = [points(train), points(other), 0, 0, null, null];
      losses = [];
      build();
      note();
      draw();
    }
    const loss = (X, y) => entropy(split(pass(layers, now.bend, X, y.length).at(-1), y.length), y);
    const both = () => [loss(X, y), loss(X_other, other.labels.data)];
    const note = () => losses.push(both());
    const finite = () => losses.at(-1).every(Number.isFinite);
    /** One step; the order of the rows is that of Python, again and again. */
    function step() {
      const [epochs, n] = order.shape;
      const from = n * (epoch % epochs) + done;
      const rows = order.data.subarray(from, from + Math.min(now.batch, n - done));
      descend(layers, now.bend, Float64Array.from({ length: 2 * rows.length }, (_, i) => X[2 * rows[i >> 1] + (i % 2)]), Array.from(rows, (s) => y[s]), now.rate, now.penalty);
      done += rows.length;
      if (done === n) [epoch, done] = [epoch + 1, 0];
      if (done === 0) note();
    }
    const ended = () => epoch >= most || !finite();
    function oneEpoch() {
      if (ended()) return false;
      do step();
      while (done);
      draw();
      return true;
    }

    // The plane and its points
    const plane = h("canvas", { width: SIDE, height: SIDE, role: "img" });
    const dots = Array.from(y, (c) => svg("path", { d: marks[c] }));
    const bends = ["nn-bend nn-under", "nn-bend"].map((look) => svg("path", { class: look }));
    const overlay = svg("svg", { viewBox: "-1 -1 2 2", class: "nn-overlay", "aria-hidden": "true" }, ...dots, ...bends);

    // The network: a tile for every unit, a line for every weight
    const wires = svg("svg", { class: "nn-wires", viewBox: "0 0 100 100", preserveAspectRatio: "none", "aria-hidden": "true" });
    const net = h("div", { class: "nn-net", tabindex: 0, role: "application", "data-lm-suppress-shortcuts": "true", "aria-describedby": `${el.id}-help` });
    let [tiles, lines] = [[], []];
    const sizes = () => [layers[0].rows, ...layers.map(({ columns }) => columns)];
    function build() {
      const all = sizes();
      const at = (k, u) => [(100 * (k + 0.5)) / all.length, 50 + (100 * (u - (all[k] - 1) / 2)) / Math.max(...all)];
      lines = layers.map(({ rows, columns }, k) => Array.from({ length: rows * columns }, (_, i) => {
        const [[x1, y1], [x2, y2]] = [at(k, Math.floor(i / columns)), at(k + 1, i % columns)];
        return svg("line", { x1, y1, x2, y2 });
      }));
      tiles = all.map((m, k) => Array.from({ length: m }, (_, u) => {
        const [left, top] = at(k, u);
        const tile = h("canvas", { width: SIDE / 2, height: SIDE / 2, style: `left: ${left}%; top: ${top}%`, "aria-hidden": "true" });
        if (k === 0 || k > layers.length - 1) return tile;
        tile.addEventListener("pointerenter", () => ((over = [k, u]), draw()));
        tile.addEventListener("pointerleave", () => ((over = null), draw()));
        tile.addEventListener("click", () => ((chosen = `${chosen}` === `${[k, u]}` ? null : [k, u]), draw()));
        return tile;
      }));
      wires.replaceChildren(...lines.flat());
      net.replaceChildren(wires, ...tiles.flat());
      net.style.setProperty("--n", Math.max(...all));
    }
    arrows(net, (right, up) => {
      const [k, u] = chosen ?? [1, -1];
      const round = (v, m) => (v + m) % m;
      chosen = chosen ? [1 + round(k - 1 + right, layers.length - 1), round(u - up, now.units)] : [1, 0];
      draw();
    });

    // The losses
    const { node, say } = sentence();
    const curves = ["nn-thick nn-blue", "nn-thick nn-vermillion nn-dashed"].map((look) => svg("polyline", { class: look }));
    const legend = ["training", "validation"].map((text, k) => [
      svg("line", { class: curves[k].getAttribute("class"), y1: 14 + 18 * k, y2: 14 + 18 * k }),
      svg("text", { class: "nn-label nn-halo", y: 18 + 18 * k, "text-anchor": "end" }, text),
    ]);
    const p = plot({ x: [0, most], y: [0, 1.6], xlabel: "epoch", ylabel: "loss", height: () => 170, draw: () => curve() });
    p.area.append(...curves, ...legend.flat());
    function curve() {
      curves.forEach((line, k) => set(line, { points: p.path(losses.map((_, e) => e), losses.map((pair) => Math.min(pair[k], 2 * p.y[1]))) }));
      legend.forEach(([line, text]) => (set(line, { x1: p.width - 40, x2: p.width - 4 }), set(text, { x: p.width - 48 })));
    }

    const reach = 1.08 * Math.max(...train.radius.data);
    const grid = Float64Array.from({ length: 2 * SIDE * SIDE }, (_, i) => {
      const [row, column] = [Math.floor((i >> 1) / SIDE), (i >> 1) % SIDE];
      return reach * (i % 2 ? 1 - (2 * (row + 0.5)) / SIDE : (2 * (column + 0.5)) / SIDE - 1);
    });
    function paint(canvas, side, pixel) {
      const context = canvas.getContext("2d");
      const image = context.createImageData(side, side);
      for (let i = 0; i < side * side; i++) image.data.set(pixel(i), 4 * i);
      context.putImageData(image, 0, 0);
    }
    function draw() {
      const values = pass(layers, now.bend, grid, SIDE * SIDE);
      const P = split(values.at(-1), SIDE * SIDE).map(softmax);
      paint(plane, SIDE, (i) => {
        const c = Math.max(0, argmax(P[i])); // NaN has no largest
        return [...colours[c], 20 + 130 * P[i][c] ** 2];
      });
      tiles.forEach((column, k) => column.forEach((tile, u) => {
        const V = values[2 * k - (k === tiles.length - 1)];
        const corner = (i) => 2 * Math.floor(i / (SIDE / 2)) * SIDE + 2 * (i % (SIDE / 2));
        const unit = Float64Array.from({ length: (SIDE * SIDE) / 4 }, (_, i) => V[corner(i) * column.length + u]);
        const top = unit.reduce((m, v) => Math.max(m, Math.abs(v)), 1e-9);
        paint(tile, SIDE / 2, (i) => [...colours[unit[i] < 0 ? 1 : 0], (230 * Math.abs(unit[i])) / top]);
      }));
      const seen = over ?? chosen;
      const isSeen = (k, u) => seen !== null && seen[0] === k && seen[1] === u;
      tiles.forEach((column, k) => column.forEach((tile, u) => tile.classList.toggle("nn-chosen", isSeen(k, u))));
      lines.forEach((all, k) => all.forEach((line, i) => {
        const [{ W, columns }, from] = [layers[k], Math.floor(i / layers[k].columns)];
        const quiet = seen && !isSeen(k, from) && !isSeen(k + 1, i % columns);
        line.setAttribute("class", `${W[i] < 0 ? "nn-vermillion" : "nn-blue"}${quiet ? " nn-faint" : ""}`);
        line.setAttribute("stroke-width", Math.min(9, 2 * Math.abs(W[i])).toFixed(3));
      }));
      bends.forEach((bend) => set(bend, { d: seen ? bendOf(values[2 * seen[0] - 1], ...seen) : "" }));
      const mine = pass(layers, now.bend, X, y.length);
      const logits = split(mine.at(-1), y.length);
      let right = 0;
      dots.forEach((dot, s) => {
        const hit = argmax(logits[s]) === y[s];
        dot.setAttribute("class", `nn-fill-${hues[y[s]]}${hit ? "" : " nn-missed"}`);
        dot.setAttribute("transform", `translate(${X[2 * s] / reach} ${-X[2 * s + 1] / reach}) scale(0.02)`);
        right += hit;
      });
      curve();
      const silent = now.bend ? layers.slice(0, -1).reduce((sum, { columns }, k) =>
        sum + Array.from({ length: columns }, (_, u) => u).filter((u) => y.every((_, s) => mine[2 * k + 2][s * columns + u] === 0)).length, 0) : 0;
      const [training, validation] = both();
      const accuracy = right / y.length;
      const when = done ? `Epoch ${epoch}, after ${done} of ${y.length} points` : `Epoch ${epoch}`;
      const sleep = silent ? ` ${silent} of the ${now.units * (layers.length - 1)} hidden units output 0 for every point.` : "";
      const line = seen ? ` The line is the bend of unit ${seen[1]} in hidden layer ${seen[0]}.` : "";
      const text = Number.isFinite(training)
        ? `${when}: training loss ${number(training, 3)}, validation loss ${number(validation, 3)}; ${percent(accuracy)} of the points have the colour of their arm.${sleep}${line}`
        : "The loss is no longer a finite number, because the steps are too large.";
      say(text);
      next.disabled = ended();
      plane.setAttribute("aria-label", `The plane in the colours of the classes that the network chooses. ${text}`);
      net.setAttribute("aria-label", `The network: ${sizes().join(", ")} units from layer to layer.${line}`);
      p.node.setAttribute("aria-label", `Training and validation loss by epoch. ${text}`);
      const weights = layers.flatMap(({ W, b }) => [...W, ...b]);
      expose(el, { ...now, epoch, done, accuracy, training, validation, losses, weights, seen, silent });
    }
    /** Where the sum of a unit is 0, over the plane. */
    function bendOf(Z, k, u) {
      const m = layers[k - 1].columns;
      const values = Array.from({ length: SIDE }, (_, j) => Array.from({ length: SIDE }, (_, i) => Z[(j * SIDE + i) * m + u]));
      return contours(values, [0], (i, j) => [(2 * (i + 0.5)) / SIDE - 1, (2 * (j + 0.5)) / SIDE - 1]);
    }

    const play = player(oneEpoch, { pace: 60, rewind: () => ended() && begin() });
    const next = button("One step", "step", () => (play.stop(), step(), draw()));
    const put = (name, restart) => (value) => ((now[name] = value), restart ? begin() : draw());
    const all = {
      rate: () => choice({ label: "learning rate", name: "rate", values: RATES, value: now.rate, change: put("rate") }).node,
      batch: () => choice({ label: "batch size", name: "batch", values: [...BATCHES.filter((m) => m < y.length), y.length], value: now.batch, change: put("batch", true) }).node,
      units: () => choice({ label: "units a layer", name: "units", values: UNITS.filter((m) => m <= start[0].b.data.length), value: now.units, change: put("units", true) }).node,
      penalty: () => choice({ label: "penalty λ", name: "penalty", values: PENALTIES, value: now.penalty, change: put("penalty") }).node,
      noise: () => choice({ label: "noise", name: "noise", values: NOISES, value: now.noise, change: put("noise", true) }).node,
      scale: () => choice({ label: "scale of the start", name: "scale", values: SCALES, value: now.scale, change: put("scale", true) }).node,
      bend: () => checkbox({ label: "ReLU after each hidden layer", name: "bend", checked: now.bend, change: put("bend", true) }),
      equal: () => checkbox({ label: "equal units", name: "equal", checked: now.equal, change: put("equal", true) }),
    };
    const layer = (k) => (k === 0 ? "inputs" : k === dense.length ? "scores" : `layer ${k}`);
    el.append(
      question(model.get("question") ?? "How does a bent boundary come about?", model.get("task")),
      controls(play.node, next, button("Back to epoch 0", "restart", begin)),
      h("div", { class: "nn-columns" },
        h("div", { class: "nn-stage nn-plane" }, plane, overlay),
        h("div", {}, net, h("div", { class: "nn-layers nn-small", "aria-hidden": "true" }, ...[...dense, null].map((_, k) => h("span", {}, layer(k)))))),
      node, p.frame,
      h("div", { class: "nn-controls nn-halves" }, ...knobs.map((name) => all[name]())),
      h("p", { class: "nn-help", id: `${el.id}-help` }, "Lines are weights, as thick as they are large, dashed where negative. A tile is a unit's output over the plane: blue above 0, red below. Point at a tile, or focus the network and use the arrow keys, to see where the unit bends."),
    );
    begin();
    return () => play.stop();
  },
};
