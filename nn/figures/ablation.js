// The last hidden layer of a trained network, whose units can be switched
// off, and the accuracy by class that is left.
import { argmax, bar, button, controls, expose, h, number, percent, question, select, sentence, slider } from "./shared.js";

export default {
  render({ model, el }) {
    const [A, W, b, labels, classes] = ["A", "W", "b", "labels", "classes"].map(model.get);
    const [pictures, names, orders] = ["pictures", "names", "orders"].map(model.get);
    const [[n, units], k, pixels] = [A.shape, classes.length, pictures.shape[1]];
    const side = Math.sqrt(pixels);
    const off = new Set();
    let order = [];
    const { node, say } = sentence();

    /** The accuracy over all pictures, and for each class. */
    function judge() {
      const [hits, counts] = [new Array(k).fill(0), new Array(k).fill(0)];
      for (let s = 0; s < n; s++) {
        const z = Array.from(b.data);
        for (let u = 0; u < units; u++)
          if (!off.has(u)) for (let j = 0; j < k; j++) z[j] += A.data[s * units + u] * W.data[u * k + j];
        counts[labels.data[s]] += 1;
        hits[labels.data[s]] += argmax(z) === labels.data[s];
      }
      return { all: hits.reduce((sum, v) => sum + v) / n, each: hits.map((v, j) => v / counts[j]) };
    }
    const whole = judge();

    const tiles = Array.from({ length: units }, (_, u) => {
      const canvas = h("canvas", { width: side, height: side, style: "aspect-ratio: 1; display: block; image-rendering: pixelated; width: 100%" });
      const image = canvas.getContext("2d").createImageData(side, side);
      for (let i = 0; i < pixels; i++) image.data.set([...new Array(3).fill(pictures.data[u * pixels + i]), 255], 4 * i);
      canvas.getContext("2d").putImageData(image, 0, 0);
      const tile = button("", `unit-${u}`, () => (off.delete(u) || off.add(u), draw()));
      tile.setAttribute("style", "padding: 2px; width: 100%");
      tile.append(canvas, h("span", { class: "nn-small" }, u));
      return tile;
    });
    const grid = h("div", { class: "nn-portraits", role: "group", "aria-label": "units of the last hidden layer", style: "gap: 2px; grid-template-columns: repeat(8, 1fr)" });
    const rows = classes.map((name) => {
      const [b, change] = [bar(), h("td", { class: "nn-number" })];
      return { b, change, tr: h("tr", {}, h("th", { scope: "row" }, name), h("td", { class: "nn-wide" }, b.node), h("td", { class: "nn-number" }, b.value), change) };
    });

    function draw() {
      const now = judge();
      tiles.forEach((tile, u) => {
        tile.setAttribute("aria-pressed", off.has(u));
        tile.setAttribute("aria-label", `unit ${u}, ${off.has(u) ? "off" : "on"}`);
        tile.firstElementChild.style.opacity = off.has(u) ? 0.12 : 1;
        tile.style.borderStyle = off.has(u) ? "dashed" : "solid";
      });
      const changes = now.each.map((v, j) => v - whole.each[j]);
      rows.forEach(({ b, change }, j) => {
        b.put(now.each[j], percent(now.each[j]));
        change.textContent = changes[j] ? `${changes[j] > 0 ? "+" : ""}${number(100 * changes[j], 1)}` : "";
      });
      count.put(units - off.size);
      const most = changes.indexOf(Math.min(...changes));
      const lost = changes[most] < 0 ? ` ${classes[most]} loses most: ${percent(whole.each[most])} are now ${percent(now.each[most])}.` : "";
      say(`${units - off.size} of ${units} units are on. The accuracy on these ${n} pictures is ${percent(now.all)}; with all units it is ${percent(whole.all)}.${lost}`);
      expose(el, { off: [...off].sort((u, v) => u - v), order, accuracy: now.all, each: now.each });
    }
    /** Switch off the first units of the order until m are on. */
    function leave(m) {
      off.clear();
      for (const u of order.slice(0, units - m)) off.add(u);
      draw();
    }
    function arrange(i) {
      order = Array.from(orders.data.subarray(i * units, (i + 1) * units));
      grid.replaceChildren(...order.map((u) => tiles[u]));
      leave(units);
    }

    const count = slider({ label: "units on", name: "count", min: 0, max: units, step: 1, value: units, format: String, change: leave });
    el.append(
      question(`Which of the ${units} units does the network need?`, "How many can you switch off before the accuracy is below 80 %? Decide, then move the slider."),
      controls(
        count.node,
        select({ label: "switch off first", name: "order", options: names, change: arrange }).node,
        button("All on", "on", () => leave(units))),
      h("div", { class: "nn-columns" }, grid, h("table", { class: "nn-table nn-bars" }, h("tbody", {}, ...rows.map(({ tr }) => tr)))),
      node,
      h("p", { class: "nn-help" }, "Each tile is a unit, and its picture shows what it responds to most. Click a tile to switch its unit off or on. The bars show the accuracy for each class, and how many points it has changed."),
    );
    arrange(0);
  },
};
