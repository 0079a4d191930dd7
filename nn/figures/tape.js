// The tape of one neuron: its operations are recorded one by one, and walked
// back one by one, from the loss to what was given.
import { button, controls, expose, fit, guess, h, question, sentence, set, short, slider, svg } from "./shared.js";

/** A number in a formula: a negative one is in brackets. */
const factor = (v) => (v < 0 ? `(${short(v)})` : short(v));
const GIVEN = ["w", "x", "b"];

/** The operations of L = e · e / 2, e = max(w x + b, 0) − y: the entries that
 *  each one uses, its result as text and number, and its local slopes. */
const operations = (y) => [
  { name: "×", uses: [0, 1], text: (a, c) => `${factor(a)} · ${factor(c)}`, result: (a, c) => a * c, slopes: (a, c) => [c, a] },
  { name: "+", uses: [3, 2], text: (a, c) => `${short(a)} + ${factor(c)}`, result: (a, c) => a + c, slopes: () => [1, 1] },
  { name: "max", uses: [4], text: (a) => `max(${short(a)}, 0)`, result: (a) => Math.max(a, 0), slopes: (a) => [a > 0 ? 1 : 0] },
  { name: `−${short(y)}`, uses: [5], text: (a) => `${short(a)} − ${factor(y)}`, result: (a) => a - y, slopes: () => [1] },
  { name: "×", uses: [6, 6], text: (a, c) => `${factor(a)} · ${factor(c)}`, result: (a, c) => a * c, slopes: (a, c) => [c, a] },
  { name: "÷2", uses: [7], text: (a) => `${short(a)} / 2`, result: (a) => a / 2, slopes: () => [0.5] },
];

export default {
  render({ model, el }) {
    const [x, b, y] = ["x", "b", "y"].map((name) => model.get(name));
    let [w, step] = [model.get("w"), 0];
    const steps = operations(y);
    const names = [...GIVEN, ...steps.map(({ name }) => name)];
    const last = names.length - 1;
    const { node, say } = sentence();
    const drawing = svg("svg", { class: "nn-plot", role: "img" });
    const place = fit(drawing, draw);
    const line = h("p", { class: "nn-sum", "aria-hidden": "true" });
    const title = (k) => GIVEN[k] ?? `entry ${k}`;

    /** All values, and for each entry its uses: [entry used, local slope]. */
    function record() {
      const [values, uses] = [[w, x, b], [[], [], []]];
      for (const one of steps) {
        const inputs = one.uses.map((k) => values[k]);
        values.push(one.result(...inputs));
        uses.push(one.slopes(...inputs).map((local, i) => [one.uses[i], local]));
      }
      return { values, uses };
    }
    /** The slopes once the walk back has visited some entries, null before. */
    function walk(uses, visited) {
      const slopes = names.map((_, k) => (k === last ? 1 : null));
      for (let k = last; k > last - visited; k--)
        for (const [input, local] of uses[k]) slopes[input] = (slopes[input] ?? 0) + local * slopes[k];
      return slopes;
    }

    function picture({ values, uses }, recorded, slopes, now) {
      const { width } = place;
      const unit = width / names.length;
      const [box, small] = [Math.min(44, unit - 5), width > 500 ? "" : "nn-narrow"];
      const at = (k) => (k + 0.5) * unit;
      const [arcs, cells, tags] = [[], [], []];
      const text = (into, content, px, py, look) =>
        into.push(svg("text", { class: `nn-label ${small} ${look}`, x: px, y: py, "text-anchor": "middle" }, content));
      uses.forEach((links, k) => k < GIVEN.length + recorded && links.forEach(([from, local], i) => {
        const again = i > 0 && links[0][0] === from;
        const rise = 8 + 18 * (k - from) + (again ? 20 : 0);
        const ink = k !== now ? "nn-edge" : `nn-lit ${walking() ? "nn-vermillion" : "nn-blue"}`;
        const [x0, x1] = [at(from) + (again ? -4 : 4), at(k) + (again ? 4 : -4)];
        arcs.push(svg("path", { d: `M${x0} 78Q${(x0 + x1) / 2} ${78 - 2 * rise} ${x1} 78`, fill: "none", class: ink }));
        if (k === now && walking()) text(tags, short(local), (x0 + x1) / 2, 73 - rise, "nn-slope nn-halo");
      }));
      names.forEach((name, k) => {
        const known = k < GIVEN.length + recorded;
        cells.push(svg("rect", { x: at(k) - box / 2, y: 102, width: box, height: 30, class: `nn-unit ${known ? "" : "nn-asleep"}` }));
        text(cells, name, at(k), 122, "");
        text(cells, known ? short(values[k]) : "?", at(k), 95, "nn-value nn-fill-blue");
        text(cells, slopes[k] === null ? "?" : short(slopes[k]), at(k), 150, "nn-slope nn-back");
        text(cells, `${k}`, at(k), 168, "nn-quiet");
      });
      drawing.replaceChildren(...arcs, ...cells, ...tags);
      set(drawing, { width, height: 174, viewBox: `0 0 ${width} 174` });
      const words = names.map((name, k) => {
        const value = k < GIVEN.length + recorded ? short(values[k]) : "not yet recorded";
        return `${k}, ${name}: ${value}${slopes[k] === null ? "" : `, slope ${short(slopes[k])}`}`;
      });
      set(drawing, { "aria-label": `The tape, entry by entry. ${words.join("; ")}.` });
    }

    const walking = () => step > steps.length;
    function draw() {
      const tape = record();
      const { values, uses } = tape;
      const recorded = Math.min(step, steps.length);
      const visited = step - recorded;
      const [all, value] = [walk(uses, steps.length), ask.value()];
      const slopes = step < steps.length ? names.map(() => null) : walk(uses, visited);
      const now = walking() ? last + 1 - visited : step ? GIVEN.length - 1 + recorded : null;
      picture(tape, recorded, slopes, now);
      const guessing = step === steps.length;
      const done = step === 2 * steps.length;
      next.textContent = step < steps.length ? "Record the next operation" : "Go back one operation";
      next.disabled = done || (guessing && value === null);
      ask.input.disabled = !guessing;
      const one = steps[now - GIVEN.length];
      if (!step) {
        line.textContent = "w, x and b are given";
        say("The computer begins with w times x. Record this operation.");
      } else if (!walking()) {
        line.textContent = `entry ${now}: ${one.text(...one.uses.map((k) => values[k]))} = ${short(values[now])}`;
        const from = [...new Set(one.uses)].map(title).join(" and ");
        if (!guessing) say(`Entry ${now} is computed from ${from}. Its value is ${short(values[now])}.`);
        else if (value === null) say(`The loss is ${short(values[now])}. What is its slope with respect to w? Set your guess.`);
        else say(`Your guess for the slope of w is ${short(value)}. Now go back, one operation at a time.`);
      } else {
        const above = factor(slopes[now]);
        const inputs = [...new Set(one.uses)];
        const part = (k) => uses[now].filter(([from]) => from === k).map(([, local]) => `${factor(local)} · ${above}`).join(" + ");
        line.textContent = inputs.map((k) => `slope of ${title(k)}: ${part(k)} = ${short(slopes[k])}`).join("; ");
        const result = inputs.map((k) => `the slope of ${title(k)} is ${short(slopes[k])}`).join(" and ");
        if (done) say(`At entry ${now}, ${result}. Your guess for w was ${short(value)}.`);
        else say(`At entry ${now}, each local slope is multiplied by the slope from above, ${short(slopes[now])}: ${result}.`);
      }
      expose(el, { w, step, values, slopes: all, seen: slopes, guess: value });
    }

    const [least, most, size] = model.get("weights");
    const [low, high, jump] = model.get("guesses");
    const weight = slider({ label: "weight w", name: "w", min: least, max: most, step: size, value: w, format: short, change: (v) => {
      [w, step] = [v, 0];
      ask.clear();
      draw();
    } });
    const ask = guess({ label: "your guess", name: "guess", min: low, max: high, step: jump, value: 0, format: short, change: () => draw() });
    const next = button("", "next", () => (step++, draw()));
    el.append(
      question("What does each operation pass back?", "Record the tape, guess the slope of w, then go back from the loss."),
      controls(weight.node),
      place.frame, line,
      controls(ask.node, next),
      node,
      h("p", { class: "nn-help" }, "Above each entry, in blue: its value. Below it, in red and italics: the slope of the loss with respect to it, then its number. The last entry is the loss. On the way back, the local slopes are written at the arcs."),
    );
    draw();
  },
};
