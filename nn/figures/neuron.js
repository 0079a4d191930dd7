// One neuron, a = max(0, w x + b), under two sliders: where does it bend?
import { checkbox, controls, expose, h, hand, number, plot, question, sentence, set, slider, svg, term } from "./shared.js";

const STEP = 0.05; // of both sliders
const REACH = 24; // pixels from the bend at which the hand takes it

export default {
  render({ model, el }) {
    let [w, b, rule] = [model.get("w") ?? 1.5, model.get("b") ?? -2.25, false];
    const sum = svg("polyline", { class: "nn-thin nn-dashed nn-grey" });
    const bent = svg("polyline", { class: "nn-thick nn-blue" });
    const fold = svg("line", { class: "nn-thin nn-dotted nn-vermillion" });
    const dot = svg("circle", { r: 8, class: "nn-fill-vermillion nn-grip" });
    const where = svg("text", { class: "nn-label nn-halo" });
    const zs = svg("text", { class: "nn-label nn-halo nn-quiet" }, "z = w x + b");
    const p = plot({
      x: [-4, 4], y: [-2, 4], xlabel: "input x", ylabel: "output a", draw,
      height: (width) => Math.max(220, Math.min(320, width / 2)),
    });
    p.area.append(sum, fold, bent, dot, zs, where);
    // the hand moves b, or w, which keep the steps of their sliders
    const [weight, bias] = [["weight w", "w", w, (v) => (w = v)], ["bias b", "b", b, (v) => (b = v)]].map(([label, name, value, keep]) => {
      const s = slider({ label, name, value, min: -3, max: 3, step: STEP, change: (v) => (keep(v), draw()) });
      return { ...s, turn: (v) => (s.put(v), keep(Number(s.input.value)), draw()) };
    });
    hand(p, {
      take: (x) => (w !== 0 && Math.abs(p.X(x) - p.X(-b / w)) < REACH ? [-b / w, 0] : null),
      to: (x) => bias.turn(-w * x),
      move: (right, up) => (right ? bias.turn(b - Math.sign(w) * right * STEP) : weight.turn(w + up * STEP)),
      help: `${el.id}-help`,
    });
    const { node, say } = sentence();

    function draw() {
      const f = (x) => Math.max(0, w * x + b);
      const bend = w === 0 ? null : -b / w;
      const seen = bend !== null && Math.abs(bend) <= 4;
      const xs = [-4, ...(seen ? [bend] : []), 4];
      set(sum, { points: p.path(xs, xs.map((x) => w * x + b)) });
      set(bent, { points: p.path(xs, xs.map(f)) });
      for (const mark of [fold, dot, where]) mark.style.display = seen ? "" : "none";
      if (seen) {
        const x = p.X(bend);
        set(fold, { x1: x, x2: x, y1: 0, y2: p.height });
        set(dot, { cx: x, cy: p.Y(0) });
        const left = w > 0;
        where.textContent = `x = ${number(bend)}`;
        const anchor = x < 80 ? "start" : x > p.width - 80 ? "end" : left ? "end" : "start";
        set(where, { x: x + (anchor === "end" ? -8 : 8), y: p.Y(0) - 10, "text-anchor": anchor });
      }
      // the name of the dashed line is beside it, where there is room
      const at = w === 0 ? 9 : (-1.4 - b) / w;
      zs.style.display = Math.abs(at) < 4 ? "" : "none";
      const edge = p.X(at) < 100 ? "start" : p.X(at) > p.width - 100 ? "end" : w > 0 ? "end" : "start";
      set(zs, { x: p.X(at) + (edge === "end" ? -12 : 12), y: p.Y(-1.4), "text-anchor": edge });
      const formula = `a = max(0, ${number(w)} x ${term(b)})`;
      const rises = `to the ${w > 0 ? "right" : "left"} of it, the slope is ${number(w)}`;
      let text = `${formula} has no bend, because with w = 0 it is ${number(f(0))} everywhere.`;
      if (w !== 0)
        text = rule
          ? `${formula} bends where w x + b = 0: at x = −b / w = ${number(-b)} / ${number(w)} = ${number(bend)}.`
          : `${formula} bends at x = ${number(bend)}${seen ? "" : ", outside the picture"}; ${rises}.`;
      say(text);
      p.node.setAttribute("aria-label", text);
      expose(el, { w, b, bend });
    }

    el.append(
      question("Where does the neuron bend?", "Keep b and double w. Does the bend move towards 0 or away from it? Decide, then drag."),
      p.frame,
      controls(
        weight.node,
        bias.node,
        checkbox({ label: "show the rule", name: "rule", change: (v) => ((rule = v), draw()) }),
      ),
      node,
      h("p", { class: "nn-help", id: `${el.id}-help` }, "Drag the bend to the left or right: only b changes. By keyboard, focus the plot: the arrow keys left and right move the bend, up and down change w."),
    );
    draw();
  },
};
