// The density grid: up to 100,000 cells drawn straight onto one canvas, no object per cell.

// A cubic in two variables, in the order of page_cells._terms.
function cubic(fit, u, v) {
  const a = (u - fit.centre[0]) / fit.half[0];
  const b = (v - fit.centre[1]) / fit.half[1];
  let x = 0;
  let y = 0;
  let k = 0;
  let ai = 1;
  for (let i = 0; i < 4; i++) {
    let term = ai;
    for (let j = 0; j < 4 - i; j++) {
      x += fit.x[k] * term;
      y += fit.y[k] * term;
      term *= b;
      k++;
    }
    ai *= a;
  }
  return [x, y];
}

class Grid {
  constructor(part, blob) {
    this.columns = part.columns;
    this.rows = part.rows;
    this.cellM = part.cell_m;
    this.breaks = part.breaks;
    this.there = part.there;
    this.back = part.back;
    this.key = Int32Array.from(summed(integers(blob, part.key)));
    const read = (ref, per) => (ref ? Float32Array.from(integers(blob, ref), (v) => v / per) : new Float32Array(this.key.length));
    this.workers = read(part.workers, part.per);
    this.now = read(part.now, 1000);
    this.then = read(part.then, 1000);
    this.place = new Int32Array(this.columns * this.rows).fill(-1);
    for (let i = 0; i < this.key.length; i++) this.place[this.key[i]] = i;
    this.level = this.levels();
    this.corners = this.lattice();
    this.byColour = this.plain(0);
  }
  levels() {
    return Uint8Array.from(this.workers, (v) => {
      let level = 0;
      while (level < this.breaks.length && v >= this.breaks[level] - 1e-6) level++;
      return level;
    });
  }
  // Cells by colour, the fullest last: [{ colour, mark, cells }] by class of density alone.
  plain(ramp) {
    const out = Array.from({ length: this.breaks.length + 1 }, (_, k) => ({ colour: ramp ? ramp[k] : null, mark: 0, cells: [] }));
    for (let i = 0; i < this.key.length; i++) out[this.level[i]].cells.push(i);
    return out;
  }
  // The cells of a state: workers, and those covered today and by the plan that is shown. Returns the cells that look
  // otherwise than before; null: all do.
  show(workers, now, then, ramps) {
    const before = workers === this.workers ? this.bucket : null;
    if (!before) {
      Object.assign(this, { workers, breaks: niceBreaks(workers) });
      this.level = this.levels();
      const classes = this.breaks.length + 1;
      this.ramps = Object.fromEntries(Object.entries(ramps).map(([key, ramp]) => [key, pick(ramp, classes).map(rgb)]));
    }
    Object.assign(this, { now: shares(now, workers), then: shares(then, workers), byColour: null });
    this.bucket = this.buckets();
    if (!before) return null;
    const changed = [];
    for (let i = 0; i < before.length; i++) if (before[i] !== this.bucket[i]) changed.push(i);
    return changed;
  }
  // Density is lightness; who is covered is the hue, in fifths of the cell's workers: a number for each look, -1 for nobody.
  buckets() {
    const { workers, now, then, level } = this;
    const out = new Int16Array(workers.length).fill(-1);
    for (let i = 0; i < out.length; i++) {
      if (!(workers[i] > 0)) continue;
      const kept = Math.min(now[i], then[i]);
      out[i] = level[i] * 216 + Math.round(5 * kept) * 36 + Math.round(5 * (then[i] - kept)) * 6 + Math.round(5 * (now[i] - kept));
    }
    return out;
  }
  look(bucket) {
    const [level, both, more, less] = [Math.floor(bucket / 216), Math.floor(bucket / 36) % 6, Math.floor(bucket / 6) % 6, bucket % 6];
    // the hue of the larger part, paler with those who have no station: mixed hues would be told by nobody
    const { none } = this.ramps;
    const parts = [[this.ramps.now, both], [this.ramps.more, more], [this.ramps.less, less]];
    const [hue, part] = parts.reduce((a, b) => (b[1] > a[1] ? b : a));
    const some = Math.min(5, both + more + less) / 5;
    const mix = [0, 1, 2].map((k) => Math.round((part ? hue : none)[level][k] * some + none[level][k] * (1 - some)));
    const mark = less > more && less > 0 ? 2 : more > 0 && more >= both / 3 ? 1 : 0;
    return { colour: `rgb(${mix.join()})`, mark };
  }
  // Some cells (null: all) by their look, the fullest last.
  grouped(some) {
    if (!some && this.byColour) return this.byColour;
    const found = new Map();
    for (const i of some ?? this.key.keys()) {
      const bucket = this.bucket[i];
      if (bucket < 0) continue;
      const cells = found.get(bucket);
      if (cells) cells.push(i);
      else found.set(bucket, [i]);
    }
    const out = [...found].sort((a, b) => a[0] - b[0]).map(([bucket, cells]) => ({ ...this.look(bucket), cells }));
    if (!some) this.byColour = out;
    return out;
  }

  // Web Mercator of every lattice node that a cell needs, computed once.
  lattice() {
    const n = this.columns + 1;
    const out = new Float64Array(2 * n * (this.rows + 1)).fill(NaN);
    for (const key of this.key) {
      const c = key % this.columns;
      const r = (key - c) / this.columns;
      for (const [cc, rr] of [[c, r], [c + 1, r], [c, r + 1]]) {
        const at = 2 * (rr * n + cc);
        if (Number.isNaN(out[at])) [out[at], out[at + 1]] = cubic(this.there, cc, rr);
      }
    }
    return out;
  }

  // Place on the ground of a lattice point (column, row).
  latlng(c, r) {
    const [x, y] = cubic(this.there, c, r);
    const lat = (Math.atan(Math.sinh(Math.PI * (1 - 2 * y))) * 180) / Math.PI;
    return [lat, 360 * x - 180];
  }

  // Position of the cell at a place on the ground, or -1.
  at(latlng) {
    const s = Math.sin((latlng.lat * Math.PI) / 180);
    const x = (latlng.lng + 180) / 360;
    const y = 0.5 - Math.log((1 + s) / (1 - s)) / (4 * Math.PI);
    const [u, v] = cubic(this.back, x, y);
    const c = Math.floor(u);
    const r = Math.floor(v);
    return c < 0 || r < 0 || c >= this.columns || r >= this.rows ? -1 : this.place[r * this.columns + c];
  }
}

// What is added is hatched, what is lost dotted: told apart without colour, at every zoom level.
const PATTERNS = [["hatch", "rgba(110, 35, 0, .62)"], ["dots", "rgba(0, 0, 0, .8)"]];

const CellLayer = L.Renderer.extend({
  initialize(grid, colours, options) {
    this.grid = grid;
    this.colours = colours;
    L.setOptions(this, L.extend({ padding: 0.12 }, options));
    L.stamp(this);
    this._layers = {};
  },
  _initContainer() {
    this._container = document.createElement("canvas");
    this._ctx = this._container.getContext("2d");
  },
  _destroyContainer() {
    L.DomUtil.remove(this._container);
    delete this._container;
    delete this._ctx;
  },
  _updatePaths() {},
  // Draw again where the map stands what has changed: some cells, or all.
  repaint(some = null) {
    if (!this._map || !this._bounds) return;
    if (some && this._ratio) this._draw(this._bounds, this._bounds.getSize(), this._ratio, some);
    else this._update();
  },
  _update() {
    if (this._map._animatingZoom && this._bounds) return;
    L.Renderer.prototype._update.call(this);
    const box = this._bounds;
    const size = box.getSize();
    const ratio = L.Browser.retina ? 2 : 1;
    const canvas = this._container;
    L.DomUtil.setPosition(canvas, box.min);
    canvas.width = Math.round(size.x * ratio);
    canvas.height = Math.round(size.y * ratio);
    canvas.style.width = `${size.x}px`;
    canvas.style.height = `${size.y}px`;
    this._ratio = ratio;
    this._draw(box, size, ratio, null);
    this.fire("update");
  },
  // In the order of the classes, so that where several share a pixel the fullest is on top.
  _draw(box, size, ratio, some) {
    const { grid, _ctx: ctx } = this;
    const patterns = PATTERNS.map(([kind, ink]) => pattern(kind, ink, ratio));
    grid.grouped(some).forEach(({ colour, mark, cells }, k) => {
      for (const style of [colour ?? this.colours[k], ...(mark ? [patterns[mark - 1]] : [])]) {
        ctx.fillStyle = style;
        this._squares(box, size, ratio, null, (x0, y0, x1, y1) => ctx.fillRect(x0, y0, Math.max(1, x1 - x0), Math.max(1, y1 - y0)), cells);
      }
    });
  },
  // Corners on the canvas of those of some cells (all) that are in sight and that `which` holds for.
  _squares(box, size, ratio, which, visit, cells = this.grid.key.keys()) {
    const { grid } = this;
    const world = 256 * 2 ** this._map.getZoom() * ratio;
    const origin = this._map.getPixelOrigin().add(box.min).multiplyBy(ratio);
    const width = size.x * ratio;
    const height = size.y * ratio;
    const n = grid.columns + 1;
    for (const i of cells) {
      if (which && !which(i)) continue;
      const key = grid.key[i];
      const c = key % grid.columns;
      const r = (key - c) / grid.columns;
      const low = 2 * (r * n + c); // neighbours share these corners, so that no seam opens between them
      const x0 = Math.round(grid.corners[low] * world - origin.x);
      const x1 = Math.round(grid.corners[low + 2] * world - origin.x);
      const y0 = Math.round(grid.corners[low + 2 * n + 1] * world - origin.y);
      const y1 = Math.round(grid.corners[low + 1] * world - origin.y);
      if (x1 >= 0 && y1 >= 0 && x0 <= width && y0 <= height) visit(x0, y0, x1, y1);
    }
  },
});

// The candidates, near enough to be told apart: dots without an object each.
const DotLayer = CellLayer.extend({
  initialize(desk, options) {
    CellLayer.prototype.initialize.call(this, null, null, options);
    this.desk = desk;
  },
  _draw(box, size, ratio) {
    const { desk, _ctx: ctx, _map: map } = this;
    const zoom = map.getZoom();
    if (zoom < 11.5) return;
    const radius = (zoom < 14 ? 2 : 3.4) * ratio;
    const taken = new Set(desk.plan().sites);
    ctx.lineWidth = 1.2 * ratio;
    ctx.fillStyle = "#fff";
    ctx.strokeStyle = COLOURS.mine;
    const bounds = map.getBounds().pad(0.15);
    desk.at.forEach((at, k) => {
      if (k >= desk.board.nCandidates || taken.has(desk.board.nStations + k) || !bounds.contains(at)) return;
      const p = map.latLngToLayerPoint(at).subtract(box.min).multiplyBy(ratio);
      ctx.beginPath();
      ctx.arc(p.x, p.y, radius, 0, 2 * Math.PI);
      ctx.fill();
      ctx.stroke();
    });
  },
});

function rgb(hex) {
  return [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));
}

function shares(some, workers) {
  const out = new Float64Array(workers.length);
  for (let i = 0; i < out.length; i++) if (workers[i] > 0) out[i] = Math.min(1, some[i] / workers[i]);
  return out;
}

// Breaks from the series 1-2-5; planner/publish/page/cells.py tells more.
function niceBreaks(values, classes = 6) {
  const ordered = Float64Array.from(values).sort();
  let whole = 0;
  for (let i = 0; i < ordered.length; i++) whole += ordered[i];
  if (!(whole > 0)) return [];
  const at = (share) => {
    let [sum, i] = [0, 0];
    while (i < ordered.length - 1 && (sum += ordered[i]) / whole < share) i++;
    return ordered[i];
  };
  const [low, high] = [at(0.1), at(0.9)];
  const series = [];
  for (let e = Math.floor(Math.log10(low)) - 1; e <= Math.ceil(Math.log10(high)) + 1; e++) series.push(...[1, 2, 5].map((m) => Number(`${m}e${e}`)));
  const wanted = Array.from({ length: classes - 1 }, (_, k) => low * (high / low) ** (k / (classes - 2)));
  const near = (w) => series.reduce((best, v) => (Math.abs(Math.log(v / w)) < Math.abs(Math.log(best / w)) - 1e-12 ? v : best));
  return [...new Set(wanted.map(near))].sort((a, b) => a - b);
}
