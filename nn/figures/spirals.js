// Finished training runs, replayed: the network of each epoch paints the plane.
import { argmax, controls, expose, h, number, percent, player, plot, question, select, sentence, set, slider, softmax, svg, trace } from "./shared.js";

const SIDE = 72; // pixels a side of the plane; a tile has half of them
const colours = [[0, 114, 178], [213, 94, 0], [0, 158, 115]]; // Okabe-Ito
const hues = ["blue", "vermillion", "green"];
const marks = ["M-1 0A1 1 0 1 0 1 0A1 1 0 1 0-1 0", "M-.9-.9H.9V.9H-.9Z", "M0-1.2L1.1.8H-1.1Z"]; // disc, square, triangle

export default {
  render({ model, el }) {
    const [points, labels, runs, sizes] = ["points", "labels", "runs", "sizes"].map(model.get);
    const reach = 1.08 * points.data.reduce((m, v) => Math.max(m, Math.abs(v)), 0);
    let [run, at] = [0, 0];
    const last = () => runs[run].weights.shape[0] - 1;

    function network() {
      const { weights, bend } = runs[run];
      let place = at * weights.shape[1];
      const take = (...shape) => {
        const n = shape.reduce((a, b) => a * b);
        return { shape, data: weights.data.subarray(place, (place += n)) };
      };
      return sizes.slice(1).flatMap((m, k) => {
        const dense = { W: take(sizes[k], m), b: take(m) };
        return k < sizes.length - 2 ? [dense, bend === false ? { log: [] } : { relu: true }] : [dense];
      });
    }

    const plane = h("canvas", { width: SIDE, height: SIDE, role: "img" });
    const context = plane.getContext("2d");
    const dots = Array.from(labels.data, (c, i) => {
      const [x, y] = points.data.subarray(2 * i, 2 * i + 2);
      return svg("path", { d: marks[c], transform: `translate(${x / reach} ${-y / reach}) scale(0.02)` });
    });
    const overlay = svg("svg", { viewBox: "-1 -1 2 2", class: "nn-overlay", "aria-hidden": "true" }, ...dots);
    const groups = sizes.slice(1, -1).map((m, k) => {
      const tiles = Array.from({ length: m }, () => h("canvas", { width: SIDE / 2, height: SIDE / 2 }));
      const label = `hidden layer ${k + 1}: the output of each of its ${m} units over the plane`;
      return { tiles, node: h("div", {}, h("div", { class: "nn-small" }, label), h("div", { class: "nn-tiles", style: `--n: ${Math.min(m, 16)}`, role: "img", "aria-label": label }, ...tiles)) };
    });
    const { node, say } = sentence();
    const line = svg("polyline", { class: "nn-thick nn-blue" });
    const now = svg("circle", { r: 5, class: "nn-fill-vermillion" });
    const p = plot({
      x: [0, 1], y: [0, 1], xlabel: "epoch", ylabel: "training loss", draw: () => curve(),
      height: () => (el.clientWidth > 560 ? 310 : 180),
    });
    p.area.append(line, now);

    function curve() {
      const { loss, epochs } = runs[run];
      set(line, { points: p.path(epochs.data, loss.data) });
      set(now, { cx: p.X(epochs.data[at]), cy: p.Y(Math.min(loss.data[at], p.y[1])) });
    }
    /** Unit values on the plane to shades; units that sleep stay blank. */
    function tile(canvas, values) {
      const ctx = canvas.getContext("2d");
      const image = ctx.createImageData(SIDE / 2, SIDE / 2);
      const top = values.reduce((m, v) => Math.max(m, Math.abs(v)), 1e-9);
      values.forEach((v, i) => image.data.set([...colours[v < 0 ? 1 : 0], (230 * Math.abs(v)) / top], 4 * i));
      ctx.putImageData(image, 0, 0);
    }
    function draw() {
      const steps = network();
      const image = context.createImageData(SIDE, SIDE);
      const hidden = groups.map(({ tiles }) => tiles.map(() => new Float64Array(SIDE * SIDE / 4)));
      for (let i = 0; i < SIDE * SIDE; i++) {
        const [row, column] = [Math.floor(i / SIDE), i % SIDE];
        const x = ((2 * (column + 0.5)) / SIDE - 1) * reach;
        const y = (1 - (2 * (row + 0.5)) / SIDE) * reach;
        const values = trace(steps, [x, y]);
        const probabilities = softmax(values.at(-1));
        const c = Math.max(0, argmax(probabilities)); // NaN has no largest
        image.data.set(colours[c], 4 * i);
        image.data[4 * i + 3] = 20 + 130 * probabilities[c] ** 2;
        if (row % 2 || column % 2) continue;
        const j = ((row / 2) * SIDE) / 2 + column / 2;
        hidden.forEach((units, k) => units.forEach((unit, u) => (unit[j] = values[2 * k + 2][u])));
      }
      context.putImageData(image, 0, 0);
      groups.forEach(({ tiles }, k) => tiles.forEach((canvas, u) => tile(canvas, hidden[k][u])));
      let right = 0;
      dots.forEach((dot, i) => {
        const hit = argmax(trace(steps, points.data.subarray(2 * i, 2 * i + 2)).at(-1)) === labels.data[i];
        dot.setAttribute("class", `nn-fill-${hues[labels.data[i]]}${hit ? "" : " nn-missed"}`);
        right += hit;
      });
      curve();
      const { name, epochs, loss } = runs[run];
      const accuracy = right / dots.length;
      const text = `${name}, epoch ${epochs.data[at]}: loss ${number(loss.data[at], 3)}, ${percent(accuracy)} of the points on their own colour.`;
      say(at === last() && runs[run].note ? `${text} ${runs[run].note}` : text);
      plane.setAttribute("aria-label", `The plane in the colours of the network's answers. ${text}`);
      p.node.setAttribute("aria-label", `Training loss from ${number(loss.data[0], 2)} to ${number(loss.data[last()], 2)}; now ${number(loss.data[at], 3)}`);
      expose(el, { run, at, accuracy, loss: loss.data[at] });
    }
    function go(k) {
      at = k;
      scrub.put(k);
      draw();
    }
    function choose(k) {
      run = k;
      const { loss, epochs } = runs[run];
      const top = Math.min(3, Math.max(1.2, ...loss.data));
      [p.x, p.y] = [[0, 1.03 * epochs.data[last()]], [-0.03 * top, top]];
      scrub.input.max = last();
      p.layout();
      go(last());
    }

    const scrub = slider({
      label: "epoch", name: "at", min: 0, max: last(), step: 1, value: 0,
      format: (k) => String(runs[run].epochs.data[k]), change: (k) => (play.stop(), go(k)),
    });
    const play = player(() => at < last() && (go(at + 1), true), { pace: 120, rewind: () => at === last() && go(0) });
    const names = runs.map(({ name }) => name);
    el.append(
      question("How does a bent boundary come about?", "The first run went well. Guess what the others will look like, then choose one."),
      h("div", { class: "nn-columns" }, h("div", { class: "nn-stage nn-plane" }, plane, overlay), p.frame),
      controls(
        select({ label: "run", name: "run", options: names, change: (k) => (play.stop(), choose(k)) }).node,
        play.node, scrub.node),
      node,
      ...groups.map((group) => group.node),
    );
    choose(0);
    return () => play.stop();
  },
};
