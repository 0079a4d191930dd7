// Ten layers of random weights: how large their activations and slopes are,
// when the variance of the weights changes.
import { choice, controls, expose, h, list, plot, question, scientific, sentence, set, short, svg } from "./shared.js";

const VARIANCES = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 1.5, 1.8, 2, 2.2, 2.5, 3, 5, 10, 20, 50, 100]; // times 1 / n_in
const HE = 2;
const kinds = ["activations", "slopes"];
const looks = ["nn-blue", "nn-vermillion"];

export default {
  render({ model, el }) {
    // of each layer with He's variance: the size, and the counts of a
    // histogram of the logarithms
    const sizes = kinds.map((kind) => list(model.get(kind).sizes));
    const counts = kinds.map((kind) => model.get(kind).counts);
    const [low, high] = list(model.get("range"));
    const [depth, bins] = counts[0].shape;
    let variance = model.get("variance") ?? VARIANCES[0];
    const { node, say } = sentence();

    // ReLU without biases: twice the weights, twice the activations. So layer
    // k multiplies by the root of variance / HE once more than layer k - 1.
    const factors = [(k) => k + 1, (k) => depth - 1 - k]; // weights on the way, forwards and backwards
    const shift = (kind, k) => (factors[kind](k) * Math.log10(variance / HE)) / 2;
    const tick = (v) => scientific(10 ** v);
    const panels = kinds.map((kind, n) => {
      const p = plot({
        x: [-14, 11], y: [depth + 0.3, 0], xlabel: n ? "slope dZ" : "activation", ylabel: "layer", height: () => 300, draw: () => draw(),
        xticks: [-12, -8, -4, 0, 4, 8], yticks: Array.from({ length: depth }, (_, k) => k + 1), xtick: tick,
      });
      const ridges = Array.from({ length: depth }, () => svg("polygon", { class: `nn-thin nn-ridge ${looks[n]}` }));
      p.area.append(...ridges);
      return { p, ridges };
    });

    function draw() {
      panels.forEach(({ p, ridges }, n) => ridges.forEach((ridge, k) => {
        const row = Array.from(counts[n].data.subarray(k * bins, (k + 1) * bins));
        const most = Math.max(...row);
        const xs = [low, ...row.map((_, i) => low + ((i + 0.5) * (high - low)) / bins), high].map((x) => x + shift(n, k));
        set(ridge, { points: p.path(xs, [k + 1, ...row.map((count) => k + 1 - (0.85 * count) / most), k + 1]) });
      }));
      const now = kinds.map((_, n) => sizes[n].map((size, k) => size * 10 ** shift(n, k)));
      const he = variance === HE ? ", that of He" : "";
      const said = now.map((all) => all.map(scientific));
      const text = `The variance is ${short(variance)}/n${he}, so each layer multiplies the mean square by ${short(variance / 2)}. The activations have the size ${said[0][0]} in layer 1 and ${said[0].at(-1)} in layer ${depth}, the slopes ${said[1].at(-1)} in layer ${depth} and ${said[1][0]} in layer 1.`;
      say(text);
      panels.forEach(({ p }, n) => p.node.setAttribute("aria-label", `Histograms of the ${kinds[n]} of ${depth} layers, one below another, on a logarithmic axis. ${text}`));
      expose(el, { variance, activations: now[0], slopes: now[1] });
    }
    const slide = choice({ label: "variance", name: "variance", values: VARIANCES, value: variance, format: (v) => `${short(v)}/n${v === HE ? " (He)" : ""}`, change: (v) => ((variance = v), draw()) });
    const marks = h("datalist", { id: `${el.id}-marks` }, h("option", { value: VARIANCES.indexOf(HE), label: "He" }));
    slide.input.setAttribute("list", marks.id);
    el.append(
      question("Which variance keeps ten layers alive?", "n is the number of inputs of a layer. Guess, then move the slider until all histograms lie below one another."),
      h("div", { class: "nn-columns" }, ...panels.map(({ p }) => p.frame)),
      controls(slide.node, marks),
      node,
      h("p", { class: "nn-help" }, "Each curve is the histogram of one layer, without the zeros. The slopes start from random ones of size 1 above layer 10. The mark under the slider is He's variance, 2/n."),
    );
    draw();
  },
};
