// Three rules descend the same surface from the same start, step by step.
import { contours, controls, expose, h, hand, list, number, player, plot, question, sentence, set, slider, svg } from "./shared.js";

const CELLS = 48; // of the grid for the contours, a side
const FAR = 1e6; // a path that has diverged stays where it is
const powers = { "-6": "10⁻⁶", "-3": "10⁻³", 0: "1", 3: "10³" };
const hues = ["vermillion", "green", "blue"];
const dashes = ["", "7 3", "2 3"];

// The updates of nn's SGD, Momentum and Adam for one number: w, its slope g,
// what the rule remembers s, the step size lr, and t, counted from 1.
const rules = {
  SGD: ({ w, g, lr }) => w - lr * g,
  Momentum: ({ w, g, s, lr }, { momentum }) => {
    s.u = momentum * (s.u ?? 0) - lr * g;
    return w + s.u;
  },
  Adam: ({ w, g, s, lr, t }, { beta1, beta2, eps }) => {
    s.m = (s.m ?? 0) + (1 - beta1) * (g - (s.m ?? 0));
    s.v = (s.v ?? 0) + (1 - beta2) * (g * g - (s.v ?? 0));
    const scale = Math.sqrt(s.v / (1 - beta2 ** t));
    return w - ((lr / (1 - beta1 ** t)) * s.m) / (scale + eps);
  },
};

export default {
  render({ model, el }) {
    const terms = model.get("terms") ?? [[0.5, 2, 0], [10, 0, 2]]; // c x^i y^j
    const [xr, yr] = [list(model.get("x") ?? [-5, 5]), list(model.get("y") ?? [-2.5, 2.5])];
    const most = model.get("steps") ?? 60;
    const constants = { momentum: 0.9, beta1: 0.9, beta2: 0.999, eps: 1e-7, ...model.get("constants") };
    let [start, lr, shown] = [list(model.get("start") ?? [-4, 1.6]), model.get("lr") ?? 0.02, 0];
    const f = (x, y) => terms.reduce((s, [c, i, j]) => s + c * x ** i * y ** j, 0);
    const slope = (x, y) => [
      terms.reduce((s, [c, i, j]) => s + (i ? c * i * x ** (i - 1) * y ** j : 0), 0),
      terms.reduce((s, [c, i, j]) => s + (j ? c * j * x ** i * y ** (j - 1) : 0), 0),
    ];
    const at = ([low, high], i) => low + (i * (high - low)) / CELLS;
    const places = Array.from({ length: CELLS + 1 }, (_, i) => i);
    const grid = places.map((j) => places.map((i) => f(at(xr, i), at(yr, j))));
    const [bottom, summit] = [Math.min(...grid.flat()), Math.max(...grid.flat())];
    const levels = Array.from({ length: 11 }, (_, i) => bottom + (summit - bottom) * ((i + 0.5) / 11) ** 2.5);
    const { node, say } = sentence();

    function walk(rule) {
      const memory = [{}, {}];
      const path = [[...start]];
      for (let t = 1; t <= most; t++) {
        const w = path.at(-1);
        const g = slope(...w);
        const next = w.map((v, k) => rule({ w: v, g: g[k], s: memory[k], lr, t }, constants));
        const gone = !next.every((v) => Math.abs(v) < FAR);
        path.push(gone || w.gone ? Object.assign([...w], { gone: true }) : next);
      }
      return path;
    }

    const tall = (width) => Math.max(170, Math.min(245, 0.75 * width));
    const panels = Object.entries(rules).map(([name, rule], r) => {
      const hills = svg("path", { class: "nn-contour" });
      const line = svg("polyline", { class: `nn-thin nn-${hues[r]}` });
      const [dots, end] = [svg("g", { class: `nn-fill-${hues[r]}` }), svg("circle", { r: 5, class: `nn-fill-${hues[r]}` })];
      const home = svg("path", { d: "M-5 0H5M0-5V5", class: "nn-thin nn-ink nn-home" });
      const title = svg("text", { class: "nn-label nn-halo", "text-anchor": "end", y: 18 }, name);
      const p = plot({ x: xr, y: yr, xlabel: "w₀", ylabel: "w₁", height: tall, draw: () => (hill(), draw()) });
      const hill = () => (set(title, { x: p.width - 8 }), set(hills, { d: contours(grid, levels, (i, j) => [p.X(at(xr, i)), p.Y(at(yr, j))]) }));
      p.area.append(hills, line, dots, end, home, title);
      const key = (low, high) => (high - low) / 50;
      let before = start;
      hand(p, { take: (x, y) => ((before = start), [x, y]), to: begin, undo: () => begin(...before), move: (right, up) => begin(start[0] + right * key(...xr), start[1] + up * key(...yr)), help: `${el.id}-help` });
      return { name, rule, p, line, dots, home, end, hill };
    });
    const losses = panels.map((_, r) => svg("polyline", { class: `nn-thin nn-${hues[r]}`, "stroke-dasharray": dashes[r] }));
    const labels = panels.map(() => svg("text", { class: "nn-label nn-halo" }));
    // a third of the width is left for the names at the ends of the lines
    const chart = plot({ x: [0, 1.5 * most], y: [-6, 3], xlabel: "step", ylabel: "loss", draw, xticks: [0, most / 2, most], yticks: [-6, -3, 0, 3], ytick: (v) => powers[v], height: tall });
    const cursor = svg("line", { class: "nn-thin nn-dotted nn-grey" });
    chart.area.append(cursor, ...losses, ...labels);

    function begin(x, y) {
      start = [Math.max(xr[0], Math.min(xr[1], x)), Math.max(yr[0], Math.min(yr[1], y))];
      draw();
    }
    function draw() {
      const paths = panels.map(({ rule }) => walk(rule));
      const seen = paths.map((path) => path.slice(0, shown + 1));
      const height = (path) => path.map((w) => Math.max(-6, Math.log10(Math.max(1e-12, f(...w) - Math.min(0, bottom)))));
      panels.forEach(({ p, line, dots, home, end, name }, r) => {
        const [xs, ys] = [0, 1].map((k) => seen[r].map((w) => w[k]));
        set(line, { points: p.path(xs, ys) });
        dots.replaceChildren(...xs.map((x, i) => svg("circle", { cx: p.X(x), cy: p.Y(ys[i]), r: 2.2 })));
        set(end, { cx: p.X(xs.at(-1)), cy: p.Y(ys.at(-1)) });
        set(home, { transform: `translate(${p.X(start[0])} ${p.Y(start[1])})` });
        p.node.setAttribute("aria-label", `${name} from (${start.map((v) => number(v)).join(", ")}), after ${shown} steps at (${seen[r].at(-1).map((v) => number(v)).join(", ")})`);
        const logs = height(seen[r]);
        set(losses[r], { points: chart.path(logs.map((_, i) => i), logs) });
        labels[r].textContent = shown ? name : "";
      });
      set(cursor, { x1: chart.X(shown), x2: chart.X(shown), y1: 0, y2: chart.height });
      placeLabels(seen.map((path) => height(path)));
      const words = seen.map((path, r) => {
        const loss = f(...path.at(-1));
        const text = path.at(-1).gone || loss > 1e4 ? "has diverged" : `has a loss of ${loss < 0.0005 ? "under 0.001" : number(loss, 3)}`;
        return `${panels[r].name} ${text}`;
      });
      const text = shown ? `After ${shown} steps of size ${number(lr, 3)}: ${words.join(", ")}.` : `All three start at a loss of ${number(f(...start), 3)}. Their step size is ${number(lr, 3)}.`;
      chart.node.setAttribute("aria-label", `Loss by step, on a logarithmic axis. ${text}`);
      say(text);
      expose(el, { start, lr, shown, paths: seen.map((path) => path.map((w) => [...w])) });
    }
    /** Names beside the ends of the lines, pushed apart where they meet. */
    function placeLabels(logs) {
      const ends = logs.map((log, r) => ({ r, y: Math.max(14, Math.min(chart.height - 4, chart.Y(log.at(-1)) + 4)) })).sort((a, b) => a.y - b.y);
      for (let k = 1; k < ends.length; k++) ends[k].y = Math.max(ends[k].y, ends[k - 1].y + 15);
      const over = ends.at(-1).y - (chart.height - 4);
      if (over > 0) for (let k = ends.length - 1, y = chart.height - 4; k >= 0; k--, y -= 15) ends[k].y = Math.min(ends[k].y, y);
      for (const { r, y } of ends) set(labels[r], { x: Math.min(chart.X(shown) + 6, chart.width - 8 * panels[r].name.length), y });
    }

    const steps = slider({ label: "steps", name: "steps", min: 0, max: most, step: 1, value: shown, format: String, change: (v) => (play.stop(), (shown = v), draw()) });
    const go = (v) => ((shown = v), steps.put(v), draw());
    const play = player(() => shown < most && (go(shown + 1), true), { rewind: () => shown === most && go(0) });
    const size = slider({ label: "step size", name: "lr", min: -3, max: 0, step: "any", value: Math.log10(lr), format: (v) => number(10 ** v, 3), change: (v) => ((lr = 10 ** v), draw()) });
    el.append(
      question("Which rule gets down first?", "All three have the same step size. Guess, then press Play. At which step sizes does each of them win?"),
      h("div", { class: "nn-four" }, ...panels.map(({ p }) => p.frame), chart.frame),
      controls(size.node, play.node, steps.node),
      node,
      h("p", { class: "nn-help", id: `${el.id}-help` }, "The cross is the start: drag it on any of the maps, or focus a map and use the arrow keys."),
    );
    panels.forEach(({ hill }) => hill());
    draw();
    return () => play.stop();
  },
};
