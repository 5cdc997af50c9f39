// The plane of the map: points drawn by our own hands into an image, so that 50,000 of them follow the pointer.
// Texts of the corpus arrive as data and are shown as text nodes or drawn on the canvas, never as markup.

const FADED = 0.12, RING = "#e8590c", NEAR = 12, BUCKETS = 24, LEVELS = 3, CROWD = 250, SMALL = 520;
const SHAPES = {
  circle: (g, r) => g.arc(0, 0, r, 0, 7),
  rect: (g, r) => g.rect(-0.85 * r, -0.85 * r, 1.7 * r, 1.7 * r),
  diamond: (g, r) => corners(g, r, [[0, -1], [1, 0], [0, 1], [-1, 0]]),
  triangle: (g, r) => corners(g, r, [[0, -1], [0.95, 0.75], [-0.95, 0.75]]),
  drop: (g, r) => corners(g, r, [[0, 1], [0.95, -0.75], [-0.95, -0.75]]),
  star: (g, r) => corners(g, r, Array.from({ length: 10 }, (_, i) => {
    const long = i % 2 ? 0.45 : 1, turn = (Math.PI * i) / 5;
    return [long * Math.sin(turn), -long * Math.cos(turn)];
  })),
  cross: (g, r) => corners(g, r, [[-0.9, -0.6], [-0.6, -0.9], [0, -0.3], [0.6, -0.9], [0.9, -0.6], [0.3, 0],
    [0.9, 0.6], [0.6, 0.9], [0, 0.3], [-0.6, 0.9], [-0.9, 0.6], [-0.3, 0]]),
  plus: (g, r) => corners(g, r, [[-0.3, -1], [0.3, -1], [0.3, -0.3], [1, -0.3], [1, 0.3], [0.3, 0.3], [0.3, 1],
    [-0.3, 1], [-0.3, 0.3], [-1, 0.3], [-1, -0.3], [-0.3, -0.3]]),
};

function corners(g, r, places) {
  places.forEach(([x, y], i) => (i ? g.lineTo(x * r, y * r) : g.moveTo(x * r, y * r)));
  g.closePath();
}

function unpack(given) {
  const own = given.slice(), size = new DataView(own.buffer).getUint32(0, true);
  const head = JSON.parse(new TextDecoder().decode(own.subarray(4, 4 + size)));
  let at = 4 * Math.ceil((4 + size) / 4);
  const take = (Type, count) => {
    const part = new Type(own.buffer, at, count);
    at += 4 * Math.ceil((count * Type.BYTES_PER_ELEMENT) / 4);
    return part;
  };
  const n = head.points;
  return { head, n, places: take(Float32Array, n * head.dims), codes: take(Uint8Array, n), states: take(Uint8Array, n),
    starts: take(Uint32Array, n + 1), texts: own.subarray(at) };
}

function inside(corners, x, y) {
  let odd = false;
  for (let i = 0, j = corners.length - 1; i < corners.length; j = i++) {
    const [x0, y0] = corners[i], [x1, y1] = corners[j];
    if ((y0 > y) !== (y1 > y) && x < x0 + ((y - y0) * (x1 - x0)) / (y1 - y0)) odd = !odd;
  }
  return odd;
}

function element(tag, name, text = "") {
  const made = document.createElement(tag);
  made.className = name;
  made.textContent = text;
  return made;
}

class Plane {
  constructor(root) {
    this.root = root;
    this.hidden = new Set();
    this.tool = "move";
    this.areas = [];
    this.stamp = null;
    this.sprites = new Map();
    this.fingers = new Map();
    this.build();
  }

  build() {
    this.box = element("div", "plane");
    this.bar = element("div", "bar");
    this.frame = element("div", "frame");
    this.canvas = element("canvas", "points");
    this.canvas.tabIndex = 0;
    this.canvas.setAttribute("role", "img");
    this.tip = element("div", "tip");
    this.tip.hidden = true;
    this.says = element("div", "says");
    this.says.setAttribute("role", "status");
    this.legend = element("div", "legend");
    this.frame.append(this.canvas, this.tip);
    this.box.append(this.bar, this.frame, this.legend, this.says);
    this.root.append(this.box);
    this.pen = this.canvas.getContext("2d", { alpha: false });
    this.buttons();
    this.canvas.addEventListener("wheel", (e) => this.wheel(e), { passive: false });
    this.canvas.addEventListener("pointerdown", (e) => this.down(e));
    this.canvas.addEventListener("pointermove", (e) => this.moved(e));
    this.canvas.addEventListener("pointerup", (e) => this.up(e));
    this.canvas.addEventListener("pointercancel", (e) => this.up(e));
    this.canvas.addEventListener("pointerleave", () => (this.tip.hidden = true));
    this.canvas.addEventListener("dblclick", () => this.clear());
    this.canvas.addEventListener("keydown", (e) => this.key(e));
    this.hear = (e) => this.follow(e.detail);
    this.watch = new ResizeObserver(() => this.resize());
  }

  buttons() {
    const entry = (name, label, title, act) => {
      const button = element("button", name, label);
      button.type = "button";
      button.title = title;
      button.addEventListener("click", act);
      this.bar.append(button);
      return button;
    };
    this.tools = {
      move: entry("tool", "Move", "Drag moves the map (key M)", () => this.take("move")),
      rect: entry("tool", "Box", "Drag a box around points to mark them (key B); with Shift it is added", () => this.take("rect")),
      polygon: entry("tool", "Lasso", "Draw around points to mark them (key L); with Shift it is added", () => this.take("polygon")),
    };
    entry("view", "Mark all in view", "Mark everything that the map shows now (key V)", () => this.markView());
    this.clearing = entry("view", "Clear", "Forget the marked area (Escape, or double-click)", () => this.clear());
    entry("zoom", "−", "Zoom out (key −)", () => this.zoom(1 / 1.5)).setAttribute("aria-label", "Zoom out");
    entry("zoom", "+", "Zoom in (key +)", () => this.zoom(1.5)).setAttribute("aria-label", "Zoom in");
    entry("view", "Whole map", "Show the whole map again (key 0)", () => this.fit());
    this.take("move");
  }

  attach() {
    window.addEventListener("negviz-map", this.hear);
    this.watch.observe(this.frame);
  }

  detach() {
    window.removeEventListener("negviz-map", this.hear);
    this.watch.disconnect();
  }

  receive(given, send) {
    this.send = send;
    if (!given || !given.length) return;
    const found = unpack(given), head = found.head;
    if (head.stamp === this.stamp) return;
    const other = !this.data || this.data.head.layout !== head.layout || this.data.head.dims !== head.dims;
    this.data = found;
    this.stamp = head.stamp;
    this.areas = head.areas;
    this.canvas.setAttribute("aria-label", head.alt);
    this.sprites.clear();
    this.ends = [];
    let code = 0;
    for (let i = 0; i <= found.n; i++) {
      while (code < head.groups.length && (i === found.n || found.codes[i] > code)) this.ends[code++] = i;
    }
    this.u = new Float32Array(found.n);
    this.v = new Float32Array(found.n);
    this.w = new Float32Array(found.n);
    this.within = new Uint8Array(found.n);
    if (other) {
      this.turn = [[1, 0, 0], [0, 1, 0], [0, 0, 1]];
      this.view = null;
      this.hidden.clear();
    }
    this.project();
    this.list();
    this.resize();
  }

  // Places on the plane that is seen; in three dimensions after turning, without perspective.
  project() {
    const { places, n, head } = this.data, [a, b, c] = this.turn;
    for (let i = 0; i < n; i++) {
      if (head.dims === 2) {
        this.u[i] = places[2 * i];
        this.v[i] = places[2 * i + 1];
        continue;
      }
      const x = places[3 * i], y = places[3 * i + 1], z = places[3 * i + 2];
      this.u[i] = a[0] * x + a[1] * y + a[2] * z;
      this.v[i] = b[0] * x + b[1] * y + b[2] * z;
      this.w[i] = c[0] * x + c[1] * y + c[2] * z;
    }
    if (head.dims === 3) this.layers();
    this.gather();
  }

  // Order from far to near, by buckets of depth.
  layers() {
    const n = this.data.n, w = this.w;
    let low = Infinity, high = -Infinity;
    for (let i = 0; i < n; i++) {
      low = Math.min(low, w[i]);
      high = Math.max(high, w[i]);
    }
    const scale = BUCKETS / (high - low || 1), counts = new Uint32Array(BUCKETS + 1), of = new Uint8Array(n);
    for (let i = 0; i < n; i++) counts[(of[i] = Math.min(BUCKETS - 1, ((w[i] - low) * scale) | 0)) + 1]++;
    for (let k = 0; k < BUCKETS; k++) counts[k + 1] += counts[k];
    this.order = new Uint32Array(n);
    for (let i = 0; i < n; i++) this.order[counts[of[i]]++] = i;
    this.depth = of;
  }

  // Which of the drawn points lie in what is marked; the server decides over all points, drawn or not.
  gather() {
    this.within.fill(0);
    for (const area of this.areas) {
      const places = area.coord_range;
      for (let i = 0; i < this.data.n; i++) {
        let x = this.u[i], y = this.v[i];
        if (area.turn) {
          const p = 3 * i, at = this.data.places;
          x = area.turn[0][0] * at[p] + area.turn[0][1] * at[p + 1] + area.turn[0][2] * at[p + 2];
          y = area.turn[1][0] * at[p] + area.turn[1][1] * at[p + 1] + area.turn[1][2] * at[p + 2];
        }
        const held = area.brush_type === "rect"
          ? x >= places[0][0] && x <= places[0][1] && y >= places[1][0] && y <= places[1][1]
          : inside(places, x, y);
        if (held) this.within[i] = 1;
      }
    }
    this.clearing.disabled = !this.areas.length;
  }

  resize() {
    if (!this.data) return;
    // On a narrow screen the map is no higher than wide, so that there is room to scroll past it.
    const height = `${Math.min(this.data.head.height, Math.max(this.frame.clientWidth, 280))}px`;
    if (this.frame.style.height !== height) this.frame.style.height = height;
    const { clientWidth: wide, clientHeight: high } = this.frame;
    if (!wide || !high) return;
    const before = this.size;
    this.size = [wide, high];
    if (!this.view) this.fit(false);
    else if (before) this.view.scale *= Math.min(wide / before[0], high / before[1]);
    this.paint();
  }

  fit(tell = true) {
    const [low, high] = this.data.head.bounds, middle = low.map((end, i) => (end + high[i]) / 2);
    const [a, b] = this.turn, [wide, tall] = this.size;
    let width = high[0] - low[0], height = high[1] - low[1], at = middle;
    if (this.data.head.dims === 3) {
      width = height = Math.hypot(...low.map((end, i) => high[i] - end)) * 0.8;
      at = [a, b].map((row) => row.reduce((sum, part, i) => sum + part * middle[i], 0));
    }
    const scale = 0.94 * Math.min(wide / (width || 1), tall / (height || 1));
    this.view = { x: at[0], y: at[1], scale, first: scale };
    if (tell) this.changed();
    this.paint();
  }

  zoom(factor, x = this.size[0] / 2, y = this.size[1] / 2) {
    const [u, v] = this.back(x, y), { first } = this.view;
    const scale = Math.min(Math.max(this.view.scale * factor, first * 0.3), first * 400);
    this.view.scale = scale;
    this.view.x = u - (x - this.size[0] / 2) / scale;
    this.view.y = v + (y - this.size[1] / 2) / scale;
    this.changed();
    this.hurry();
  }

  back(x, y) {
    return [this.view.x + (x - this.size[0] / 2) / this.view.scale, this.view.y - (y - this.size[1] / 2) / this.view.scale];
  }

  onto(u, v) {
    return [(u - this.view.x) * this.view.scale + this.size[0] / 2, (this.view.y - v) * this.view.scale + this.size[1] / 2];
  }

  // A map beside this one shows the same part.
  changed() {
    const link = this.data.head.link;
    if (link) window.dispatchEvent(new CustomEvent("negviz-map", { detail: { link, from: this, view: this.view, turn: this.turn } }));
  }

  follow({ link, from, view, turn }) {
    if (from === this || !this.data || link !== this.data.head.link || !this.size) return;
    const turned = JSON.stringify(turn) !== JSON.stringify(this.turn);
    this.view = { ...view };
    this.turn = turn;
    if (turned) this.project();
    this.hurry();
  }

  wheel(e) {
    e.preventDefault();
    this.zoom(Math.exp(-Math.max(-120, Math.min(120, e.deltaY)) * 0.002), e.offsetX, e.offsetY);
  }

  down(e) {
    this.canvas.focus({ preventScroll: true });
    this.canvas.setPointerCapture(e.pointerId);
    this.fingers.set(e.pointerId, [e.offsetX, e.offsetY]);
    this.tip.hidden = true;
    this.from = [e.offsetX, e.offsetY];
    this.drawn = this.tool !== "move" && this.fingers.size === 1 ? [this.back(e.offsetX, e.offsetY)] : null;
    this.adding = e.shiftKey;
  }

  moved(e) {
    if (!this.fingers.has(e.pointerId)) {
      this.hover(e);
      return;
    }
    const last = this.fingers.get(e.pointerId), now = [e.offsetX, e.offsetY];
    this.fingers.set(e.pointerId, now);
    if (this.fingers.size === 2) {
      const [p, q] = [...this.fingers.values()], old = e.pointerId === [...this.fingers.keys()][0] ? [last, q] : [p, last];
      this.drawn = null;
      this.zoom(Math.hypot(p[0] - q[0], p[1] - q[1]) / (Math.hypot(old[0][0] - old[1][0], old[0][1] - old[1][1]) || 1),
        (p[0] + q[0]) / 2, (p[1] + q[1]) / 2);
    } else if (this.drawn) {
      if (this.tool === "rect") this.drawn[1] = this.back(...now);
      else if (Math.hypot(now[0] - this.tail?.[0], now[1] - this.tail?.[1]) > 3 || !this.tail) {
        this.drawn.push(this.back(...now));
        this.tail = now;
      }
      this.hurry(false);
    } else if (this.data.head.dims === 3 && !e.shiftKey) this.rotate(now[0] - last[0], now[1] - last[1]);
    else this.pan(now[0] - last[0], now[1] - last[1]);
  }

  pan(x, y) {
    this.view.x -= x / this.view.scale;
    this.view.y += y / this.view.scale;
    this.changed();
    this.hurry();
  }

  rotate(x, y) {
    const [s, c] = [Math.sin(x * 0.007), Math.cos(x * 0.007)], [t, d] = [Math.sin(y * 0.007), Math.cos(y * 0.007)];
    const middle = this.data.head.bounds[0].map((end, i) => (end + this.data.head.bounds[1][i]) / 2);
    const at = (row) => row.reduce((sum, part, i) => sum + part * middle[i], 0);
    const before = [at(this.turn[0]), at(this.turn[1])];
    const [a, b, e] = this.turn;
    const right = a.map((part, i) => c * part + s * e[i]), deep = a.map((part, i) => c * e[i] - s * part);
    this.turn = [right, b.map((part, i) => d * part - t * deep[i]), b.map((part, i) => t * part + d * deep[i])];
    this.view.x += at(this.turn[0]) - before[0];
    this.view.y += at(this.turn[1]) - before[1];
    this.project();
    this.changed();
    this.hurry();
  }

  up(e) {
    if (!this.fingers.delete(e.pointerId)) return;
    const drawn = this.drawn;
    this.drawn = this.tail = null;
    if (!drawn) {
      this.paint();
      return;
    }
    if (this.tool === "rect" && drawn.length === 2) this.mark("rect", this.ends2(drawn[0], drawn[1]));
    else if (this.tool === "polygon" && drawn.length > 2) this.mark("polygon", drawn);
    else this.paint();
  }

  ends2(p, q) {
    return [[Math.min(p[0], q[0]), Math.max(p[0], q[0])], [Math.min(p[1], q[1]), Math.max(p[1], q[1])]];
  }

  mark(kind, places) {
    const area = { brush_type: kind, coord_range: places };
    if (this.data.head.dims === 3) area.turn = this.turn.slice(0, 2);
    this.areas = this.adding ? [...this.areas, area] : [area];
    this.adding = false;
    this.gather();
    this.paint();
    this.send("areas", this.areas);
  }

  markView() {
    this.adding = false;
    this.mark("rect", this.ends2(this.back(0, 0), this.back(...this.size)));
  }

  clear() {
    if (!this.areas.length) return;
    this.areas = [];
    this.gather();
    this.paint();
    this.send("areas", []);
  }

  key(e) {
    const step = 40, turning = this.data.head.dims === 3 && !e.shiftKey;
    const shift = (x, y) => (turning ? this.rotate(-x, -y) : this.pan(x, y));
    const act = {
      ArrowLeft: () => shift(step, 0), ArrowRight: () => shift(-step, 0), ArrowUp: () => shift(0, step),
      ArrowDown: () => shift(0, -step), "+": () => this.zoom(1.3), "=": () => this.zoom(1.3), "-": () => this.zoom(1 / 1.3),
      0: () => this.fit(), Escape: () => this.clear(), b: () => this.take("rect"), l: () => this.take("polygon"),
      m: () => this.take("move"), v: () => this.markView(),
    }[e.key];
    if (!act || e.ctrlKey || e.metaKey || e.altKey) return;
    e.preventDefault();
    e.stopPropagation();
    act();
  }

  take(tool) {
    this.tool = tool;
    for (const [name, button] of Object.entries(this.tools)) button.setAttribute("aria-pressed", name === tool);
    this.canvas.style.cursor = tool === "move" ? "grab" : "crosshair";
  }

  hover(e) {
    if (this.waiting || !this.data) return;
    this.waiting = true;
    const [x, y] = [e.offsetX, e.offsetY];
    requestAnimationFrame(() => {
      this.waiting = false;
      this.tell(x, y);
    });
  }

  nearest(x, y) {
    const [u, v] = this.back(x, y), far = NEAR / this.view.scale;
    let best = far * far, found = -1;
    for (let i = this.data.n - 1; i >= 0; i--) {
      const dx = this.u[i] - u, dy = this.v[i] - v;
      if (dx > far || dx < -far || dy > far || dy < -far) continue;
      const distance = dx * dx + dy * dy;
      if (distance < best && !this.hidden.has(this.data.head.groups[this.data.codes[i]].name)) [best, found] = [distance, i];
    }
    return found;
  }

  tell(x, y) {
    const i = this.nearest(x, y);
    this.tip.hidden = i < 0;
    if (i < 0) return;
    const { head, codes, starts, texts } = this.data;
    const text = new TextDecoder().decode(texts.subarray(starts[i], starts[i + 1]));
    this.tip.replaceChildren(element("b", "", head.groups[codes[i]].name), element("div", "", text));
    const left = x + 14 + this.tip.offsetWidth > this.size[0];
    this.tip.style.left = `${left ? Math.max(x - 14 - this.tip.offsetWidth, 4) : x + 14}px`;
    this.tip.style.top = `${Math.max(Math.min(y + 14, this.size[1] - this.tip.offsetHeight - 4), 4)}px`;
  }

  list() {
    const head = this.data.head;
    this.legend.replaceChildren();
    // Queries that lie below the documents are listed after them.
    const groups = [...head.groups].sort((a, b) => a.last - b.last);
    for (const group of groups) {
      const button = element("button", "entry"), sign = document.createElement("canvas"), size = 18;
      button.type = "button";
      button.title = "Show or hide";
      button.setAttribute("aria-pressed", !this.hidden.has(group.name));
      sign.width = sign.height = 2 * size;
      sign.style.width = sign.style.height = `${size}px`;
      this.shape(sign.getContext("2d"), group, 2 * size, 2 * Math.min(Math.max(group.size, 8), 15), 1);
      button.append(sign, element("span", "", group.title));
      button.addEventListener("click", () => {
        if (!this.hidden.delete(group.name)) this.hidden.add(group.name);
        button.setAttribute("aria-pressed", !this.hidden.has(group.name));
        this.paint();
      });
      this.legend.append(button);
    }
    for (const [bit, name] of head.signs) {
      if (!this.data.states.some((state) => state & bit)) continue;
      const note = element("span", "note"), sign = element("i", bit === 1 ? "ring" : "ring found");
      note.append(sign, element("span", "", name));
      this.legend.append(note);
    }
  }

  shape(g, group, box, size, strength) {
    g.translate(box / 2, box / 2);
    g.globalAlpha = group.opacity * strength;
    g.fillStyle = group.colour;
    g.beginPath();
    SHAPES[group.shape](g, size / 2);
    g.fill();
    if (group.edge) {
      g.strokeStyle = this.ink;
      g.globalAlpha = 0.45 * strength;
      g.lineWidth = size / 12;
      g.stroke();
    }
  }

  // The pixels of a sign: where they lie and how they cover what is below.
  sprite(name, size, draw) {
    const known = this.sprites.get(name);
    if (known) return known;
    const box = 2 * Math.ceil(size / 2 + 2), canvas = document.createElement("canvas");
    canvas.width = canvas.height = box;
    const g = canvas.getContext("2d", { willReadFrequently: true });
    draw(g, box);
    const pixels = g.getImageData(0, 0, box, box).data, made = { x: [], y: [], a: [], rb: [], g: [], reach: box / 2 };
    for (let k = 0; k < box * box; k++) {
      const a = Math.round((pixels[4 * k + 3] * 256) / 255);
      if (a < 6) continue;
      made.x.push((k % box) - box / 2);
      made.y.push(Math.floor(k / box) - box / 2);
      made.a.push(256 - a);
      made.rb.push(Math.imul((pixels[4 * k + 2] << 16) | pixels[4 * k], a));
      made.g.push(Math.imul(pixels[4 * k + 1] << 8, a));
    }
    for (const part of ["x", "y", "a", "rb", "g"]) made[part] = Int32Array.from(made[part]);
    this.sprites.set(name, made);
    return made;
  }

  stamp2(buffer, wide, high, sprite, px, py) {
    const { x, y, a, rb, g, reach } = sprite, count = x.length;
    if (px < -reach || py < -reach || px >= wide + reach || py >= high + reach) return;
    const whole = px >= reach && py >= reach && px < wide - reach && py < high - reach;
    for (let k = 0; k < count; k++) {
      const qx = px + x[k], qy = py + y[k];
      if (!whole && (qx < 0 || qy < 0 || qx >= wide || qy >= high)) continue;
      const at = qy * wide + qx, below = buffer[at], keep = a[k];
      buffer[at] = 0xff000000 | (((Math.imul(below & 0xff00ff, keep) + rb[k]) >>> 8) & 0xff00ff)
        | (((Math.imul(below & 0xff00, keep) + g[k]) >>> 8) & 0xff00);
    }
  }

  // While something moves, paint soon and in single pixels; when it rests, in the pixels of the screen.
  hurry(coarse = true) {
    this.coarse = coarse && this.data.n > 4000;
    if (!this.due) {
      this.due = requestAnimationFrame(() => {
        this.due = 0;
        this.draw(this.coarse ? 1 : window.devicePixelRatio || 1);
      });
    }
    clearTimeout(this.rest);
    if ((window.devicePixelRatio || 1) > 1) this.rest = setTimeout(() => this.paint(), 160);
  }

  paint() {
    clearTimeout(this.rest);
    if (this.size) this.draw(window.devicePixelRatio || 1);
  }

  colours() {
    const style = getComputedStyle(this.box);
    this.ink = style.getPropertyValue("--st-text-color").trim() || style.color;
    this.paper = style.getPropertyValue("--st-background-color").trim() || "#ffffff";
    const key = this.ink + this.paper;
    if (key !== this.themed) {
      this.themed = key;
      this.sprites.clear();
      const probe = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
      probe.fillStyle = this.paper;
      probe.fillRect(0, 0, 1, 1);
      this.ground = new Uint32Array(probe.getImageData(0, 0, 1, 1).data.buffer)[0];
      if (this.data) this.list();
    }
  }

  draw(ratio) {
    const started = performance.now();
    this.colours();
    const wide = Math.round(this.size[0] * ratio), high = Math.round(this.size[1] * ratio);
    if (this.canvas.width !== wide || this.canvas.height !== high) {
      [this.canvas.width, this.canvas.height] = [wide, high];
      this.image = this.pen.createImageData(wide, high);
    }
    if (!this.image) this.image = this.pen.createImageData(wide, high);
    const buffer = new Uint32Array(this.image.data.buffer);
    buffer.fill(this.ground);
    this.lay(buffer, wide, high, ratio);
    this.pen.setTransform(1, 0, 0, 1, 0, 0);
    this.pen.putImageData(this.image, 0, 0);
    this.pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    this.above();
    this.box.dataset.took = (performance.now() - started).toFixed(1);
    this.box.dataset.view = JSON.stringify([this.view.x, this.view.y, this.view.scale]);
  }

  lay(buffer, wide, high, ratio) {
    const { head, n, codes, states } = this.data, marked = this.areas.length > 0, searched = head.searched;
    const grown = Math.min(Math.max((this.view.scale / this.view.first) ** 0.35, 0.8), 1.8) * (n > 30000 ? 0.8 : 1)
      * (this.size[0] < SMALL ? 0.75 : 1);
    const scale = this.view.scale * ratio, left = wide / 2 - this.view.x * scale, top = high / 2 + this.view.y * scale;
    const deep = head.dims === 3;
    const look = head.groups.map((group) => {
      if (this.hidden.has(group.name)) return null;
      // Half pixels: signs are made anew for each size, and a wheel passes through many.
      const size = Math.round(2 * group.size * ratio * grown) / 2;
      return Array.from({ length: deep ? 2 * LEVELS : 2 }, (_, k) => {
        const strength = (k % 2 ? FADED : 1) * (deep ? (1 + (k >> 1)) / LEVELS : 1);
        return this.sprite(`${group.name} ${k} ${size.toFixed(1)}`, size, (g, box) => this.shape(g, group, box, size, strength));
      });
    });
    if (this.sprites.size > 400) this.sprites.clear();
    const rings = [];
    for (let k = 0; k < n; k++) {
      const i = deep ? this.order[k] : k, looks = look[codes[i]];
      if (!looks) continue;
      const px = (left + this.u[i] * scale) | 0, py = (top - this.v[i] * scale) | 0;
      const faded = (marked && !this.within[i]) || (searched && !(states[i] & 2) && !head.groups[codes[i]].kept);
      const level = deep ? 2 * ((this.depth[i] * LEVELS / BUCKETS) | 0) : 0;
      this.stamp2(buffer, wide, high, looks[level + (faded ? 1 : 0)], px, py);
      if (states[i]) rings.push(i, px, py);
    }
    // Many rings hide what they are around: then they are narrow and pale.
    const crowd = rings.length / 3 > CROWD, room = crowd ? 2 : 5;
    for (let k = 0; k < rings.length; k += 3) {
      const state = states[rings[k]], size = Math.round((head.groups[codes[rings[k]]].size + room) * ratio * grown);
      const colour = state & 2 ? this.ink : RING;
      this.stamp2(buffer, wide, high, this.sprite(`ring ${colour} ${crowd} ${size.toFixed(1)}`, size, (g, box) => {
        g.translate(box / 2, box / 2);
        g.strokeStyle = colour;
        g.lineWidth = (crowd ? 1 : 1.4) * ratio;
        g.globalAlpha = crowd ? 0.7 : 1;
        g.beginPath();
        g.arc(0, 0, size / 2 - ratio, 0, 7);
        g.stroke();
      }), rings[k + 1], rings[k + 2]);
    }
  }

  seen(place) {
    if (place.length === 2) return this.onto(...place);
    return this.onto(...[0, 1].map((row) => place.reduce((sum, part, i) => sum + part * this.turn[row][i], 0)));
  }

  // Lines, names and what is being marked, above the points.
  above() {
    const g = this.pen, head = this.data.head;
    for (const line of head.lines) {
      g.strokeStyle = line.colour;
      g.globalAlpha = 0.75;
      g.lineWidth = line.width;
      g.setLineDash(line.dash);
      g.beginPath();
      for (const [from, to] of line.places) {
        g.moveTo(...this.seen(from));
        g.lineTo(...this.seen(to));
      }
      g.stroke();
    }
    g.setLineDash([]);
    g.globalAlpha = 1;
    this.names();
    for (const area of this.areas) if (!area.turn) this.outline(area.brush_type, area.coord_range);
    if (this.drawn) this.outline(this.tool, this.tool === "rect" && this.drawn[1] ? this.ends2(...this.drawn) : this.drawn);
  }

  outline(kind, places) {
    if (places.length < 2) return;
    const g = this.pen;
    const at = kind === "rect"
      ? [[0, 0], [1, 0], [1, 1], [0, 1]].map(([i, j]) => this.onto(places[0][i], places[1][j]))
      : places.map((place) => this.onto(...place));
    g.beginPath();
    at.forEach((place, i) => (i ? g.lineTo(...place) : g.moveTo(...place)));
    g.closePath();
    g.strokeStyle = RING;
    g.lineWidth = 2;
    g.stroke();
    g.globalAlpha = 0.08;
    g.fillStyle = RING;
    g.fill();
    g.globalAlpha = 1;
  }

  // Names of places, those that would lie over another one left out.
  names() {
    const g = this.pen, taken = [];
    g.font = "600 12px sans-serif";
    g.textAlign = "center";
    g.textBaseline = "middle";
    for (const { text, at, code } of this.data.head.names) {
      if (this.hidden.has(this.data.head.groups[code]?.name)) continue;
      const [x, y] = this.seen(at), half = g.measureText(text).width / 2 + 4;
      const place = Math.min(Math.max(x, half), this.size[0] - half), box = [place - half, y - 9, place + half, y + 9];
      if (x < -half || x > this.size[0] + half || y < 9 || y > this.size[1] - 9) continue;
      if (taken.some((other) => box[0] < other[2] && box[2] > other[0] && box[1] < other[3] && box[3] > other[1])) continue;
      taken.push(box);
      g.lineWidth = 4;
      g.strokeStyle = this.paper;
      g.strokeText(text, place, y);
      g.fillStyle = this.ink;
      g.fillText(text, place, y);
    }
  }
}

export default function (component) {
  const { data, parentElement, setStateValue } = component;
  const plane = (parentElement.negvizPlane ??= new Plane(parentElement));
  plane.attach();
  plane.receive(data, setStateValue);
  plane.paint();
  return () => plane.detach();
}
