// A trained network behind eight sliders: a price, what each slider does to
// it, and a map of where the network is wrong.
import { button, controls, expose, forward, h, number, plot, question, sentence, set, slider, svg } from "./shared.js";

const UNIT = 100_000; // the network's prices are in 100,000 US dollars
const dollars = (v) => `${v < 0 ? "−" : ""}$${Math.abs(Math.round((v * UNIT) / 100) * 100).toLocaleString("en-US")}`;
const GOOD = 0.5; // errors under 50,000 dollars are small dots

// Longitude and latitude of the state's outline in hundredths of a degree, and
// of Santa Catalina, the one island with districts: the cartographic boundary
// file of the U.S. Census Bureau, 2017, 1 : 10,000,000 (public domain), by way
// of us-atlas 3.0.1, without points that are within 0.03 degrees of the rest.
const LAND = [
  "-12315 4201, -12000 4200, -12000 3900, -11738 3713, -11463 3500, -11464 3488, -11447 3471, " +
  "-11439 3446, -11414 3430, -11423 3419, -11444 3409, -11444 3403, -11454 3393, -11450 3370, " +
  "-11453 3355, -11466 3341, -11473 3341, -11470 3336, -11473 3331, -11468 3327, -11471 3309, " +
  "-11466 3303, -11452 3303, -11446 3291, -11453 3276, -11712 3253, -11717 3267, -11725 3267, " +
  "-11728 3282, -11725 3287, -11733 3312, -11750 3333, -11809 3373, -11818 3376, -11826 3370, " +
  "-11841 3374, -11839 3384, -11854 3404, -11880 3400, -11913 3410, -11922 3415, -11928 3427, " +
  "-11956 3441, -11987 3441, -12014 3447, -12047 3445, -12052 3453, -12062 3455, -12061 3486, " +
  "-12067 3490, -12063 3512, -12086 3521, -12090 3525, -12086 3536, -12091 3545, -12100 3546, " +
  "-12117 3564, -12125 3566, -12146 3589, -12150 3600, -12188 3629, -12193 3656, -12197 3657, " +
  "-12194 3664, -12187 3660, -12182 3668, -12179 3680, -12186 3693, -12194 3698, -12211 3696, " +
  "-12240 3720, -12240 3736, -12252 3752, -12252 3778, -12241 3781, -12236 3759, -12205 3746, " +
  "-12211 3751, -12217 3768, -12233 3778, -12233 3791, -12243 3796, -12226 3804, -12230 3811, " +
  "-12239 3814, -12249 3811, -12250 3803, -12245 3799, -12250 3793, -12244 3788, -12250 3789, " +
  "-12248 3783, -12253 3782, -12288 3803, -12301 3800, -12295 3815, -12297 3825, -12306 3830, " +
  "-12313 3845, -12333 3857, -12374 3895, -12369 3906, -12383 3936, -12377 3956, -12385 3983, " +
  "-12408 4003, -12411 4010, -12436 4026, -12441 4044, -12414 4093, -12411 4103, -12416 4114, " +
  "-12406 4144, -12416 4174, -12426 4178, -12421 4200",
  "-11860 3348, -11855 3347, -11837 3341, -11837 3339, -11831 3334, -11833 3330, -11837 3332, " +
  "-11847 3333, -11849 3336, -11849 3342, -11856 3343",
].map((ring) => ring.split(", ").map((point) => point.split(" ").map((v) => v / 100)));
// where the names of cities begin, or end if they are in the sea
const CITIES = [["San Francisco", 37, -124.45], ["Sacramento", 38.5, -121.2], ["Fresno", 36.65, -119.5], ["Los Angeles", 33.6, -118.45, "end"], ["San Diego", 32.6, -117.35, "end"]];
// what the columns say of a district, in their order
const MEANINGS = ["median income", "age of the houses", "rooms per household", "bedrooms per household", "people", "people per household", "degrees north", "degrees east"];

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
    const layer = (...parts) => svg("svg", { viewBox: `0 0 ${W} ${H}`, class: "nn-overlay", "aria-hidden": "true" }, ...parts);
    const corner = ([lon, lat]) => place(lat, lon).map((v) => v.toFixed(1)).join(" ");
    const land = layer(svg("path", { d: LAND.map((points) => `M${points.map(corner).join("L")}Z`).join(""), class: "nn-land" }));
    const towns = CITIES.map(([name, lat, lon, anchor = "start"]) => {
      const [px, py] = place(lat, lon);
      return svg("text", { class: "nn-label nn-halo nn-city", x: px, y: py, "text-anchor": anchor }, name);
    });
    const overlay = layer(...towns, ring);
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
        label: [name, h("small", {}, MEANINGS[k])], name, min: ranges[k][0], max: ranges[k][1], step: "any", value: 0,
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
      else if (hidden) say(`The network says ${dollars(z)}. Was it higher or lower in the census? Decide, then reveal.`);
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
        h("div", { class: "nn-stage nn-map" }, land, canvas, overlay)),
      p.frame,
      h("p", { class: "nn-help" }, "Curve: the price in $100,000 along the slider last touched. Map: ▲ at least $50,000 too high, ▼ too low, · nearer. Click it to move the house."),
    );
    show(model.get("start") ?? 0, true);
  },
};
