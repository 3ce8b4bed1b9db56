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
    this.workers = Float32Array.from(integers(blob, part.workers), (v) => v / part.per);
    this.now = Float32Array.from(integers(blob, part.now), (v) => v / 1000);
    this.then = Float32Array.from(integers(blob, part.then), (v) => v / 1000);
    this.level = Uint8Array.from(this.workers, (v) => this.breaks.filter((b) => v >= b - 1e-6).length);
    this.place = new Int32Array(this.columns * this.rows).fill(-1);
    for (let i = 0; i < this.key.length; i++) this.place[this.key[i]] = i;
    this.byLevel = Array.from({ length: this.breaks.length + 1 }, () => []);
    for (let i = 0; i < this.key.length; i++) this.byLevel[this.level[i]].push(i);
    this.corners = this.lattice();
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
    this._draw(box, size, ratio);
    this.fire("update");
  },
  // Cells in class order, so that where several share a pixel the fullest is on top.
  _draw(box, size, ratio) {
    const { grid, _ctx: ctx } = this;
    const world = 256 * 2 ** this._map.getZoom() * ratio;
    const origin = this._map.getPixelOrigin().add(box.min).multiplyBy(ratio);
    const width = size.x * ratio;
    const height = size.y * ratio;
    const n = grid.columns + 1;
    for (let level = 0; level < grid.byLevel.length; level++) {
      ctx.fillStyle = this.colours[level];
      for (const i of grid.byLevel[level]) {
        const key = grid.key[i];
        const c = key % grid.columns;
        const r = (key - c) / grid.columns;
        const low = 2 * (r * n + c); // neighbours share these corners, so that no seam opens between them
        const x0 = Math.round(grid.corners[low] * world - origin.x);
        const x1 = Math.round(grid.corners[low + 2] * world - origin.x);
        const y0 = Math.round(grid.corners[low + 2 * n + 1] * world - origin.y);
        const y1 = Math.round(grid.corners[low + 1] * world - origin.y);
        if (x1 < 0 || y1 < 0 || x0 > width || y0 > height) continue;
        ctx.fillRect(x0, y0, Math.max(1, x1 - x0), Math.max(1, y1 - y0));
      }
    }
  },
});
