// A curve as a sum of hinges: each hidden unit bends it once.
import { button, controls, expose, h, hand, list, number, plot, question, select, sentence, set, slider, svg, term } from "./shared.js";

const REACH = 22; // pixels from a corner at which the hand takes it
const hinge = (x, bend) => Math.max(0, x - bend);

/** The slopes and the offset with the least squared error, by elimination. */
function best(xs, ys, bends) {
  const rows = Array.from(xs, (x) => [...bends.map((t) => hinge(x, t)), 1]);
  const m = bends.length + 1;
  const A = Array.from({ length: m }, (_, i) =>
    Array.from({ length: m + 1 }, (_, j) =>
      rows.reduce((s, r, n) => s + r[i] * (j < m ? r[j] : ys[n]), i === j ? 1e-9 : 0)));
  for (let c = 0; c < m; c++) {
    const pivot = A.reduce((b, _, r) => (r > c && Math.abs(A[r][c]) > Math.abs(A[b][c]) ? r : b), c);
    [A[c], A[pivot]] = [A[pivot], A[c]];
    for (let r = 0; r < m; r++)
      if (r !== c) {
        const f = A[r][c] / A[c][c];
        for (let k = c; k <= m; k++) A[r][k] -= f * A[c][k];
      }
  }
  return A.map((row, i) => row[m] / row[i]);
}

export default {
  render({ model, el }) {
    const [xs, ys] = [list(model.get("x")), list(model.get("y"))];
    const [bends, slopes] = [list(model.get("bends")), list(model.get("slopes"))];
    let [offset, chosen] = [model.get("offset") ?? 0, model.get("chosen") ?? bends.length - 1];
    const [low, high] = [xs[0], xs.at(-1)];
    const { node, say } = sentence();
    const range = Math.max(...ys) - Math.min(...ys);
    const [bottom, top] = [Math.min(0, ...ys) - 0.3 * range, Math.max(...ys) + 0.3 * range];
    const steepest = 1.5 * Math.max(2, ...slopes.map(Math.abs));
    const target = svg("polyline", { class: "nn-thin nn-ink nn-dashed" });
    const sum = svg("polyline", { class: "nn-thick nn-blue" });
    const dots = svg("g");
    const given = svg("g", { class: "nn-fill-ink" }); // a short list of points is shown point by point
    const grip = svg("path", { d: "M0-8L8 0L0 8L-8 0Z", class: "nn-fill-vermillion nn-grip" }); // of the chosen slope
    let tip; // where it is
    const units = bends.map((_, k) => ({
      line: svg("polyline"),
      name: svg("text", { class: "nn-label nn-halo", "text-anchor": "middle" }, String(k)),
    }));
    const p = plot({
      x: [low, high], y: [bottom, top], draw,
      xlabel: model.get("xlabel") ?? "input x", ylabel: model.get("ylabel") ?? "output",
      height: (width) => Math.max(230, Math.min(330, width / 2)),
    });
    p.area.append(...units.map(({ line }) => line), target, sum, given, dots, ...units.map(({ name }) => name), grip);

    const f = (x) => bends.reduce((s, t, k) => s + slopes[k] * hinge(x, t), offset);
    function draw() {
      const errors = Array.from(xs, (x, i) => f(x) - ys[i]);
      const error = Math.sqrt(errors.reduce((s, e) => s + e * e, 0) / xs.length);
      const corners = [low, ...bends.filter((t) => t > low && t < high).sort((a, b) => a - b), high];
      set(sum, { points: p.path(corners, corners.map(f)) });
      set(target, { points: p.path(xs, ys) });
      units.forEach(({ line, name }, k) => {
        const at = [...(k === chosen ? [low] : []), Math.max(low, bends[k]), high];
        const unit = (x) => slopes[k] * hinge(x, bends[k]);
        set(line, { points: p.path(at, at.map(unit)) });
        line.setAttribute("class", k === chosen ? "nn-thick nn-vermillion" : "nn-thin nn-grey nn-faint");
        // the name is beside the line, where it leaves the picture or ends
        const room = 0.88 * Math.abs(slopes[k] > 0 ? top : bottom);
        const end = Math.abs(unit(high)) > room ? bends[k] + room / Math.abs(slopes[k]) : high - 0.03 * (high - low);
        if (k === chosen) tip = [end, unit(end)];
        const idle = Math.abs(slopes[k]) < 0.05;
        if (idle) set(name, { x: p.X(bends[k]) + 12, y: p.Y(0) + 16 });
        else {
          const [dx, dy] = [p.X(1) - p.X(0), p.Y(slopes[k]) - p.Y(0)];
          const far = (k === chosen ? 18 : 11) / Math.hypot(dx, dy); // to the right of a steep line, across a flat one
          set(name, { x: p.X(end) + far * Math.abs(dy), y: p.Y(unit(end)) + far * dx * (dy < 0 ? 1 : -1) + 4 });
        }
        name.classList.toggle("nn-quiet", k !== chosen);
      });
      set(grip, { transform: `translate(${p.X(tip[0])} ${p.Y(tip[1])})` });
      units[chosen].line.parentNode.insertBefore(units[chosen].line, target); // above the others
      dots.replaceChildren(...bends.map((t, k) => svg("circle", { cx: p.X(t), cy: p.Y(f(t)), r: k === chosen ? 8 : 5, class: `nn-grip ${k === chosen ? "nn-fill-vermillion" : "nn-fill-blue"}` })));
      if (xs.length <= 30) given.replaceChildren(...xs.map((x, i) => svg("circle", { cx: p.X(x), cy: p.Y(ys[i]), r: 2.5 })));
      const unit = `Unit ${chosen} adds ${number(slopes[chosen])} · max(0, x ${term(-bends[chosen])})`;
      const gone = `: the slope of the sum changes by ${number(slopes[chosen])} at x = ${number(bends[chosen])}.`;
      const idle = Math.abs(slopes[chosen]) < 0.005 ? ", which is 0 everywhere." : gone;
      say(`${unit}${idle} The curve differs from the given points by ${number(error, 3)} (root mean square).`);
      p.node.setAttribute("aria-label", `A curve with bends at ${bends.map((t) => number(t)).join(", ")}, beside a dashed line through the given points. ${unit}.`);
      expose(el, { bends, slopes, offset, error });
    }
    function choose(k) {
      chosen = k;
      bend.put(bends[k]);
      slope.put(slopes[k]);
      draw();
    }
    const pick = select({ label: "unit", name: "unit", options: bends.map((_, k) => String(k)), value: chosen, change: choose });
    const bend = slider({ label: "bends at", name: "bend", min: low, max: high, step: "any", value: bends[chosen], change: (v) => ((bends[chosen] = v), draw()) });
    const slope = slider({ label: "slope", name: "slope", min: -steepest, max: steepest, step: "any", value: slopes[chosen], change: (v) => ((slopes[chosen] = v), draw()) });
    const turn = (s, array) => (v) => {
      const { min, max } = s.input;
      s.put((array[chosen] = Math.max(min, Math.min(max, v))));
      draw();
    };
    const [turnBend, turnSlope] = [turn(bend, bends), turn(slope, slopes)];
    let turning = false; // the slope, and not the bend
    hand(p, {
      take: (x, y) => {
        const far = ([u, v]) => Math.hypot(p.X(x) - p.X(u), p.Y(y) - p.Y(v));
        turning = far(tip) < REACH;
        if (turning) return tip;
        const corners = bends.map((t) => [t, f(t)]);
        const nearest = corners.reduce((best, at, k) => (far(at) < far(corners[best]) ? k : best), 0);
        if (far(corners[nearest]) > REACH) return null;
        pick.input.value = nearest;
        choose(nearest);
        return corners[nearest];
      },
      to: (x, y) => {
        if (!turning) turnBend(x);
        else if (x > bends[chosen]) turnSlope(y / (x - bends[chosen]));
      },
      move: (right, up) => (right ? turnBend(bends[chosen] + (right * (high - low)) / 100) : turnSlope(slopes[chosen] + (up * steepest) / 50)),
      help: `${el.id}-help`,
    });
    const solve = button("Best slopes for these bends", "solve", () => {
      const found = best(xs, ys, bends);
      offset = found.pop();
      slopes.splice(0, slopes.length, ...found);
      choose(chosen);
    });
    el.append(
      Math.abs(slopes.at(-1)) < 1e-6
        ? question("What does one more unit add?", "The last unit has slope 0 and adds nothing yet. Where would you bend the curve once more? Guess, drag, then press the button.")
        : question("What does one unit do?", "Choose a unit and guess how the curve changes without it. Then set its slope to 0."),
      p.frame, controls(pick.node, bend.node, slope.node, solve), node,
      h("p", { class: "nn-help", id: `${el.id}-help` }, "Drag a corner to move the bend of its unit, and the diamond to change the slope of the chosen unit, whose hinge is drawn in red; the others are grey. By keyboard, choose a unit and focus the plot: the arrow keys left and right move its bend, up and down change its slope."),
    );
    draw();
  },
};
