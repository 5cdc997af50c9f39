// The board in the browser: one SVG that is redrawn in place. Every text is set by textContent or setAttribute.

const SVG = "http://www.w3.org/2000/svg";
const ROW = 21; // height of a row of labels of lines
const NARROW = 480;
const LEAST_PLOT = 150;
const PAUSE = 250; // ms without a key after which a moved line counts as let go
const LOST = 1200; // ms after which a key that never came up counts as up
const STILL = 4; // pixels that a finger or a mouse may tremble
const DASHES = { solid: "none", dash: "7 4", dot: "2 3", dashdot: "9 4 2 4", longdash: "13 5" };
const KEYS = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1, PageDown: -10, PageUp: 10 };
const boards = new WeakMap();

export default function ({ parentElement, data, setTriggerValue }) {
  const root = parentElement.querySelector(".board");
  let board = boards.get(root);
  if (!board) boards.set(root, (board = new Board(root)));
  const run = board.take(data, (what) => setTriggerValue("moved", what));
  // Streamlit also calls the end of a run that a newer one has overtaken; only the newest may end the board.
  return () => board.end(run);
}

const clamp = (value, low, high) => Math.min(Math.max(value, low), Math.max(low, high));
const power = (value) => Math.floor(Math.log10(value) + 1e-9);

/** The largest of 1, 2 and 5 times a power of ten that is not above a number. */
function below(value) {
  const unit = 10 ** power(value);
  return (value >= 5 * unit * (1 - 1e-9) ? 5 : value >= 2 * unit * (1 - 1e-9) ? 2 : 1) * unit;
}

function above(value) {
  const unit = 10 ** power(value);
  return [1, 2, 5, 10].find((factor) => factor * unit >= value * (1 - 1e-9)) * unit;
}

const decimals = (step) => clamp(-power(step), 0, 12);

function written(value, step) {
  if (Math.abs(value) >= 1e7 || (step && step < 1e-7)) return value.toExponential(3).replace("-", "−");
  const digits = decimals(step);
  const text = (Math.abs(value) < 10 ** -digits / 2 ? 0 : value).toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits });
  return text.replace("-", "−");
}

const count = (value) => value.toLocaleString("en-US", { maximumFractionDigits: 1 });
const percent = (share) => (share === 0 ? "0%" : share < 0.01 ? "<0.01%" : `${share.toLocaleString("en-US", { maximumSignificantDigits: share < 10 ? 2 : 3 })}%`);

/** Ticks at the smallest round step at which they stand far enough apart. */
function ticks(low, high, fits) {
  let step = above((high - low) / 14);
  while (step < high - low && !fits(step)) step = above(step * 1.5);
  const found = [];
  for (let place = Math.ceil(low / step - 1e-9); place * step <= high + step * 1e-9; place++) found.push(place * step);
  return { step, at: found };
}

function make(name, parent, names = "") {
  const node = name.startsWith("html:") ? document.createElement(name.slice(5)) : document.createElementNS(SVG, name);
  if (names) node.setAttribute("class", names);
  parent?.append(node);
  return node;
}

/** Set what differs; null takes an attribute away. */
function set(node, values) {
  for (const [name, value] of Object.entries(values)) {
    if (value === null) node.removeAttribute(name);
    else if (node.getAttribute(name) !== String(value)) node.setAttribute(name, value);
  }
  return node;
}

function say(node, text) {
  if (node.textContent !== text) node.textContent = text;
  return node;
}

/** A parent's children, exactly so many, the first ones kept. */
function children(parent, name, wanted, names = "") {
  while (parent.childNodes.length > wanted) parent.lastChild.remove();
  while (parent.childNodes.length < wanted) make(name, parent, names);
  return [...parent.childNodes];
}

class Board {
  constructor(root) {
    this.root = root;
    this.run = 0;
    this.seq = 0;
    this.local = new Map(); // what a person did and the server has not answered: "brush" or "line:id" -> {value, seq}
    this.lines = new Map(); // id -> nodes of a line
    this.widths = new Map();
    this.rows = 0;
    this.cursor = null;
    this.build();
  }

  build() {
    const root = this.root;
    root.setAttribute("role", "figure");
    this.legend = make("html:ul", root, "legend");
    this.stage = make("html:div", root, "stage");
    this.svg = make("svg", this.stage);
    this.grid = make("g", this.svg);
    this.inner = make("svg", this.svg);
    this.zones = make("g", this.inner);
    this.bands = make("g", this.inner);
    this.pointed = make("rect", this.inner, "pointed");
    this.shapes = make("g", this.inner);
    this.curve = set(make("path", this.inner), { fill: "none", "stroke-width": 2, "stroke-dasharray": DASHES.dashdot });
    this.axes = make("g", this.svg);
    this.surface = make("rect", this.svg, "surface");
    this.brush = make("g", this.svg);
    this.brushed = make("rect", this.brush, "brushed");
    this.ends = [make("line", this.brush, "end"), make("line", this.brush, "end")];
    this.reader = set(make("g", this.svg, "reader"), { role: "slider", tabindex: 0 });
    this.mark = make("rect", this.reader, "mark");
    this.readerPlate = make("rect", this.reader, "plate");
    this.readerText = make("text", this.reader, "number");
    this.drawn = make("g", this.svg);
    this.empty = make("text", this.svg, "empty faint");
    this.tip = make("html:div", this.stage, "tip");
    this.clear = make("html:button", this.stage, "clear");
    set(this.clear, { type: "button", "aria-label": "Clear the selection", title: "Clear the selection" });
    say(this.clear, "✕");
    for (const part of [this.grid, this.inner, this.axes]) part.setAttribute("aria-hidden", "true");
    this.hear();
  }

  hear() {
    const svg = this.svg;
    svg.addEventListener("pointerdown", (event) => this.press(event));
    // The focus is where press() has put it; by itself the browser would take it away from the board.
    svg.addEventListener("mousedown", (event) => this.held && event.preventDefault());
    svg.addEventListener("pointermove", (event) => this.move(event));
    svg.addEventListener("pointerup", (event) => this.release(event));
    svg.addEventListener("pointercancel", () => this.drop());
    svg.addEventListener("lostpointercapture", () => this.drop());
    svg.addEventListener("pointerleave", (event) => event.pointerType === "mouse" && !this.held && this.hide());
    svg.addEventListener("dblclick", (event) => event.target.closest("[data-line]") || this.unbrush());
    this.clear.addEventListener("click", () => {
      this.unbrush();
      if (this.data.brushable) this.reader.focus({ preventScroll: true });
    });
    this.reader.addEventListener("keydown", (event) => this.keyOnReader(event));
    this.reader.addEventListener("keyup", () => this.keyUp());
    this.reader.addEventListener("blur", () => (this.settle(), this.hide()));
    this.root.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && event.target === this.clear) this.unbrush();
    });
  }

  /** Take what the server sent; what a person did since then stays until the server has heard of it. */
  take(data, emit) {
    this.emit = emit;
    const before = this.data;
    this.data = data;
    for (const [what, entry] of this.local) {
      const gone = what !== "brush" && !data.lines.some((line) => `line:${line.id}` === what);
      if (entry.seq <= data.heard || gone) this.local.delete(what);
    }
    if (this.typing && this.typing.id !== null && !this.line(this.typing.id)) this.typing = null;
    if (this.held?.id && !this.line(this.held.id)) this.held = null;
    const named = (found) => JSON.stringify([found?.axis, found?.lines.map((line) => [line.id, line.label])]);
    if (named(before) !== named(data)) this.rows = 0;
    if (this.cursor !== null) this.cursor = clamp(this.cursor, 0, data.edges.length - 2);
    if (!this.watch) {
      this.watch = new ResizeObserver(() => this.resized());
      this.watch.observe(this.root);
    }
    this.shares = data.groups.map((group) => {
      const total = group.counts.reduce((sum, one) => sum + one, 0);
      return { total, of: group.counts.map((one) => (total ? (100 * one) / total : 0)) };
    });
    this.span = data.edges[data.edges.length - 1] - data.edges[0];
    this.grain = 10 ** power(this.span / 400);
    // Digits of the edges: as few as say where a bin begins, to a twentieth of its width.
    const width = this.span / (data.edges.length - 1);
    const exact = (unit) => data.edges.every((edge) => Math.abs(edge - Math.round(edge / unit) * unit) < width / 20);
    const first = 10 ** power(width);
    this.fine = [first, first / 10, first / 100].find(exact) ?? first / 100;
    this.draw();
    return ++this.run;
  }

  end(run) {
    if (run !== this.run) return;
    this.watch?.disconnect();
    this.watch = null;
    clearTimeout(this.timer);
  }

  resized() {
    const width = this.stage.clientWidth;
    if (width !== this.width && width > 0) {
      this.rows = 0;
      this.draw();
    }
  }

  line(id) {
    return this.data.lines.find((line) => line.id === id);
  }

  /** Where a line is: in a person's hand, put down and not yet heard of, or as the server says. */
  at(line) {
    if (this.held?.id === line.id) return this.held.value;
    if (this.typing?.id === line.id) return this.typing.value;
    return this.local.get(`line:${line.id}`)?.value ?? line.value;
  }

  interval() {
    if (this.held?.brush !== undefined) return this.held.brush;
    if (this.typing?.brush !== undefined) return this.typing.brush;
    const own = this.local.get("brush");
    return own ? own.value : this.data.brush;
  }

  limits(line) {
    const [low, high] = [this.data.edges[0], this.data.edges[this.data.edges.length - 1]];
    const value = line.value ?? low;
    return [Math.max(line.least ?? -Infinity, Math.min(low, value)), Math.min(line.most ?? Infinity, Math.max(high, value))];
  }

  round(value) {
    return Number((Math.round(value / this.grain) * this.grain).toFixed(decimals(this.grain)));
  }

  // ---- drawing

  draw() {
    if (!this.data) return;
    const width = this.stage.clientWidth;
    if (!width) return; // hidden, as in a closed tab; the observer calls again
    this.width = width;
    this.narrow = width < NARROW;
    const style = getComputedStyle(this.root);
    const font = `${style.fontFamily}`;
    if (font !== this.font) this.widths.clear();
    this.font = font;
    set(this.root, { "aria-label": this.data.alt });
    this.drawLegend();
    this.frame();
    this.drawAxes();
    this.drawShapes();
    this.drawLines();
    this.drawBrush();
    if (this.tipAt && !this.held) this.point(this.tipAt.bin, this.tipAt.x, this.tipAt.y);
  }

  measure(text, weight = 400) {
    const name = `${weight} ${text}`;
    if (!this.widths.has(name)) {
      this.pen ??= document.createElement("canvas").getContext("2d");
      this.pen.font = `${weight} 12px ${this.font}`;
      this.widths.set(name, this.pen.measureText(text).width);
      if (this.widths.size > 2000) this.widths.clear();
    }
    return this.widths.get(name) ?? this.pen.measureText(text).width;
  }

  short(text, room) {
    if (this.measure(text) <= room) return text;
    let end = text.length - 1;
    while (end > 1 && this.measure(`${text.slice(0, end).trimEnd()}…`) > room) end--;
    return `${text.slice(0, end).trimEnd()}…`;
  }

  /** Sizes of the plot and its scales; the labels of the vertical axis need its height, which needs its width. */
  frame() {
    const { data, width } = this;
    const wanted = Math.max(data.height - this.legend.offsetHeight - 4, LEAST_PLOT + 60);
    const beside = data.curve && !this.narrow;
    this.right = width - (beside ? 44 : 10);
    this.x = (value) => this.left + ((value - data.edges[0]) / this.span) * (this.right - this.left);
    this.value = (x) => data.edges[0] + ((x - this.left) / (this.right - this.left)) * this.span;
    this.upright(wanted - this.rows * ROW - 46);
    for (let pass = 0; pass < 2; pass++) {
      // Room for three digits is kept, so that the plot does not move when the top of the axis does.
      const text = Math.max(this.measure("100"), ...this.yTicks.map((tick) => this.measure(tick.text)));
      this.left = 22 + text + 8;
      this.placed = this.place();
      this.rows = Math.max(this.rows, this.needed());
      this.top = 6 + this.rows * ROW;
      this.height = Math.max(wanted, this.top + LEAST_PLOT + 43);
      this.bottom = this.height - 43;
      this.upright(this.bottom - this.top);
    }
    const plot = { x: this.left, y: this.top, width: this.right - this.left, height: this.bottom - this.top };
    set(this.svg, { width, height: this.height });
    set(this.inner, { ...plot, viewBox: `${plot.x} ${plot.y} ${plot.width} ${plot.height}` });
    set(this.surface, plot);
    this.root.classList.toggle("brushable", data.brushable);
  }

  /** Rows of labels above the plot. They are added only, until the lines or the width change: nothing jumps. */
  needed() {
    return this.placed.reduce((most, one) => Math.max(most, one.row + 1), 0);
  }

  /** The vertical axis on a plot of some height. */
  upright(height) {
    const top = this.shares.reduce((most, group) => Math.max(most, ...group.of), 0);
    if (this.data.log) {
      const least = this.shares.reduce((low, group) => group.of.reduce((now, one) => (one > 0 ? Math.min(now, one) : now), low), Infinity);
      // The lowest bar has some height too, so that it cannot be taken for none.
      const low = least === Infinity ? -2 : Math.max(Math.ceil(Math.log10(least) - 1e-9) - 1, -7);
      const high = Math.max(top > 0 ? Math.ceil(Math.log10(top) - 1e-9) : 2, low + 1);
      this.y = { low, high };
      const every = Math.max(Math.ceil(((high - low) * 26) / height), 1);
      this.yTicks = [];
      for (let at = high; at >= low; at -= every) this.yTicks.push({ at, text: at < -4 ? `1e−${-at}` : written(10 ** at, 10 ** at) });
    } else {
      const high = top > 0 ? top * 1.04 : 100;
      this.y = { low: 0, high };
      const found = ticks(0, high, (step) => (step / high) * height >= 26);
      this.yTicks = found.at.map((at) => ({ at, text: written(at, found.step) }));
    }
  }

  level(share) {
    const found = this.data.log ? (share > 0 ? Math.log10(share) : -Infinity) : share;
    return this.bottom - clamp((found - this.y.low) / (this.y.high - this.y.low), 0, 1) * (this.bottom - this.top);
  }

  drawLegend() {
    const { data } = this;
    const entries = data.groups.map((group) => ({ name: group.name, look: group.area ? "area" : "line", ...group }));
    if (data.curve) entries.push({ name: this.narrow ? `${data.curve.name} (top is 1)` : data.curve.name, look: "line", colour: data.curve.colour, dash: "dashdot" });
    for (const zone of data.zones) entries.push({ name: zone.label, look: "zone", colour: zone.colour });
    const bands = new Set();
    for (const line of data.lines) {
      if (line.value === null) entries.push({ name: `${line.label}: no value`, look: "upright", colour: line.colour, dash: line.dash });
      else if (line.low !== null && line.high !== null && !bands.has(line.band + line.colour)) {
        bands.add(line.band + line.colour);
        entries.push({ name: line.band, look: "zone", colour: line.colour });
      }
    }
    const told = JSON.stringify(entries.map((entry) => [entry.name, entry.look, entry.colour, entry.dash]));
    if (told === this.told) return;
    this.told = told;
    this.legend.replaceChildren();
    for (const entry of entries) {
      const item = make("html:li", this.legend);
      this.swatch(entry, item);
      say(make("html:span", item), entry.name);
    }
  }

  swatch(entry, parent) {
    const svg = set(make("svg", parent, "swatch"), { viewBox: "0 0 26 12", "aria-hidden": "true" });
    const dash = DASHES[entry.dash] ?? "none";
    if (entry.look === "zone") set(make("rect", svg), { x: 1, y: 1, width: 24, height: 10, rx: 2, fill: entry.colour, "fill-opacity": 0.3 });
    else if (entry.look === "area") {
      set(make("rect", svg), { x: 1, y: 1.5, width: 24, height: 10, fill: entry.colour, "fill-opacity": 0.35 });
      set(make("path", svg), { d: "M1 1.5H25", stroke: entry.colour, "stroke-width": 1.5, "stroke-dasharray": dash });
    } else set(make("path", svg), { d: entry.look === "upright" ? "M13 0V12" : "M0 6H26", stroke: entry.colour, "stroke-width": 2, "stroke-dasharray": dash });
    return svg;
  }

  drawAxes() {
    const { data, left, right, top, bottom } = this;
    const lines = children(this.grid, "line", this.yTicks.length, "grid");
    this.yTicks.forEach((tick, n) => {
      const y = bottom - ((tick.at - this.y.low) / (this.y.high - this.y.low)) * (bottom - top);
      set(lines[n], { x1: left, x2: right, y1: y, y2: y });
      tick.y = y;
    });
    const [low, high] = [data.edges[0], data.edges[data.edges.length - 1]];
    const across = ticks(low, high, (step) => {
      const widest = Math.max(this.measure(written(low, step)), this.measure(written(high, step)));
      return (step / this.span) * (right - left) >= Math.max(widest + 16, this.narrow ? 44 : 60);
    });
    const texts = [];
    let end = -Infinity;
    for (const at of across.at) {
      const text = written(at, across.step);
      const half = this.measure(text) / 2;
      const x = this.x(at);
      texts.push({ line: [x, bottom, x, bottom + 4] });
      if (x - half < end + 8 || x + half > this.width) continue;
      end = x + half;
      texts.push({ text, x, y: bottom + 19, anchor: "middle" });
    }
    for (const tick of this.yTicks) texts.push({ text: tick.text, x: left - 7, y: tick.y + 4, anchor: "end" });
    texts.push({ line: [left, bottom, right, bottom] });
    texts.push({ text: this.short(data.axis, right - left), whole: data.axis, x: (left + right) / 2, y: bottom + 37, anchor: "middle", faint: true });
    const title = this.short(data.share, bottom - top);
    texts.push({ text: title, whole: data.share, x: 11, y: (top + bottom) / 2, anchor: "middle", faint: true, turn: -90 });
    if (data.curve && !this.narrow) {
      for (const at of [0, 0.5, 1]) texts.push({ text: String(at), x: right + 6, y: this.high(at) + 4, anchor: "start" });
      const name = this.short(data.curve.name, bottom - top);
      texts.push({ text: name, whole: data.curve.name, x: right + 38, y: (top + bottom) / 2, anchor: "middle", faint: true, turn: 90 });
    }
    const nodes = children(this.axes, "g", texts.length);
    texts.forEach((one, n) => this.write(nodes[n], one));
    const nothing = this.shares.every((group) => group.total === 0);
    say(this.empty, nothing ? "Nothing to count here" : "");
    set(this.empty, { x: (left + right) / 2, y: (top + bottom) / 2 });
  }

  /** A text or a tick of the axes; its nodes are kept. */
  write(node, one) {
    const name = one.line ? "line" : "text";
    if (node.firstChild?.nodeName !== name) node.replaceChildren(make(name, null));
    const part = node.firstChild;
    const shortened = one.whole && one.whole !== one.text;
    if (shortened && !node.lastChild.matches("title")) make("title", node);
    if (shortened) say(node.lastChild, one.whole);
    else if (node.lastChild !== part) node.lastChild.remove();
    if (one.line) {
      const [x1, y1, x2, y2] = one.line;
      set(part, { x1, y1, x2, y2, class: "axis" });
      return;
    }
    say(part, one.text);
    set(part, { x: one.x, y: one.y, "text-anchor": one.anchor, class: one.faint ? "faint" : "faint number", transform: one.turn ? `rotate(${one.turn} ${one.x} ${one.y})` : null });
  }

  /** Height of the curve's axis from 0 to 1. */
  high(value) {
    return this.bottom - value * (this.bottom - this.top) * 0.95;
  }

  drawShapes() {
    const { data } = this;
    const [low, high] = [data.edges[0], data.edges[data.edges.length - 1]];
    const box = (node, from, to, colour, opacity) => {
      const [a, b] = [clamp(from ?? low, low, high), clamp(to ?? high, low, high)].map(this.x);
      set(node, { x: a, y: this.top, width: Math.max(b - a, 0), height: this.bottom - this.top, fill: colour, "fill-opacity": opacity });
    };
    const zones = children(this.zones, "rect", data.zones.length);
    data.zones.forEach((zone, n) => box(zones[n], zone.low, zone.high, zone.colour, 0.16));
    this.box = box;
    const shapes = children(this.shapes, "g", data.groups.length);
    data.groups.forEach((group, n) => {
      const [fill, outline] = children(shapes[n], "path", 2);
      const path = this.steps(this.shares[n]);
      set(fill, { d: group.area && path ? `${path}Z` : "", fill: group.colour, "fill-opacity": 0.28 });
      set(outline, { d: path, fill: "none", stroke: group.colour, "stroke-width": group.area ? 1.25 : 2, "stroke-dasharray": DASHES[group.dash], "stroke-linejoin": "round" });
    });
    const curve = data.curve;
    set(this.curve, { d: curve ? curve.x.map((x, n) => `${n ? "L" : "M"}${this.x(x).toFixed(1)} ${this.high(curve.y[n]).toFixed(1)}`).join("") : "", stroke: curve?.colour ?? "none" });
  }

  steps(share) {
    if (!share.total) return "";
    const parts = [`M${this.x(this.data.edges[0]).toFixed(1)} ${this.bottom.toFixed(1)}`];
    share.of.forEach((one, n) => parts.push(`V${this.level(one).toFixed(1)}H${this.x(this.data.edges[n + 1]).toFixed(1)}`));
    return `${parts.join("")}V${this.bottom.toFixed(1)}`;
  }

  /** Where the labels of the lines stand: in rows above the plot, each beside its own stem and on nobody else's. */
  place() {
    const { left, right } = this;
    const room = this.narrow ? (right - left) * 0.62 : 300;
    const wanted = this.data.lines.filter((line) => line.value !== null).map((line) => {
      const value = this.at(line);
      const x = this.x(value);
      const side = x < left - 0.5 ? -1 : x > right + 0.5 ? 1 : 0;
      const number = `${side < 0 ? "← " : ""}${written(value, this.grain)}${side > 0 ? " →" : ""}`;
      const label = this.short(line.label, room - this.measure(number, 600));
      const width = this.measure(label) + this.measure(number, 600) + 18;
      return { line, value, side, number, label, width, x: clamp(x, left, right) };
    });
    const ways = [-1, 1].map((way) => this.stack(wanted.map((one) => ({ ...one })), way));
    // While a line is moved the order is kept where it is as good, so that labels do not hop.
    const best = ways[0].cost < ways[1].cost || (ways[0].cost === ways[1].cost && this.way !== 1) ? 0 : 1;
    this.way = best ? 1 : -1;
    return ways[best].placed;
  }

  /** Stack labels from the right (way -1) or from the left; each flies from its stem like a flag, or to the other side. */
  stack(wanted, way) {
    const edge = this.width;
    const order = [...wanted].sort((a, b) => way * (a.x - b.x));
    const done = [];
    let cost = 0;
    const covers = (start, one, x) => x > start - 2 && x < start + one.width + 2;
    for (const one of order) {
      const flags = [one.x, one.x - one.width];
      const starts = [...(way < 0 ? flags : flags.reverse()), one.x - one.width / 2].filter((start) => start >= 0 && start + one.width <= edge);
      if (!starts.length) starts.push(clamp(one.x - one.width / 2, 0, edge - one.width));
      const later = order.slice(done.length + 1);
      const free = (row, start) => done.every((other) =>
        (other.row !== row || start >= other.start + other.width + 4 || start + one.width + 4 <= other.start) &&
        (other.row >= row || !covers(other.start, other, one.x)) && (other.row <= row || !covers(start, one, other.x)));
      const fit = (alone) => {
        for (let row = 0; row <= done.length; row++) {
          const start = starts.find((place) => free(row, place) && (!alone || later.every((other) => !covers(place, one, other.x))));
          if (start !== undefined) return { row, start };
        }
        return null;
      };
      const spot = fit(true) ?? fit(false);
      if (!spot) cost += 10;
      Object.assign(one, spot ?? { row: done.length, start: starts[0] });
      cost = Math.max(cost, cost - (cost % 10) + one.row + 1);
      done.push(one);
    }
    return { placed: wanted, cost };
  }

  drawLines() {
    const here = new Set(this.placed.map((one) => one.line.id));
    for (const [id, parts] of this.lines) {
      if (here.has(id)) continue;
      parts.node.remove();
      this.lines.delete(id);
    }
    const banded = this.data.lines.filter((line) => line.value !== null && line.low !== null && line.high !== null);
    const bands = children(this.bands, "rect", banded.length);
    banded.forEach((line, n) => {
      const away = this.at(line) - line.value;
      this.box(bands[n], line.low + away, line.high + away, line.colour, 0.13);
    });
    for (const one of this.placed) this.drawLine(one);
  }

  drawLine(one) {
    const { line, x, side } = one;
    const parts = this.lines.get(line.id) ?? this.newLine(line.id);
    const plateTop = this.top - 4 - (one.row + 1) * ROW;
    const foot = plateTop + ROW - 3;
    set(parts.node, { class: `line${line.movable ? " movable" : ""}${this.held?.id === line.id || this.typing?.id === line.id ? " held" : ""}` });
    set(parts.hit, { x1: x, x2: x, y1: foot, y2: this.bottom });
    set(parts.stem, { x1: x, x2: x, y1: foot, y2: this.bottom, stroke: line.colour, "stroke-dasharray": DASHES[line.dash] });
    const middle = (this.top + this.bottom) / 2;
    set(parts.arrow, { d: side ? `M${x - side * 10} ${middle - 7}L${x} ${middle}L${x - side * 10} ${middle + 7}Z` : "", fill: line.colour });
    set(parts.plate, { x: one.start, y: plateTop, width: one.width, height: ROW - 3, rx: 4, stroke: line.colour });
    set(parts.ring, { x: one.start - 3, y: plateTop - 3, width: one.width + 6, height: ROW + 3, rx: 6 });
    set(parts.text, { x: one.start + 6, y: plateTop + 13 });
    say(parts.name, one.label);
    set(parts.number, { x: one.start + one.width - 6, y: plateTop + 13 });
    say(parts.number, one.number);
    const grip = line.movable ? {} : { display: "none" };
    set(parts.grip, { x: x - 4.5, y: this.top + 5, width: 9, height: 20, rx: 3, fill: line.colour, display: grip.display ?? null });
    set(parts.ridge, { d: `M${x - 1.5} ${this.top + 11}v8M${x + 1.5} ${this.top + 11}v8`, display: grip.display ?? null });
    say(parts.title, one.label === line.label ? "" : line.label);
    const [least, most] = this.limits(line);
    const slider = line.movable;
    set(parts.node, {
      tabindex: slider ? 0 : null,
      role: slider ? "slider" : "img",
      "aria-orientation": slider ? "horizontal" : null,
      "aria-label": slider ? line.label : `${line.label} ${one.number}`,
      "aria-valuenow": slider ? Number(one.value.toPrecision(12)) : null,
      "aria-valuemin": slider ? least : null,
      "aria-valuemax": slider ? most : null,
      "aria-valuetext": slider ? written(one.value, this.grain) : null,
    });
  }

  newLine(id) {
    const node = make("g", this.drawn);
    const parts = { node };
    parts.title = make("title", node);
    parts.hit = make("line", node, "hit");
    parts.stem = make("line", node, "stem");
    parts.arrow = make("path", node);
    parts.plate = make("rect", node, "plate");
    parts.ring = make("rect", node, "ring");
    parts.text = make("text", node);
    parts.name = make("tspan", parts.text);
    parts.number = set(make("text", node, "value"), { "text-anchor": "end" });
    parts.grip = make("rect", node, "grip");
    parts.ridge = make("path", node, "ridge");
    node.dataset.line = id;
    node.addEventListener("keydown", (event) => this.keyOnLine(event, id));
    node.addEventListener("keyup", () => this.keyUp());
    node.addEventListener("blur", () => (this.settle(), this.hide()));
    this.lines.set(id, parts);
    return parts;
  }

  drawBrush() {
    const { data, top, bottom, left, right } = this;
    const ends = this.interval();
    const [a, b] = ends ? ends.map((end) => clamp(this.x(end), left, right)) : [0, 0];
    this.brush.setAttribute("display", ends ? "inline" : "none");
    set(this.brushed, { x: a, y: top, width: Math.max(b - a, 1), height: bottom - top });
    this.ends.forEach((end, n) => set(end, { x1: n ? b : a, x2: n ? b : a, y1: top, y2: bottom }));
    this.reader.setAttribute("display", data.brushable ? "inline" : "none");
    const cursor = this.cursor ?? Math.floor((data.edges.length - 1) / 2);
    const [from, to] = [this.x(data.edges[cursor]), this.x(data.edges[cursor + 1])];
    set(this.mark, { x: from, y: top, width: Math.max(to - from, 1), height: bottom - top });
    const told = ends ? `${written(ends[0], this.grain)} to ${written(ends[1], this.grain)}` : "";
    const width = this.measure(told) + 14;
    const button = this.clear.offsetWidth || 22;
    const start = clamp((a + b) / 2 - (width + button + 4) / 2, left + 2, Math.max(right - width - button - 6, left + 2));
    const foot = bottom - 28;
    set(this.readerPlate, { x: start, y: foot, width, height: 20, rx: 4, stroke: "var(--st-primary-color)", display: ends ? null : "none" });
    set(this.readerText, { x: start + 7, y: foot + 14 });
    say(this.readerText, told);
    this.clear.classList.toggle("shown", Boolean(ends) && data.brushable);
    this.clear.style.left = `${start + width + 4}px`;
    this.clear.style.top = `${foot + 10 - button / 2}px`;
    set(this.reader, {
      "aria-label": "Bins; arrow keys read them, with shift they select",
      "aria-orientation": "horizontal",
      "aria-valuemin": data.edges[0],
      "aria-valuemax": data.edges[data.edges.length - 1],
      "aria-valuenow": (data.edges[cursor] + data.edges[cursor + 1]) / 2,
      "aria-valuetext": `${this.described(cursor)}${ends ? `; selected ${told}` : ""}`,
    });
  }

  // ---- reading

  range(bin) {
    return `${written(this.data.edges[bin], this.fine)} to ${written(this.data.edges[bin + 1], this.fine)}`;
  }

  described(bin) {
    const parts = this.data.groups.map((group, n) => `${group.name} ${count(group.counts[bin])}, ${percent(this.shares[n].of[bin])}`);
    return `${this.range(bin)}: ${parts.join("; ")}`;
  }

  bin(x) {
    const value = this.value(x);
    const { edges } = this.data;
    let bin = 0;
    while (bin < edges.length - 2 && value >= edges[bin + 1]) bin++;
    return bin;
  }

  /** Show what is in a bin, beside a place. */
  point(bin, x, y) {
    const { data } = this;
    if (bin > data.edges.length - 2) return this.hide();
    const rows = data.groups.map((group, n) => [{ look: group.area ? "area" : "line", ...group }, group.name, count(group.counts[bin]), percent(this.shares[n].of[bin])]);
    if (data.curve?.x.length) {
      const height = this.heightAt((data.edges[bin] + data.edges[bin + 1]) / 2);
      if (height !== null) rows.push([{ look: "line", colour: data.curve.colour, dash: "dashdot" }, data.curve.name, "", written(height, 0.01)]);
    }
    const [from, to] = [this.x(data.edges[bin]), this.x(data.edges[bin + 1])];
    set(this.pointed, { x: from, y: this.top, width: Math.max(to - from, 1), height: this.bottom - this.top, display: null });
    this.tell(this.range(bin), rows, "", x, y);
    this.tipAt = { bin, x, y };
    return undefined;
  }

  heightAt(place) {
    const { x, y } = this.data.curve;
    if (place < x[0] || place > x[x.length - 1]) return null;
    const n = Math.max(x.findIndex((one) => one >= place), 1);
    if (x.length === 1 || x[n] === x[n - 1]) return y[Math.min(n, y.length - 1)];
    return y[n - 1] + ((y[n] - y[n - 1]) * (place - x[n - 1])) / (x[n] - x[n - 1]);
  }

  /** Share below a place, from the bins; within a bin as if it were even. */
  share(n, place) {
    const { edges, groups } = this.data;
    const { total } = this.shares[n];
    let sum = 0;
    groups[n].counts.forEach((one, bin) => {
      const width = edges[bin + 1] - edges[bin];
      sum += one * (width ? clamp((place - edges[bin]) / width, 0, 1) : Number(place > edges[bin]));
    });
    return total ? (100 * sum) / total : null;
  }

  /** While a line is in hand: which share of each group lies below it. */
  tellLine(line) {
    const value = this.at(line);
    const rows = this.data.groups.flatMap((group, n) => {
      const share = this.share(n, value);
      return share === null ? [] : [[{ look: group.area ? "area" : "line", ...group }, group.name, "", `${percent(share)} below`]];
    });
    const banded = line.low !== null && line.high !== null;
    const note = banded ? "Estimated from the bars, as if the line were the same for every query; counted query by query when let go." : "Estimated from the bars; counted exactly when let go.";
    this.pointed.setAttribute("display", "none");
    this.tell(`${line.label} ${written(value, this.grain)}`, rows, note, this.x(value), (this.top + this.bottom) / 2);
    this.tipAt = null;
  }

  tell(title, rows, note, x, y) {
    const told = JSON.stringify([title, rows, note]);
    if (told !== this.tipTold) {
      this.tipTold = told;
      this.tip.replaceChildren();
      say(make("html:div", this.tip, "tip-title"), title);
      const table = make("html:div", this.tip, "tip-rows");
      for (const [look, name, first, second] of rows) {
        this.swatch(look, table);
        say(make("html:span", table), name);
        say(make("html:span", table, "amount"), first);
        say(make("html:span", table, "amount"), second);
      }
      if (note) say(make("html:div", this.tip, "tip-note"), note);
    }
    const { offsetWidth: width, offsetHeight: height } = this.tip;
    const start = x + 16 + width > this.width ? x - 16 - width : x + 16;
    this.tip.style.left = `${clamp(start, 0, this.width - width)}px`;
    this.tip.style.top = `${clamp(y - height / 2, 0, this.height - height)}px`;
    this.tip.classList.add("shown");
  }

  hide() {
    this.tip.classList.remove("shown");
    this.pointed.setAttribute("display", "none");
    this.tipAt = null;
  }

  // ---- pointer

  where(event) {
    const box = this.svg.getBoundingClientRect();
    return { x: ((event.clientX - box.left) * this.width) / box.width, y: event.clientY - box.top };
  }

  press(event) {
    if (event.button !== 0 || this.held) return;
    const { x, y } = this.where(event);
    const node = event.target.closest?.("[data-line]");
    this.settle();
    const line = node && this.nearest(this.line(node.dataset.line), event.target, x);
    if (line?.movable) {
      this.lines.get(line.id).node.focus({ preventScroll: true });
      this.held = { id: line.id, value: this.at(line), start: this.at(line), grab: x - clamp(this.x(this.at(line)), this.left, this.right), from: x };
      this.tellLine(line);
    } else if (this.data.brushable && y >= this.top && y <= this.bottom) {
      this.reader.focus({ preventScroll: true });
      this.cursor = this.bin(clamp(x, this.left, this.right));
      this.keyed = false;
      this.held = { ...this.grabBrush(event, x), from: x, moved: false, brush: this.interval() };
      if (event.pointerType !== "mouse") this.point(this.bin(x), x, y - 40);
    } else return;
    this.svg.setPointerCapture(event.pointerId);
    this.root.classList.toggle("holding", Boolean(this.held.id));
    if (line?.movable) this.redraw();
  }

  /** Where several lines lie close together, the one nearest to the hand; a label is its own line's. */
  nearest(line, target, x) {
    if (!target.matches(".hit, .stem, .grip, .ridge")) return line;
    const away = (one) => Math.abs(clamp(this.x(this.at(one)), this.left, this.right) - x);
    return this.placed.map((one) => one.line).filter((one) => one.movable).reduce((near, one) => (away(one) < away(near) - 0.5 ? one : near), line);
  }

  /** What of the interval is taken hold of: an end, the whole, or a new one. */
  grabBrush(event, x) {
    const ends = this.interval();
    const n = this.ends.indexOf(event.target);
    if (ends && n >= 0) return { anchor: ends[1 - n] };
    if (ends && event.target === this.brushed) return { slide: ends };
    return { anchor: this.value(clamp(x, this.left, this.right)) };
  }

  move(event) {
    const { x, y } = this.where(event);
    const { held } = this;
    if (!held) {
      if (x >= this.left && x <= this.right && y >= this.top && y <= this.bottom) this.point(this.bin(x), x, y);
      else this.hide();
      return;
    }
    if (held.id) {
      const line = this.line(held.id);
      if (Math.abs(x - held.from) < 1 && held.value === held.start) return;
      const [least, most] = this.limits(line);
      held.value = clamp(this.round(this.value(clamp(x - held.grab, this.left, this.right))), least, most);
      this.redraw();
      this.tellLine(line);
      return;
    }
    if (!held.moved && Math.abs(x - held.from) < STILL) return;
    held.moved = true;
    this.hide();
    held.brush = held.slide ? this.slid(held, x) : this.spanned(held.anchor, this.value(clamp(x, this.left, this.right)));
    this.drawBrush();
  }

  spanned(one, other) {
    const [low, high] = [this.data.edges[0], this.data.edges[this.data.edges.length - 1]];
    const ends = [one, other].map((end) => clamp(this.round(end), low, high)).sort((a, b) => a - b);
    return ends[0] === ends[1] ? null : ends;
  }

  slid(held, x) {
    const [low, high] = [this.data.edges[0], this.data.edges[this.data.edges.length - 1]];
    const away = clamp(this.value(x) - this.value(held.from), low - held.slide[0], high - held.slide[1]);
    return this.spanned(held.slide[0] + away, held.slide[1] + away);
  }

  release(event) {
    const { held } = this;
    if (!held) return;
    this.held = null;
    this.root.classList.remove("holding");
    // A finger that taps reads the bin there.
    if (held.id || held.moved || event.pointerType === "mouse") this.hide();
    if (held.id) {
      if (held.value !== held.start) this.send({ line: held.id, value: held.value });
    } else if (held.moved) this.send(held.brush ? { brush: held.brush } : { cleared: true });
    this.redraw();
  }

  /** The hand was taken away by the system, or Escape was pressed: nothing happened. */
  drop() {
    if (!this.held) return;
    this.held = null;
    this.root.classList.remove("holding");
    this.hide();
    this.redraw();
  }

  unbrush() {
    this.drop();
    if (this.typing?.brush !== undefined) this.typing = null;
    clearTimeout(this.timer);
    if (this.interval() && this.data.brushable) this.send({ cleared: true });
    this.redraw();
  }

  /** Lines and interval only: what follows the hand. */
  redraw() {
    if (!this.width) return;
    this.placed = this.place();
    if (this.needed() > this.rows) this.draw();
    else {
      this.drawLines();
      this.drawBrush();
    }
  }

  // ---- keys

  keyOnLine(event, id) {
    const line = this.line(id);
    if (!line?.movable) return;
    if (event.key === "Escape" && (this.held || this.typing)) {
      this.typing = null;
      this.drop();
      this.hide();
      this.redraw();
    } else if (event.key === "Enter") this.settle();
    else if (event.key in KEYS || event.key === "Home" || event.key === "End") this.typeLine(event, line);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  typeLine(event, line) {
    const [least, most] = this.limits(line);
    const step = line.step ?? below(this.span / 100);
    const now = this.at(line);
    const next = event.key === "Home" ? least : event.key === "End" ? most : now + KEYS[event.key] * step * (event.shiftKey && event.key.startsWith("Arrow") ? 10 : 1);
    const fine = 10 ** Math.min(power(step), power(this.grain));
    this.typing = { id: line.id, value: clamp(Number((Math.round(next / fine) * fine).toFixed(decimals(fine))), least, most) };
    this.redraw();
    this.tellLine(line);
    this.keyDown();
  }

  keyOnReader(event) {
    const last = this.data.edges.length - 2;
    if (event.key === "Escape") {
      if (this.held) this.drop();
      else if (this.typing) {
        this.typing = null;
        clearTimeout(this.timer);
        this.redraw();
      } else this.unbrush();
      this.hide();
    } else if (event.key === "Enter") this.settle();
    else if (event.key in KEYS || event.key === "Home" || event.key === "End") this.typeBrush(event, last);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  /** An arrow reads the next bin; with shift the interval grows or shrinks by it. */
  typeBrush(event, last) {
    const { edges } = this.data;
    const ends = this.interval();
    const extend = event.shiftKey && ends && !this.keyed;
    if (extend) [this.anchor, this.cursor] = ends.map((end, n) => this.bin(this.x(end) - n * 0.01));
    const before = this.cursor ?? Math.floor((last + 1) / 2);
    const fresh = this.cursor === null && !event.shiftKey;
    const next = event.key === "Home" ? 0 : event.key === "End" ? last : before + (fresh ? 0 : KEYS[event.key]);
    this.cursor = clamp(next, 0, last);
    if (event.shiftKey) {
      if (!ends) this.anchor = before;
      this.anchor = clamp(this.anchor, 0, last);
      this.keyed = true;
      const [low, high] = [Math.min(this.anchor, this.cursor), Math.max(this.anchor, this.cursor)];
      this.typing = { id: null, brush: [edges[low], edges[high + 1]] };
      this.keyDown();
    } else this.keyed = false;
    this.drawBrush();
    this.point(this.cursor, (this.x(edges[this.cursor]) + this.x(edges[this.cursor + 1])) / 2, (this.top + this.bottom) / 2);
  }

  keyDown() {
    this.pressed = performance.now();
    this.pressing = true;
    this.wait();
  }

  keyUp() {
    this.pressing = false;
    if (this.typing) this.wait();
  }

  /** A key that is held down is no pause, unless its release was never told. */
  wait() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      if (this.pressing && performance.now() - this.pressed < LOST) this.wait();
      else this.settle();
    }, PAUSE);
  }

  /** What was typed counts from now on. */
  settle() {
    clearTimeout(this.timer);
    const { typing } = this;
    if (!typing) return;
    this.typing = null;
    if (typing.id === null) this.send({ brush: typing.brush });
    else if (typing.value !== this.at(this.line(typing.id))) this.send({ line: typing.id, value: typing.value });
    this.redraw();
  }

  /** Tell the server, and keep what was done until it has heard of it. */
  send(what) {
    this.seq = Math.max(Date.now(), this.seq + 1);
    if (what.line !== undefined) this.local.set(`line:${what.line}`, { value: what.value, seq: this.seq });
    else this.local.set("brush", { value: what.brush ?? null, seq: this.seq });
    this.emit({ seq: this.seq, ...what });
  }
}
