// A slope measured with a step h that the reader chooses, in two precisions,
// and its error against the step: the V. All numbers come from NumPy.
import { button, choice, controls, expose, h, list, number, plot, question, scientific, sentence, set, svg } from "./shared.js";

const TYPES = ["float64", "float32"];
const hues = ["nn-blue", "nn-vermillion"];

export default {
  render({ model, el }) {
    const [steps, truth, z] = [list(model.get("steps")), model.get("truth"), model.get("z")];
    const [slopes, errors] = ["slopes", "errors"].map((name) => TYPES.map((type) => list(model.get(name)[type])));
    const f = (x) => Math.log(1 + Math.exp(-x));
    const logs = steps.map(Math.log10);
    let at = steps.length - 1;
    const seen = new Set([at]);
    const { node, say } = sentence();

    // The curve, the two points of it that are measured, and a line for each type
    const reach = steps.at(-1) * 1.25;
    const curve = svg("polyline", { class: "nn-thin nn-grey" });
    const ends = [0, 1].map(() => svg("circle", { r: 5, class: "nn-fill-ink" }));
    const lines = hues.map((hue, k) => svg("polyline", { class: `nn-thick ${hue}${k ? " nn-dashed" : ""}` }));
    const p = plot({ x: [z - reach, z + reach], y: [f(z + reach) - 0.25, f(z - reach) + 0.1], xlabel: "z", ylabel: "−log p", height: () => 230, draw: () => draw() });
    p.area.append(curve, ...lines, ...ends);

    // The errors, of the steps tried so far
    const power = (v) => scientific(10 ** v);
    const v = plot({ x: [logs[0] - 0.5, logs.at(-1) + 0.5], y: [-12.5, 1], xlabel: "step h", ylabel: "relative error", height: () => 230, xticks: [-15, -10, -5, 0], yticks: [-12, -8, -4, 0], xtick: power, ytick: power, draw: () => draw() });
    const dots = TYPES.map((_, k) => svg("g", { class: k ? "nn-fill-vermillion" : "nn-fill-blue" }));
    const marks = ["M-3 0A3 3 0 1 0 3 0A3 3 0 1 0-3 0", "M-3-3H3V3H-3Z"]; // disc, square
    const cursor = svg("line", { class: "nn-thin nn-dotted nn-grey", y1: 0 });
    const legend = TYPES.map((type, k) => [
      svg("path", { d: marks[k], class: k ? "nn-fill-vermillion" : "nn-fill-blue" }),
      svg("text", { class: "nn-label nn-halo", x: 22 }, type),
    ]);
    v.area.append(cursor, ...dots, ...legend.flat());

    function draw() {
      const step = steps[at];
      const xs = Array.from({ length: 61 }, (_, i) => p.x[0] + (i * (p.x[1] - p.x[0])) / 60);
      set(curve, { points: p.path(xs, xs.map(f)) });
      ends.forEach((dot, k) => set(dot, { cx: p.X(z + (k ? step : -step)), cy: p.Y(f(z + (k ? step : -step))) }));
      // through the middle of the two points, with the slope that was measured
      const middle = (f(z + step) + f(z - step)) / 2;
      lines.forEach((line, k) => set(line, { points: p.path(p.x, p.x.map((x) => middle + slopes[k][at] * (x - z))) }));
      dots.forEach((group, k) => group.replaceChildren(...[...seen].map((i) =>
        svg("path", { d: marks[k], transform: `translate(${v.X(logs[i]).toFixed(3)} ${v.Y(Math.log10(errors[k][i])).toFixed(3)})${i === at ? " scale(1.8)" : ""}` }))));
      legend.forEach(([mark, text], k) => {
        const y = v.height - 32 + 18 * k;
        set(mark, { transform: `translate(12 ${y})` });
        set(text, { y: y + 4 });
      });
      set(cursor, { x1: v.X(logs[at]), x2: v.X(logs[at]), y2: v.height });
      const each = TYPES.map((type, k) => `${type} measures ${number(slopes[k][at], 6)}, and its typical error is ${scientific(errors[k][at])}`);
      const text = `With h = ${scientific(step)}, ${each.join("; ")}. The slope is ${number(truth, 6)}.`;
      say(text);
      p.node.setAttribute("aria-label", `−log p against z, and through the points at z ± h a line for each type. ${text}`);
      v.node.setAttribute("aria-label", `The relative error against the step, on logarithmic axes, for ${seen.size} of ${steps.length} steps. ${text}`);
      all.disabled = seen.size === steps.length;
      expose(el, { at, step, slopes: slopes.map((s) => s[at]), errors: errors.map((e) => e[at]), seen: [...seen] });
    }
    const size = choice({ label: "step h", name: "h", values: steps, value: steps[at], format: scientific, change: (step) => ((at = steps.indexOf(step)), seen.add(at), draw()) });
    const all = button("Show all steps", "all", () => (steps.forEach((_, i) => seen.add(i)), draw()));
    el.append(
      question("How short should the step be?", "Guess the best step of each type. Then make h smaller and watch the errors."),
      h("div", { class: "nn-columns" }, p.frame, v.frame),
      controls(size.node, all),
      node,
      h("p", { class: "nn-help" }, "Left: the curve, its two points at z ± h, and lines with the measured slopes. Right: for each step that you have tried, the median of the relative errors over 1,000 places."),
    );
    draw();
  },
};
