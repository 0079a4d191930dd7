// What all figures share: arrays from Python, the forward pass of a network,
// controls with names, a plot with axes, and a sentence that is read aloud.

const types = { float32: Float32Array, float64: Float64Array, uint8: Uint8Array, int32: Int32Array, float16: Uint16Array };

/** The number that 16 bits stand for; not every browser has a Float16Array. */
function half(bits) {
  const [exponent, fraction] = [(bits >> 10) & 31, bits & 1023];
  const size = exponent ? (1024 + fraction) * 2 ** (exponent - 25) : fraction * 2 ** -24;
  return bits >> 15 ? -size : size;
}

/** What _encode in _figure.py wrote: arrays become { shape, data }. */
export function decode(value) {
  if (Array.isArray(value)) return value.map(decode);
  if (value === null || typeof value !== "object") return value;
  if ("base64" in value) {
    const bytes = Uint8Array.from(atob(value.base64), (c) => c.charCodeAt(0));
    const data = new types[value.dtype](bytes.buffer);
    return { shape: value.shape, data: value.dtype === "float16" ? Float32Array.from(data, half) : data };
  }
  return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, decode(v)]));
}

/** A list of numbers, whether Python gave a list or an array. */
export const list = (value) => Array.from(value.data ?? value);

// Networks

/** x (n_in) through one step of a network: a plain array or Float64Array. */
function step(layer, x) {
  if (layer.W) {
    const [rows, columns] = layer.W.shape;
    const [z, W] = [new Float64Array(layer.b.data), layer.W.data];
    for (let i = 0; i < rows; i++)
      if (x[i] !== 0) for (let j = 0; j < columns; j++) z[j] += x[i] * W[i * columns + j];
    return z;
  }
  if (layer.mean) {
    const of = (array, i) => array.data[array.data.length > 1 ? i : 0];
    return Float64Array.from(x, (v, i) => (v - of(layer.mean, i)) / of(layer.std, i));
  }
  if (layer.log) return Float64Array.from(x, (v, i) => (layer.log.includes(i) ? Math.log(v) : v));
  if (layer.frequencies) {
    const [[u, v], place, n] = [layer.middle, x.slice(-2), layer.frequencies.shape[1]];
    const F = layer.frequencies.data;
    const angles = Array.from({ length: n }, (_, j) => (place[0] - u) * F[j] + (place[1] - v) * F[n + j]);
    return Float64Array.from([...x, ...angles.map(Math.sin), ...angles.map(Math.cos)]);
  }
  if (layer.relu) return x.map((v) => Math.max(0, v));
  throw new Error(`no such layer: ${Object.keys(layer)}`);
}

/** Every value of a network for one input: [x, after step 1, ..., output]. */
export function trace(network, x) {
  const values = [x];
  for (const layer of network) values.push((x = step(layer, x)));
  return values;
}

/** The output of a network for one input: logits, or a number in an array. */
export const forward = (network, x) => network.reduce((value, layer) => step(layer, value), x);

export function softmax(z) {
  const top = Math.max(...z);
  const e = z.map((v) => Math.exp(v - top));
  const sum = e.reduce((s, v) => s + v, 0);
  return e.map((v) => v / sum);
}

export const argmax = (values) => values.indexOf(Math.max(...values));

// Elements

const make = (create) => (tag, attributes = {}, ...children) => {
  const node = create(tag);
  for (const [name, value] of Object.entries(attributes))
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (value !== false) node.setAttribute(name, value === true ? "" : value);
  node.append(...children);
  return node;
};
/** h("p", { class: "x", onclick: f }, "text", child): an HTML element. */
export const h = make((tag) => document.createElement(tag));
/** The same for SVG. */
export const svg = make((tag) => document.createElementNS("http://www.w3.org/2000/svg", tag));
export const set = (node, attributes) => {
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
};

/** 1.50, with a true minus sign. */
export const number = (v, digits = 2) => {
  const text = Math.abs(v).toFixed(digits);
  return (v < 0 && Number(text) !== 0 ? "−" : "") + text;
};
/** 1 and −0.5 rather than 1.000 and −0.500. */
export const short = (v) => number(v, 3).replace(/\.?0+$/, "");
/** "+ 1.50" or "− 1.50", for the next term of a sum. */
export const term = (v, digits = 2) => `${v < 0 ? "−" : "+"} ${Math.abs(v).toFixed(digits)}`;
/** 0.12, 36 and 3 · 10⁻⁵: about two digits of any size. */
export const scientific = (v) => {
  if (v === 0 || (Math.abs(v) >= 0.01 && Math.abs(v) < 1000)) return short(Number(v.toPrecision(2)));
  const [digits, power] = v.toExponential(0).split("e");
  const raised = Array.from(String(Number(power)), (c) => "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"["-0123456789".indexOf(c)]).join("");
  return `${digits === "1" ? "" : `${digits.replace("-", "−")} · `}10${raised}`;
};
export const percent = (p, digits = 1) => `${(100 * p).toFixed(digits)} %`;

/** Controls keep the keys that JupyterLab takes for its own shortcuts. */
const keep = { "data-lm-suppress-shortcuts": "true" };

/** `move(right, up)` at each arrow key, -1, 0 or 1 each. */
export function arrows(node, move) {
  const ways = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
  node.addEventListener("keydown", (event) => {
    const way = ways[event.key];
    if (!way || event.ctrlKey || event.altKey || event.metaKey) return;
    event.preventDefault();
    event.stopPropagation();
    move(...way);
  });
}

/** A range input with its label and value; `change(value)` follows the hand. */
export function slider({ label, name, min, max, step, value, format = number, change }) {
  const output = h("output", { "aria-hidden": "true" });
  const input = h("input", { type: "range", name, min, max, step, value, ...keep });
  const node = h("div", { class: "nn-slider" }, h("label", {}, h("span", {}, ...[label].flat()), input), output);
  const show = () => {
    output.textContent = format(Number(input.value));
    input.setAttribute("aria-valuetext", output.textContent);
  };
  input.addEventListener("input", () => (show(), change(Number(input.value))));
  // Firefox moves a slider without steps by 1 at each key, whatever its range
  if (step === "any")
    arrows(input, (right, up) => {
      input.value = Number(input.value) + ((right + up) * (input.max - input.min)) / 100;
      input.dispatchEvent(new Event("input"));
    });
  show();
  const put = (v) => ((input.value = v), show());
  return { node, input, put };
}

/** A slider over a list of values, for those that are not evenly spaced. */
export function choice({ values, value, format = String, change, ...rest }) {
  const at = values.indexOf(value);
  if (at < 0) throw new Error(`${rest.name} must be one of ${values}, but is ${value}`);
  return slider({ ...rest, min: 0, max: values.length - 1, step: 1, value: at, format: (i) => format(values[i]), change: (i) => change(values[i]) });
}

/** A slider for a guess, which is a question mark until the hand has moved
 *  it: `value()` is null until then, and `clear()` asks anew. */
export function guess({ format = number, change, ...rest }) {
  let made = false;
  const s = slider({
    ...rest,
    format: (v) => (made ? format(v) : "?"),
    change: (v) => ((made = true), s.put(v), change(v)),
  });
  const clear = () => ((made = false), s.put(rest.value));
  return { node: s.node, input: s.input, clear, value: () => (made ? Number(s.input.value) : null) };
}

export const button = (label, name, onclick) =>
  h("button", { type: "button", name, onclick, ...keep }, label);

export function select({ label, name, options, value = 0, change }) {
  const list = options.map((text, i) => h("option", { value: i, selected: i === value }, text));
  const onchange = () => change(Number(input.value));
  const input = h("select", { name, onchange, ...keep }, ...list);
  return { node: h("label", { class: "nn-select" }, h("span", {}, label), input), input };
}

export function checkbox({ label, name, checked = false, change }) {
  const onchange = () => change(input.checked);
  const input = h("input", { type: "checkbox", name, checked, onchange, ...keep });
  return h("label", { class: "nn-check" }, input, h("span", {}, label));
}

/** A bar in a cell of a table, with its number; signed ones grow from the
 *  middle. `put(share, text)` takes a share of the whole from 0 (or −1) to 1. */
export function bar({ signed = false } = {}) {
  const fill = h("i");
  const value = h("span");
  const put = (share, text) => {
    const part = Math.min(1, Math.abs(share)) * (signed ? 50 : 100);
    fill.style.width = `${part}%`;
    fill.style.marginLeft = signed ? `${share < 0 ? 50 - part : 50}%` : "0";
    fill.classList.toggle("nn-minus", share < 0);
    value.textContent = text;
  };
  return { node: h("div", { class: signed ? "nn-bar nn-signed" : "nn-bar" }, fill), value, put };
}

export const controls = (...nodes) => h("div", { class: "nn-controls" }, ...nodes);
export const question = (text, hint = "") =>
  h("div", { class: "nn-question" }, h("strong", {}, text), ...(hint ? [" ", hint] : []));

/** A sentence that sees every change, and is read aloud once it rests. */
export function sentence() {
  const shown = h("p", { class: "nn-reading", "aria-hidden": "true" });
  const heard = h("p", { class: "nn-heard", role: "status" });
  let timer = null;
  const say = (text) => {
    shown.textContent = text;
    clearTimeout(timer);
    timer = setTimeout(() => (heard.textContent = text), heard.textContent ? 500 : 0);
  };
  return { node: h("div", {}, shown, heard), say };
}

/** Play and Pause: calls `next()` at a steady pace until it returns false. */
export function player(next, { pace = 100, rewind }) {
  let timer = null;
  const stop = () => {
    clearInterval(timer);
    timer = null;
    node.textContent = "Play";
  };
  const node = button("Play", "play", () => {
    if (timer) return stop();
    rewind();
    node.textContent = "Pause";
    timer = setInterval(() => (node.isConnected && next()) || stop(), pace);
  });
  return { node, stop };
}

/** Numbers in full precision, for whoever reads the page by program. */
export const expose = (el, values) => {
  el.dataset.values = JSON.stringify(values);
};

// Plots

const nice = (low, high, n) => {
  const raw = (high - low) / n;
  const power = 10 ** Math.floor(Math.log10(raw));
  const size = power * [1, 2, 5, 10].find((m) => m * power >= raw * 0.999);
  const first = Math.ceil(low / size - 1e-9);
  const length = Math.floor(high / size + 1e-9) - first + 1;
  return Array.from({ length }, (_, i) => Number(((first + i) * size).toPrecision(12)));
};

/** A frame for an SVG, and the width that it has; `draw()` is called when
 *  this changes. Until the page is laid out, it is taken to be 640. */
export function fit(node, draw) {
  const place = { frame: h("div", { class: "nn-frame" }, node), width: 640 };
  new ResizeObserver(() => {
    const width = place.frame.clientWidth;
    if (width && width !== place.width) ((place.width = width), draw());
  }).observe(place.frame);
  return place;
}

/** A plot as wide as its place. `x` and `y` are [low, high]; `draw()` is
 *  called whenever its size changes; X and Y turn values into pixels of
 *  `area`, an inner SVG that cuts off what leaves it. */
export function plot({ x, y, xlabel = "", ylabel = "", height, draw, xticks, yticks, xtick = String, ytick = String }) {
  const axes = svg("g", { class: "nn-axes", "aria-hidden": "true" });
  const area = svg("svg", { class: "nn-area", "aria-hidden": "true" });
  const node = svg("svg", { class: "nn-plot", role: "img" }, axes, area);
  const [left, right, top, bottom] = [ylabel ? 48 : 34, 14, 8, xlabel ? 38 : 22];
  const place = fit(node, () => (p.layout(), draw()));
  const p = { node, area, x, y, left, top, frame: place.frame, width: 1, height: 1 };
  p.X = (v) => ((v - p.x[0]) / (p.x[1] - p.x[0])) * p.width;
  p.Y = (v) => (1 - (v - p.y[0]) / (p.y[1] - p.y[0])) * p.height;
  p.path = (xs, ys) => Array.from(xs, (v, i) => `${p.X(v).toFixed(3)},${p.Y(ys[i]).toFixed(3)}`).join(" ");
  p.layout = () => {
    const total = height(place.width);
    [p.width, p.height] = [Math.max(10, place.width - left - right), total - top - bottom];
    set(node, { width: place.width, height: total, viewBox: `0 0 ${place.width} ${total}` });
    set(area, { x: left, y: top, width: p.width, height: p.height, "data-domain": [...p.x, ...p.y].join(" ") });
    const text = (content, attributes) => svg("text", attributes, content);
    const minus = (text) => text.replace("-", "−");
    axes.replaceChildren(
      ...(xticks ?? nice(...p.x, Math.max(2, p.width / 70))).flatMap((v) => [
        svg("line", { x1: left + p.X(v), x2: left + p.X(v), y1: top, y2: top + p.height }),
        text(minus(xtick(v)), { x: left + p.X(v), y: top + p.height + 16, "text-anchor": "middle" }),
      ]),
      ...(yticks ?? nice(...p.y, Math.max(2, p.height / 45))).flatMap((v) => [
        svg("line", { x1: left, x2: left + p.width, y1: top + p.Y(v), y2: top + p.Y(v) }),
        text(minus(ytick(v)), { x: left - 6, y: top + p.Y(v) + 4, "text-anchor": "end" }),
      ]),
      text(xlabel, { x: left + p.width / 2, y: total - 4, "text-anchor": "middle" }),
      text(ylabel, { transform: `translate(11 ${top + p.height / 2}) rotate(-90)`, "text-anchor": "middle" }),
    );
  };
  /** Other words under the plot; ticks and lines follow p.x and p.y. */
  p.xlabel = (words) => {
    xlabel = words;
    p.layout();
  };
  p.layout();
  return p;
}

/** A plot under the hand. Where the pointer goes down, `take(x, y)`, in the
 *  units of the axes, gives the place of what is taken, or null; `to(x, y)`
 *  moves it; `move(right, up)` are the arrow keys. A finger that goes up or
 *  down scrolls the page: what it has moved by then, `undo()` puts back. */
export function hand(p, { take = (x, y) => [x, y], to, undo, move, help }) {
  let [held, from] = [null, null]; // from the place of what is taken to the pointer; that place
  const at = ({ clientX, clientY }) => {
    const box = p.node.getBoundingClientRect(); // that of the area grows with the lines that leave it
    const [u, v] = [(clientX - box.left - p.left) / p.width, (clientY - box.top - p.top) / p.height];
    return [p.x[0] + u * (p.x[1] - p.x[0]), p.y[1] - v * (p.y[1] - p.y[0])];
  };
  set(p.node, { tabindex: 0, role: "application", "aria-describedby": help, ...keep });
  p.node.classList.add("nn-hand");
  const follow = (event) => held && to(...at(event).map((v, k) => v - held[k]));
  p.node.addEventListener("pointerdown", (event) => {
    const here = at(event);
    from = event.button === 0 ? take(...here) : null;
    held = from && here.map((v, k) => v - from[k]);
    if (held) p.node.setPointerCapture(event.pointerId);
  });
  p.node.addEventListener("pointermove", follow);
  p.node.addEventListener("pointerup", (event) => (follow(event), (held = null)));
  p.node.addEventListener("pointercancel", () => {
    if (held) undo ? undo() : to(...from);
    held = null;
  });
  arrows(p.node, move);
}

/** The lines value = level over a grid, as the text of one path. `values` is
 *  a list of rows; `place(i, j)` is where column i of row j lies. */
export function contours(values, levels, place) {
  let d = "";
  for (const level of levels)
    for (let j = 0; j + 1 < values.length; j++)
      for (let i = 0; i + 1 < values[j].length; i++) {
        const corners = [[i, j], [i + 1, j], [i + 1, j + 1], [i, j + 1]];
        const cuts = corners.flatMap(([a, b], k) => {
          const [c, e] = corners[(k + 1) % 4];
          const [u, v] = [values[b][a] - level, values[e][c] - level];
          if (u > 0 === v > 0) return [];
          const s = u / (u - v);
          return [place(a + s * (c - a), b + s * (e - b)).map((w) => w.toFixed(3)).join(" ")];
        });
        for (let k = 0; k + 1 < cuts.length; k += 2) d += `M${cuts[k]}L${cuts[k + 1]}`;
      }
  return d;
}

// Life

/** Brings the waiting figures with this key to life, each for itself. Reset,
 *  the last of their controls, starts them anew. */
export function mount(key, figure, state) {
  for (const root of document.querySelectorAll(`figure[data-nn-key="${key}"]:not([data-state])`)) {
    let position = 0;
    while (document.getElementById(`nn-${key}-${position}`)) position++;
    const el = h("div", { class: "nn-live", id: `nn-${key}-${position}` });
    const data = decode(state);
    root.insertBefore(el, root.querySelector(".nn-poster"));
    let end = () => {};
    const start = () => {
      end();
      el.replaceChildren();
      end = figure.render({ model: { get: (name) => data[name] }, el }) ?? end;
      [...el.querySelectorAll(".nn-controls")].at(-1).append(again);
    };
    const again = button("Reset", "reset", () => (start(), again.focus()));
    try {
      start();
      root.dataset.state = "ready";
    } catch (error) {
      root.dataset.state = "failed";
      el.replaceChildren(h("p", { role: "alert" }, `This figure could not start: ${error.message}`));
      throw error;
    }
  }
}
