// Trainings with one fault each: their losses and readings by epoch, and a
// diagnosis that the reader makes before the record is opened.
import { button, controls, expose, h, player, plot, question, select, sentence, set, slider, svg } from "./shared.js";

const LOSSES = ["nn-blue", "nn-vermillion nn-dashed"];
const LAYERS = ["nn-green", "nn-orange nn-dashed", "nn-purple nn-dotted"];
/** 10⁻⁶, and 1 rather than 10⁰. */
const power = (v) => (v === 0 ? "1" : `10${[...String(v)].map((c) => "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"["-0123456789".indexOf(c)]).join("")}`);
/** 0.013, 25 or 3.4 · 10⁻⁶: two digits of a number of 0 or more, as text. */
function brief(v) {
  if (v === 0) return "0";
  const exponent = Math.floor(Math.log10(v));
  if (exponent < -2 || exponent > 3) return `${(v / 10 ** exponent).toFixed(1)} · ${power(exponent)}`;
  return v.toFixed(Math.max(0, 1 - exponent));
}

export default {
  render({ model, el }) {
    const [causes, reasons, marks, most] = ["causes", "reasons", "marks", "epochs"].map(model.get);
    const names = [...causes].sort();
    const made = causes.map(() => ({ guess: 0, open: false })); // diagnoses
    let [patient, epoch] = [0, most];
    const { node, say } = sentence();

    /** A plot of one quantity: `values` (patients, lines, times) end at the
     *  last epoch, `limits` are those of the axis, of powers of 10 if `log`. */
    const panels = Object.entries(model.get("quantities")).map(([name, { title, values, limits, log }]) => {
      const [looks, tall] = name === "loss" ? [LOSSES, 190] : [LAYERS, 130];
      const [, n, times] = values.shape;
      const first = most + 1 - times; // the epoch of the first value
      const height = (v) => (log ? Math.log10(Math.max(v, 10 ** limits[0])) : v);
      const lines = looks.slice(0, n).map((look) => svg("polyline", { class: `nn-thick ${look}` }));
      const of = (k) => Array.from(values.data.subarray((patient * n + k) * times, (patient * n + k + 1) * times));
      const now = () => lines.map((_, k) => of(k)[epoch - first] ?? null);
      const powers = [...Array(limits[1] + 1 - limits[0]).keys()].map((k) => limits[0] + k).filter((v) => v % 2 === 0);
      const ticks = log ? { yticks: powers, ytick: power } : { yticks: [0, 0.5, 1] };
      const p = plot({ x: [0, most], y: limits, xlabel: "epoch", height: () => tall, draw: () => draw(), ...ticks });
      p.area.append(...lines);
      const paint = () => lines.forEach((line, k) => {
        const seen = of(k).slice(0, epoch - first + 1);
        set(line, { points: p.path(seen.map((_, i) => first + i), seen.map(height)) });
      });
      return { name, title, p, paint, now, height, frame: h("div", {}, h("div", { class: "nn-small" }, title), p.frame) };
    });
    const [losses, ...readings] = panels;
    const rules = Object.entries(marks).map(([name, value], i) => {
      const line = svg("line", { class: "nn-thin nn-dotted nn-grey" });
      const text = svg("text", { class: "nn-label nn-quiet nn-halo", "text-anchor": "end" }, name);
      return { line, text, put: ({ p, height }) => {
        const y = p.Y(height(value));
        set(line, { x1: 0, x2: p.width, y1: y, y2: y });
        set(text, { x: p.width - 4, y: y + (i ? 15 : -5) });
      } };
    });
    losses.p.area.prepend(...rules.flatMap(({ line, text }) => [line, text]));

    function draw() {
      const [mine, cause] = [made[patient], causes[patient]];
      panels.forEach((panel) => panel.paint());
      rules.forEach((rule) => rule.put(losses));
      const shown = Object.fromEntries(panels.map(({ name, now }) => [name, now()]));
      const words = ({ name }) => shown[name].map((v) => (v === null ? "unknown" : brief(v)));
      const when = `Patient ${patient + 1}, epoch ${epoch}`;
      const [training, validation] = words(losses);
      const text = `${when}: training loss ${training}, validation loss ${validation}.`;
      panels.forEach((one) => one.p.node.setAttribute("aria-label", `${one.title} by epoch. ${when}: ${words(one).join(", ")}.`));
      const open = made.filter((one) => one.open);
      const right = made.filter((one, k) => one.open && names[one.guess - 1] === causes[k]).length;
      const verdict = names[mine.guess - 1] === cause ? "Your diagnosis was right" : `Your diagnosis was: ${names[mine.guess - 1]}`;
      const answer = mine.open ? `Patient ${patient + 1}: ${cause}. ${reasons[patient]} ${verdict}; ${right} of ${open.length} so far.` : text;
      say(answer);
      diagnosis.input.value = mine.guess;
      diagnosis.input.disabled = mine.open;
      record.disabled = mine.open || mine.guess === 0;
      expose(el, { patient, epoch, shown, guess: names[mine.guess - 1] ?? null, open: mine.open, cause: mine.open ? cause : null, right, opened: open.length });
    }
    const move = (v) => ((epoch = v), steps.put(v), draw());
    const steps = slider({ label: "epoch", name: "epoch", min: 0, max: most, step: 1, value: epoch, format: String, change: (v) => (play.stop(), (epoch = v), draw()) });
    const play = player(() => epoch < most && (move(epoch + 1), true), { rewind: () => epoch === most && move(0) });
    const choice = select({ label: "patient", name: "patient", options: causes.map((_, k) => String(k + 1)), change: (k) => (play.stop(), (patient = k), draw()) });
    const diagnosis = select({ label: "your diagnosis", name: "diagnosis", options: ["?", ...names], change: (k) => ((made[patient].guess = k), draw()) });
    const record = button("Open the record", "open", () => ((made[patient].open = true), draw()));
    el.append(
      question("What is wrong with this network?", "Choose a patient, look at the readings, make your diagnosis, and open the record."),
      controls(choice.node, play.node, steps.node),
      losses.frame,
      h("div", { class: "nn-four" }, ...readings.map(({ frame }) => frame)),
      controls(diagnosis.node, record),
      node,
      h("p", { class: "nn-help" }, "Losses: blue, training; red, dashed, validation. Readings: green, first layer; orange, dashed, second layer; purple, dotted, third layer. A value outside an axis, such as 0 on one of powers of 10, is drawn at its edge."),
    );
    draw();
    return () => play.stop();
  },
};
