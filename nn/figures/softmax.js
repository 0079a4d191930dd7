// Logits to probabilities to the loss, with a temperature.
import { bar, button, controls, expose, h, list, number, percent, question, sentence, slider, softmax } from "./shared.js";

const REACH = 6; // how far a logit may go from the common shift

export default {
  render({ model, el }) {
    const classes = model.get("classes") ?? ["T-shirt", "Shirt", "Coat"];
    const z = list(model.get("logits") ?? [2, 1, -1]);
    let [truth, T, shift] = [model.get("truth") ?? 1, model.get("temperature") ?? 1, 0];
    const { node, say } = sentence();

    const rows = classes.map((name, k) => {
      const pick = h("input", {
        type: "radio", name: `${el.id}-truth`, value: k, checked: k === truth, "aria-label": `${name} is the true class`,
        "data-lm-suppress-shortcuts": "true", onchange: () => ((truth = k), draw()),
      });
      const logit = slider({
        label: `logit of ${name}`, name: `z${k}`, min: -REACH, max: REACH, step: 0.1, value: z[k],
        format: (v) => number(v, 1), change: (v) => ((z[k] = v), draw()),
      });
      const p = bar();
      const tr = h("tr", {},
        h("th", { scope: "row" }, h("label", {}, pick, name)),
        h("td", { class: "nn-quietlabel" }, logit.node),
        h("td", { class: "nn-barcell" }, p.node), h("td", { class: "nn-number" }, p.value));
      return { tr, logit, p };
    });
    const head = ["true class", "logit z", "probability p"];
    const table = h("table", { class: "nn-table" },
      h("thead", {}, h("tr", {}, ...head.map((text, i) => h("th", { scope: "col", colspan: i > 1 && 2 }, text)))),
      h("tbody", {}, ...rows.map((row) => row.tr)));

    function draw(added = false) {
      const p = softmax(z.map((v) => v / T));
      const top = Math.max(...z);
      const loss = Math.log(z.reduce((s, v) => s + Math.exp((v - top) / T), 0)) - (z[truth] - top) / T;
      rows.forEach((row, k) => {
        row.p.put(p[k], percent(p[k]));
        row.tr.classList.toggle("nn-true", k === truth);
      });
      const result = `With ${classes[truth]} as the true class, p = ${number(p[truth], 3)} and the loss is −log p = ${number(loss, 3)}.`;
      say(added ? `Each logit grew by 1, and no probability changed. ${result}` : result);
      expose(el, { z, T, truth, p, loss });
    }
    function add() {
      shift += 1;
      rows.forEach(({ logit }, k) => {
        z[k] = Number((z[k] + 1).toFixed(6));
        [logit.input.min, logit.input.max] = [shift - REACH, shift + REACH];
        logit.put(z[k]);
      });
      draw(true);
    }

    el.append(
      question("What does confidence cost?", "Guess first: does the loss rise or fall when T grows from 0.5 to 4?"),
      table,
      controls(
        button("Add 1 to every logit", "add", add),
        slider({
          label: "temperature T", name: "T", min: -1, max: 1, step: 0.05, value: Math.log10(T),
          format: (v) => number(10 ** v), change: (v) => ((T = 10 ** v), draw()),
        }).node),
      node,
      h("p", { class: "nn-help" }, "p = softmax(z / T); the loss is −log p of the true class."),
    );
    draw();
  },
};
