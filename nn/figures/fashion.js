// A trained classifier under the reader's pen: pixels in, probabilities out.
import { argmax, bar, button, checkbox, controls, expose, h, percent, question, select, sentence, softmax, term, trace } from "./shared.js";

const SIDE = 28;
const BRUSH = 3; // pixels a side
const MOST = 4; // units that are shown for a class, and against it
const inkOf = (w) => (w < 0 ? [213, 94, 0] : [0, 114, 178]); // Okabe-Ito
const inks = [["white (draw)", 255], ["black (cover)", 0]];

/** The slopes of output k with respect to what the network's step `from`
 *  returns; `values` is its trace, and the later steps are W, b and ReLU. */
function slopes(network, values, k, from) {
  let g = Array.from(values.at(-1), (_, j) => Number(j === k));
  for (let t = network.length - 1; t > from; t--) {
    const W = network[t].W;
    const back = (v, i) => (W ? g.reduce((sum, d, j) => sum + d * W.data[i * W.shape[1] + j], 0) : v > 0 ? g[i] : 0);
    g = Array.from(values[t], back);
  }
  return g;
}

export default {
  render({ model, el }) {
    const [network, images, labels, classes] = ["network", "images", "labels", "classes"].map(model.get);
    const pixels = new Uint8Array(SIDE * SIDE); // what the reader sees and the network gets
    const cursor = { x: 12, y: 12 };
    let [index, ink, changed, stroke, open] = [model.get("start") ?? 0, 0, false, null, false];
    const bend = network.findIndex((step) => step.relu); // of the first hidden layer
    const { node, say } = sentence();

    const canvas = h("canvas", {
      width: SIDE, height: SIDE, tabindex: 0, role: "application", "data-lm-suppress-shortcuts": "true",
      "aria-roledescription": "drawing", "aria-describedby": `${el.id}-help`,
    });
    const context = canvas.getContext("2d", { willReadFrequently: true });
    const frame = h("div", { class: "nn-cursor", hidden: true });
    const rows = classes.map((name) => {
      const b = bar();
      const mark = h("span", { class: "nn-mark" });
      return { b, mark, tr: h("tr", {}, h("th", { scope: "row" }, name, mark), h("td", { class: "nn-wide" }, b.node), h("td", { class: "nn-number" }, b.value)) };
    });

    /** The picture of a unit: its weight for each pixel. */
    function portrait(u, part, name) {
      const { data, shape } = network[bend - 1].W;
      const weights = Array.from({ length: shape[0] }, (_, i) => data[i * shape[1] + u]);
      const top = Math.max(...weights.map(Math.abs));
      const canvas = h("canvas", { width: SIDE, height: SIDE, role: "img", "aria-label": `unit ${u}: ${term(part)} in the score of ${name}` });
      const image = canvas.getContext("2d").createImageData(SIDE, SIDE);
      weights.forEach((w, i) => image.data.set([...inkOf(w), (255 * Math.abs(w)) / top], 4 * i));
      canvas.getContext("2d").putImageData(image, 0, 0);
      return h("div", {}, canvas, h("div", { "aria-hidden": "true" }, term(part)));
    }
    /** What each unit of the first hidden layer adds to the winner's score:
     *  its output times the slope of the score. */
    function lookInside(values, best) {
      const g = slopes(network, values, best, bend);
      const parts = Array.from(values[bend + 1], (a, u) => a * g[u]);
      const order = parts.map((_, u) => u).sort((u, v) => parts[v] - parts[u]);
      const group = (title, units) => h("div", {}, h("div", { class: "nn-small" }, title),
        h("div", { class: "nn-portraits" }, ...units.map((u) => portrait(u, parts[u], classes[best]))));
      inside.replaceChildren(
        group(`Units that add most to the score of ${classes[best]}`, order.slice(0, MOST)),
        group("Units that subtract most", order.slice(-MOST).reverse()));
      return parts;
    }
    const inside = h("div", { class: "nn-columns" });

    function predict() {
      const values = trace(network, Array.from(pixels));
      const p = softmax(values.at(-1));
      const [best, truth] = [argmax(p), labels.data[index]];
      rows.forEach(({ b, mark, tr }, k) => {
        b.put(p[k], percent(p[k]));
        tr.className = [k === best && "nn-best", k === truth && "nn-true"].filter(Boolean).join(" ");
        mark.textContent = k === truth ? " ← label" : "";
      });
      const verdict = `The network says ${classes[best]}, with ${percent(p[best])}`;
      const empty = pixels.every((v) => v === 0);
      const name = changed ? "it was labelled" : "it is labelled";
      if (empty) say(`There is nothing in the picture. ${verdict}: “nothing” is no class it knows.`);
      else say(`${best === truth ? "✓" : "✗"} ${verdict}; ${name} ${classes[truth]}.`);
      canvas.setAttribute("aria-label", `Picture of 28 by 28 pixels, labelled ${classes[truth]}`);
      inside.replaceChildren();
      const parts = open ? lookInside(values, best) : null;
      expose(el, { index, truth, best, p: Array.from(p), parts });
    }
    function paint() {
      const image = context.createImageData(SIDE, SIDE);
      pixels.forEach((v, i) => image.data.set([v, v, v, 255], 4 * i));
      context.putImageData(image, 0, 0);
      for (const [edge, at] of [["left", cursor.x], ["top", cursor.y]]) frame.style[edge] = `${(100 * at) / SIDE}%`;
      predict();
    }
    function show(i) {
      [index, changed] = [i, false];
      pixels.set(images.data.subarray(i * SIDE * SIDE, (i + 1) * SIDE * SIDE));
      paint();
    }
    const next = () => show((index + 1 + Math.floor(Math.random() * (images.shape[0] - 1))) % images.shape[0]);
    function shift(dx, dy) {
      const old = pixels.slice();
      const at = (r, c) => (r < 0 || c < 0 || r >= SIDE || c >= SIDE ? 0 : old[r * SIDE + c]);
      for (let i = 0; i < pixels.length; i++) pixels[i] = at(Math.floor(i / SIDE) - dy, (i % SIDE) - dx);
      changed = true;
      paint();
    }
    function stamp(x, y) {
      for (let r = Math.max(0, y); r < Math.min(SIDE, y + BRUSH); r++)
        for (let c = Math.max(0, x); c < Math.min(SIDE, x + BRUSH); c++) pixels[r * SIDE + c] = ink;
      changed = true;
    }

    /** A stroke from the last place of the pen to this one, without gaps. */
    function pen(event) {
      const box = canvas.getBoundingClientRect();
      const x = Math.floor((SIDE * (event.clientX - box.left)) / box.width) - 1;
      const y = Math.floor((SIDE * (event.clientY - box.top)) / box.height) - 1;
      const from = stroke ?? { x, y };
      const steps = Math.max(1, Math.abs(x - from.x), Math.abs(y - from.y));
      for (let i = 0; i <= steps; i++)
        stamp(Math.round(from.x + ((x - from.x) * i) / steps), Math.round(from.y + ((y - from.y) * i) / steps));
      stroke = { x, y };
      paint();
    }
    // A finger scrolls the page until a tap has chosen the picture: see :focus
    // in figure.css. A mouse or a pen paints at once.
    canvas.addEventListener("pointerdown", (event) => {
      if (event.button !== 0 || (event.pointerType === "touch" && !canvas.matches(":focus"))) return;
      canvas.setPointerCapture(event.pointerId);
      stroke = null;
      pen(event);
    });
    canvas.addEventListener("pointermove", (event) => stroke && pen(event));
    for (const end of ["pointerup", "pointercancel"]) canvas.addEventListener(end, () => (stroke = null));
    canvas.addEventListener("focus", () => (frame.hidden = !canvas.matches(":focus-visible")));
    canvas.addEventListener("blur", () => (frame.hidden = true));
    canvas.addEventListener("keydown", (event) => {
      const move = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
      if ((!move && event.key !== " ") || event.ctrlKey || event.altKey || event.metaKey) return;
      event.preventDefault();
      event.stopPropagation();
      frame.hidden = false;
      if (move) for (const [i, axis] of ["x", "y"].entries()) cursor[axis] = Math.max(0, Math.min(SIDE - BRUSH, cursor[axis] + move[i]));
      else stamp(cursor.x, cursor.y);
      paint();
    });

    const arrows = [["←", "left", -1, 0], ["→", "right", 1, 0], ["↑", "up", 0, -1], ["↓", "down", 0, 1]].map(([sign, way, dx, dy]) => {
      const push = button(sign, `shift-${way}`, () => shift(2 * dx, 2 * dy));
      push.setAttribute("aria-label", `Shift ${way}`);
      return push;
    });
    const pens = select({ label: "pen", name: "pen", options: inks.map(([name]) => name), value: 1, change: (k) => (ink = inks[k][1]) });
    el.append(
      question("What does the network look at?", "Which part must you cover to change its mind? Decide, then paint it black."),
      h("div", { class: "nn-columns" },
        h("div", { class: "nn-stage nn-picture" }, canvas, frame),
        h("table", { class: "nn-table nn-bars" }, h("tbody", {}, ...rows.map(({ tr }) => tr)))),
      node,
      controls(
        button("Next random image", "next", next),
        button("Restore", "restore", () => show(index)),
        button("Clear", "clear", () => ((changed = true), pixels.fill(0), paint())),
        pens.node,
        checkbox({ label: "look inside", name: "inside", change: (v) => ((open = v), predict()) }),
        h("div", { class: "nn-group", role: "group", "aria-label": "shift the picture by two pixels" }, h("span", { "aria-hidden": "true" }, "shift"), ...arrows)),
      inside,
      h("p", { class: "nn-help", id: `${el.id}-help` },
        "Drag to paint; on a touch screen, tap the picture first. By keyboard: move the square with the arrow keys, paint with the space bar. Inside are units of the first hidden layer, with what each adds to the score and its weights as a picture, blue above 0 and red below."),
    );
    show(index);
  },
};
