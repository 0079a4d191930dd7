// A trained classifier under the reader's pen: pixels in, probabilities out.
import { argmax, arrows, bar, button, checkbox, controls, expose, h, list, percent, question, select, sentence, softmax, term, trace } from "./shared.js";

const SIDE = 28;
const BRUSH = 3; // pixels a side
const MOST = 4; // units that are shown for a class, and against it
const STEP = 8; // grey levels that a step along the slopes changes, as a root mean square
const inkOf = (w) => (w < 0 ? [213, 94, 0] : [0, 114, 178]); // Okabe-Ito
const brightInkOf = (w) => (w < 0 ? [240, 116, 58] : [86, 180, 233]); // on a black picture
const inks = [["white (draw)", 255], ["black (cover)", 0]];

/** From the slopes g with respect to the outputs to those with respect to
 *  what goes into step `to`; `values` is the trace of the network. */
function slopes(network, values, g, to) {
  for (let t = network.length - 1; t >= to; t--) {
    const { W, std } = network[t];
    const back = (v, i) =>
      W ? g.reduce((sum, d, j) => sum + d * W.data[i * W.shape[1] + j], 0)
        : std ? g[i] / std.data[std.data.length > 1 ? i : 0] : v > 0 ? g[i] : 0;
    g = Array.from(values[t], back);
  }
  return g;
}

export default {
  render({ model, el }) {
    const [network, images, labels, classes] = ["network", "images", "labels", "classes"].map(model.get);
    const pixels = new Uint8ClampedArray(SIDE * SIDE); // what the reader sees and the network gets
    const cursor = { x: 12, y: 12 };
    let [index, ink, changed, stroke, open, told] = [model.get("start") ?? 0, 0, false, null, false, ""];
    const start = trace(network, list(images).slice(784 * index, 784 * index + 784)).at(-1);
    let target = classes.map((_, k) => k).sort((a, b) => start[b] - start[a])[1]; // the second most likely
    const bend = network.findIndex((step) => step.relu); // of the first hidden layer
    const { node, say } = sentence();

    const canvas = h("canvas", {
      width: SIDE, height: SIDE, tabindex: 0, role: "application", "data-lm-suppress-shortcuts": "true",
      "aria-roledescription": "drawing", "aria-describedby": `${el.id}-help`,
    });
    const context = canvas.getContext("2d", { willReadFrequently: true });
    const frame = h("div", { class: "nn-cursor", hidden: true });
    const overlay = h("canvas", { width: SIDE, height: SIDE, class: "nn-overlay", "aria-hidden": "true", hidden: true });
    const rows = classes.map((name) => {
      const b = bar();
      const mark = h("span", { class: "nn-mark" });
      return { b, mark, tr: h("tr", {}, h("th", { scope: "row" }, name, mark), h("td", { class: "nn-wide" }, b.node), h("td", { class: "nn-number" }, b.value)) };
    });

    /** The picture of a unit: its weight for each pixel. */
    function portrait(u, part, name) {
      const { data, shape } = network[bend - 1].W;
      const weights = Array.from({ length: shape[0] }, (_, i) => data[i * shape[1] + u]);
      const canvas = h("canvas", { width: SIDE, height: SIDE, role: "img", "aria-label": `unit ${u}: ${term(part)} in the score of ${name}` });
      tint(canvas, weights, inkOf);
      return h("div", {}, canvas, h("div", { "aria-hidden": "true" }, term(part)));
    }
    /** What each unit of the first hidden layer adds to the winner's score:
     *  its output times the slope of the score. */
    function lookInside(values, best) {
      const g = slopes(network, values, classes.map((_, k) => Number(k === best)), bend + 1);
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

    /** A picture of signed numbers: in two colours, 0 transparent. */
    function tint(canvas, numbers, inkOf) {
      const context = canvas.getContext("2d");
      const image = context.createImageData(SIDE, SIDE);
      const top = Math.max(...numbers.map(Math.abs));
      numbers.forEach((w, i) => image.data.set([...inkOf(w), (255 * Math.abs(w)) / top], 4 * i));
      context.putImageData(image, 0, 0);
    }
    /** The slope of the loss of class `target` with respect to each pixel. */
    function pixelSlopes() {
      const values = trace(network, Array.from(pixels));
      return slopes(network, values, softmax(values.at(-1)).map((p, k) => p - (k === target)), 0);
    }
    /** One step of gradient descent, on the picture instead of the weights. */
    function step() {
      const g = pixelSlopes();
      const size = Math.sqrt(g.reduce((sum, v) => sum + v * v, 0) / g.length) || 1;
      const old = pixels.slice();
      for (let i = 0; i < pixels.length; i++) pixels[i] -= (STEP * g[i]) / size; // kept within 0 and 255
      const most = Math.max(...pixels.map((v, i) => Math.abs(v - old[i])));
      told = ` No pixel changed by more than ${most} of 255.`;
      changed = true;
      paint();
    }

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
      if (empty) say(`There is nothing in the picture. ${verdict}: “nothing” is not a class that it knows.`);
      else say(`${best === truth ? "✓" : "✗"} ${verdict}; ${name} ${classes[truth]}.${told}`);
      told = "";
      canvas.setAttribute("aria-label", `Picture of 28 by 28 pixels, labelled ${classes[truth]}`);
      inside.replaceChildren();
      const parts = open ? lookInside(values, best) : null;
      const g = overlay.hidden ? null : pixelSlopes();
      if (g) tint(overlay, g.map((v) => -v), brightInkOf);
      ask.replaceChildren(`Which pixels would you change, so that the network says ${classes[target]}?`);
      expose(el, { index, truth, best, p: Array.from(p), parts, target, slopes: g });
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
    const within = (v) => Math.max(0, Math.min(SIDE - BRUSH, v));
    arrows(canvas, (right, up) => {
      frame.hidden = false;
      [cursor.x, cursor.y] = [within(cursor.x + right), within(cursor.y - up)];
      paint();
    });
    canvas.addEventListener("keydown", (event) => {
      if (event.key !== " ") return;
      event.preventDefault();
      frame.hidden = false;
      stamp(cursor.x, cursor.y);
      paint();
    });

    const shifts = [["←", "left", -1, 0], ["→", "right", 1, 0], ["↑", "up", 0, -1], ["↓", "down", 0, 1]].map(([sign, way, dx, dy]) => {
      const push = button(sign, `shift-${way}`, () => shift(2 * dx, 2 * dy));
      push.setAttribute("aria-label", `Shift ${way}`);
      return push;
    });
    const ask = h("strong");
    const turn = select({ label: "it should say", name: "target", options: classes, value: target, change: (k) => ((target = k), predict()) });
    const pens = select({ label: "pen", name: "pen", options: inks.map(([name]) => name), value: 1, change: (k) => (ink = inks[k][1]) });
    el.append(
      question("What does the network look at?", "Which part must you cover to change its mind? Decide, then paint it black."),
      h("div", { class: "nn-columns" },
        h("div", { class: "nn-stage nn-picture" }, canvas, overlay, frame),
        h("table", { class: "nn-table nn-bars" }, h("tbody", {}, ...rows.map(({ tr }) => tr)))),
      node,
      controls(
        button("Next random image", "next", next),
        button("Restore", "restore", () => show(index)),
        button("Clear", "clear", () => ((changed = true), pixels.fill(0), paint())),
        pens.node,
        checkbox({ label: "look inside", name: "inside", change: (v) => ((open = v), predict()) }),
        h("div", { class: "nn-group", role: "group", "aria-label": "shift the picture by two pixels" }, h("span", { "aria-hidden": "true" }, "shift"), ...shifts)),
      inside,
      h("div", { class: "nn-question" }, ask, " Paint them. Then look at the slopes, and take steps along them."),
      controls(
        turn.node,
        checkbox({ label: "show the slopes", name: "slopes", change: (v) => ((overlay.hidden = !v), predict()) }),
        button("One step", "step", step)),
      h("p", { class: "nn-help", id: `${el.id}-help` },
        "Drag to paint; on a touch screen, tap the picture first. By keyboard: move the square with the arrow keys, paint with the space bar. Inside are units of the first hidden layer, with what each adds to the score and its weights as a picture, blue above 0 and red below. The slopes are those of the loss with respect to the pixels: a step makes blue pixels brighter and red ones darker."),
    );
    show(index);
  },
};
