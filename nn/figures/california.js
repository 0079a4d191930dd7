// A trained network behind eight sliders: a price, what each slider does to
// it, and a map of where the network is wrong.
import { button, controls, expose, forward, h, number, plot, question, sentence, set, slider, svg } from "./shared.js";

const UNIT = 100_000; // the network's prices are in 100,000 US dollars
const dollars = (v) => `${v < 0 ? "−" : ""}$${Math.abs(Math.round((v * UNIT) / 100) * 100).toLocaleString("en-US")}`;
const GOOD = 0.5; // errors under 50,000 dollars are small dots

export default {
  render({ model, el }) {
    const [network, X, y, features, units] = ["network", "X", "y", "features", "units"].map(model.get);
    const n = X.shape[0];
    const row = (i) => Array.from(X.data.subarray(8 * i, 8 * i + 8));
    const price = (x) => forward(network, x)[0];
    const errors = Float64Array.from({ length: n }, (_, i) => price(row(i)) - y.data[i]);
    const ranges = features.map((_, k) => {
      const column = Float64Array.from({ length: n }, (_, i) => X.data[8 * i + k]).sort();
      const at = (share) => column[Math.round(share * (n - 1))];
      return k < 6 ? [at(0.01), at(0.99)] : [column[0], column[n - 1]];
    });
    let [district, x, chosen, hidden] = [0, [], model.get("feature") ?? 0, false];
    const { node, say } = sentence();
    const big = h("output", { class: "nn-price", "aria-hidden": "true" });
    const digits = ranges.map(([low, high]) => (high - low > 100 ? 0 : high - low > 20 ? 1 : 2));

    // The map: north up, one degree of latitude as long as on the ground
    const [south, north] = [Math.min(...ranges[6]) - 0.2, Math.max(...ranges[6]) + 0.2];
    const [west, east] = [Math.min(...ranges[7]) - 0.2, Math.max(...ranges[7]) + 0.2];
    const flat = Math.cos((((south + north) / 2) * Math.PI) / 180);
    const [W, H] = [520, Math.round((520 * (north - south)) / ((east - west) * flat))];
    const canvas = h("canvas", { width: W, height: H, role: "img" });
    const place = (lat, lon) => [((lon - west) / (east - west)) * W, (1 - (lat - south) / (north - south)) * H];
    const ring = svg("circle", { r: 13, class: "nn-ring" });
    const overlay = svg("svg", { viewBox: `0 0 ${W} ${H}`, class: "nn-overlay", "aria-hidden": "true" }, ring);
    const context = canvas.getContext("2d");
    for (let i = 0; i < n; i++) {
      const [e, [px, py]] = [errors[i], place(X.data[8 * i + 6], X.data[8 * i + 7])];
      context.beginPath();
      if (Math.abs(e) < GOOD) {
        context.fillStyle = "#8a929b80";
        context.arc(px, py, 2, 0, 7);
      } else {
        context.fillStyle = e > 0 ? "#d55e00d0" : "#0072b2d0";
        const size = Math.sign(e) * (4 + 2 * Math.min(2, Math.abs(e)));
        context.moveTo(px, py - size);
        context.lineTo(px + 0.87 * size, py + 0.5 * size);
        context.lineTo(px - 0.87 * size, py + 0.5 * size);
      }
      context.fill();
    }

    const sliders = features.map((name, k) =>
      slider({
        label: name, name, min: ranges[k][0], max: ranges[k][1], step: "any", value: 0,
        format: (v) => number(v, digits[k]), change: (v) => ((x[k] = v), (district = null), choose(k)),
      }));
    sliders.forEach(({ input }, k) => input.addEventListener("focus", () => chosen !== k && choose(k)));
    const line = svg("polyline", { class: "nn-thick nn-blue" });
    const dot = svg("circle", { r: 5, class: "nn-fill-vermillion" });
    const p = plot({
      x: [0, 1], y: [0, 5.5], xlabel: " ", ylabel: "price", draw: () => curve(), height: () => 190,
      yticks: [0, 1, 2, 3, 4, 5], xtick: (v) => (v >= 1000 ? v.toLocaleString("en-US") : String(v)),
    });
    p.area.append(line, dot);

    function curve() {
      const [low, high] = p.x;
      const xs = Array.from({ length: 81 }, (_, i) => low + (i * (high - low)) / 80);
      const ys = xs.map((v) => price(x.with(chosen, v)));
      set(line, { points: p.path(xs, ys) });
      set(dot, { cx: p.X(x[chosen]), cy: p.Y(price(x)) });
      return { xs, ys };
    }
    function choose(k) {
      chosen = k;
      const { min, max } = sliders[k].input;
      const slack = 0.02 * (max - min);
      p.x = [Number(min) - slack, Number(max) + slack];
      p.xlabel(`${features[k]}, ${units[k]}`);
      sliders.forEach(({ node }, j) => node.classList.toggle("nn-chosen", j === k));
      draw();
    }
    function draw() {
      const z = price(x);
      big.textContent = dollars(z);
      const { xs, ys } = curve();
      const [px, py] = place(x[6], x[7]);
      set(ring, { cx: px, cy: py });
      const ends = `Along ${features[chosen]} it goes from ${dollars(ys[0])} to ${dollars(ys.at(-1))}.`;
      if (district === null) say(`The network says ${dollars(z)}. ${ends}`);
      else if (hidden) say(`The network says ${dollars(z)}. Was the district dearer or cheaper? Decide, then reveal.`);
      else {
        const e = z - y.data[district];
        const cap = y.data[district] > 5 ? ", the highest that the census recorded" : "";
        say(`The network says ${dollars(z)}, the census ${dollars(y.data[district])}${cap}. It is ${dollars(Math.abs(e))} too ${e > 0 ? "high" : "low"}.`);
      }
      reveal.disabled = district === null || !hidden;
      p.node.setAttribute("aria-label", `The price along ${features[chosen]}. ${ends}`);
      expose(el, { x, z, district, actual: district === null ? null : y.data[district], chosen, xs, ys });
    }
    function show(i, secret) {
      [district, x, hidden] = [i, row(i), secret];
      sliders.forEach(({ input, put }, k) => {
        [input.min, input.max] = [Math.min(ranges[k][0], x[k]), Math.max(ranges[k][1], x[k])];
        put(x[k]);
      });
      choose(chosen);
    }
    const next = () => show(((district ?? 0) + 1 + Math.floor(Math.random() * (n - 1))) % n, true);
    const reveal = button("Reveal the census", "reveal", () => ((hidden = false), draw()));
    canvas.addEventListener("click", (event) => {
      const box = canvas.getBoundingClientRect();
      const [u, v] = [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height];
      [x[7], x[6], district] = [west + u * (east - west), north - v * (north - south), null];
      for (const k of [6, 7]) sliders[k].put((x[k] = Math.max(ranges[k][0], Math.min(ranges[k][1], x[k]))));
      choose(chosen < 6 ? 6 : chosen);
    });
    const wrong = (sign) => errors.reduce((c, e) => c + (Math.sign(e) === sign && Math.abs(e) >= GOOD), 0);
    canvas.setAttribute("aria-label", `Map of ${n} districts of California: the network is at least $50,000 too high for ${wrong(1)} of them and too low for ${wrong(-1)}, mostly on the coast. The ring is where the sliders are.`);
    el.append(
      question("What does the network believe about a house?", "Guess which slider moves the price most, then try."),
      h("div", { class: "nn-columns" },
        h("div", { class: "nn-knobs" }, ...sliders.map((s) => s.node), big, node,
          controls(button("Next random district", "next", next), reveal)),
        h("div", { class: "nn-stage nn-map" }, canvas, overlay)),
      p.frame,
      h("p", { class: "nn-help" }, "Curve: the price in $100,000 along the slider last touched. Map: ▲ at least $50,000 too high, ▼ too low, · nearer. Click it to move the house."),
    );
    show(model.get("start") ?? 0, false);
  },
};
