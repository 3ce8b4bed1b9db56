// Point symbols: told apart by shape as well as by colour.

const TRACES = {
  circle: (ctx, x, y, r) => ctx.arc(x, y, r, 0, 2 * Math.PI),
  square: (ctx, x, y, r) => ctx.rect(x - 0.89 * r, y - 0.89 * r, 1.78 * r, 1.78 * r),
  diamond(ctx, x, y, r) {
    const s = 1.22 * r;
    ctx.moveTo(x, y - s);
    ctx.lineTo(x + s, y);
    ctx.lineTo(x, y + s);
    ctx.lineTo(x - s, y);
    ctx.closePath();
  },
  triangle(ctx, x, y, r) {
    ctx.moveTo(x, y - 1.25 * r);
    ctx.lineTo(x + 1.15 * r, y + 0.8 * r);
    ctx.lineTo(x - 1.15 * r, y + 0.8 * r);
    ctx.closePath();
  },
  hexagon(ctx, x, y, r) {
    for (let k = 0; k < 6; k++) ctx.lineTo(x + 1.08 * r * Math.sin((k * Math.PI) / 3), y - 1.08 * r * Math.cos((k * Math.PI) / 3));
    ctx.closePath();
  },
  plus(ctx, x, y, r) {
    const [a, b] = [0.42 * r, 1.2 * r];
    for (const [dx, dy] of [[-a, -b], [a, -b], [a, -a], [b, -a], [b, a], [a, a], [a, b], [-a, b], [-a, a], [-b, a], [-b, -a], [-a, -a]]) ctx.lineTo(x + dx, y + dy);
    ctx.closePath();
  },
};
const BATCH_SHAPES = ["square", "diamond", "hexagon", "triangle"]; // stations are circles, one's own sites are plusses

const Symbol_ = L.CircleMarker.extend({
  _updatePath() {
    const renderer = this._renderer;
    if (!renderer._drawing || this._empty() || this.options.hidden) return;
    const ctx = renderer._ctx;
    const { x, y } = this._point;
    ctx.beginPath();
    TRACES[this.options.shape || "circle"](ctx, x, y, Math.max(1, this._radius));
    renderer._fillStroke(ctx, this);
    if (this.options.text && this._radius >= this.options.textFrom) {
      ctx.globalAlpha = 1;
      ctx.fillStyle = this.options.ink || "#fff";
      ctx.font = `600 ${Math.round(this._radius * (this.options.text.length > 2 ? 0.84 : 1.05))}px system-ui, sans-serif`;
      ctx.textAlign = "center";
      ctx.textBaseline = "middle";
      ctx.fillText(this.options.text, x, y + 0.5);
    }
  },
  _containsPoint(point) {
    return !this.options.hidden && L.CircleMarker.prototype._containsPoint.call(this, point);
  },
});

// How large symbols are at a zoom level, 1 at about level 12: small where a city fits on the screen.
function symbolSize(zoom) {
  return Math.max(0.5, Math.min(2.1, 0.5 + (zoom - 9.5) * 0.21));
}

// The same symbol as a small picture for the legend.
function swatch(kind, options) {
  const canvas = document.createElement("canvas");
  const ratio = 2;
  const [w, h] = [26, 16];
  canvas.width = w * ratio;
  canvas.height = h * ratio;
  canvas.className = "swatch";
  canvas.setAttribute("aria-hidden", "true");
  const ctx = canvas.getContext("2d");
  ctx.scale(ratio, ratio);
  ctx.lineWidth = options.weight ?? 1.5;
  ctx.fillStyle = options.fill || "transparent";
  ctx.strokeStyle = options.stroke || "transparent";
  if (options.dash) ctx.setLineDash(options.dash);
  ctx.globalAlpha = options.opacity ?? 1;
  ctx.beginPath();
  if (kind === "point") TRACES[options.shape || "circle"](ctx, w / 2, h / 2, options.radius || 5);
  else if (kind === "line") {
    ctx.moveTo(1, h / 2);
    ctx.lineTo(w - 1, h / 2);
  } else ctx.rect(2, 2, w - 4, h - 4);
  if (kind !== "line") ctx.fill();
  ctx.globalAlpha = 1;
  ctx.stroke();
  if (options.mark) {
    ctx.fillStyle = pattern(...PATTERNS[options.mark - 1], 1);
    ctx.fillRect(2, 2, w - 4, h - 4);
  }
  return canvas;
}

// Lines upwards or dots, so many device pixels to a pixel.
const patterns = new Map();
function pattern(kind, ink, ratio) {
  const key = `${kind} ${ink} ${ratio}`;
  if (patterns.has(key)) return patterns.get(key);
  const side = 5 * ratio;
  const canvas = el("canvas", { width: side, height: side });
  const ctx = canvas.getContext("2d");
  ctx.fillStyle = ctx.strokeStyle = ink;
  ctx.lineWidth = 1.1 * ratio;
  if (kind === "dots") ctx.fillRect(ratio, ratio, 2 * ratio, 2 * ratio);
  else {
    for (const d of [-side, 0, side]) {
      ctx.moveTo(d - 1, side + 1);
      ctx.lineTo(d + side + 1, -1);
    }
    ctx.stroke();
  }
  patterns.set(key, ctx.createPattern(canvas, "repeat"));
  return patterns.get(key);
}

// Diagonal hatching, for areas where nobody is reached; `steep`: downwards.
function hatch(colour, steep = false) {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = 7;
  const ctx = canvas.getContext("2d");
  ctx.strokeStyle = colour;
  ctx.lineWidth = 1.1;
  ctx.beginPath();
  for (const d of [-7, 0, 7]) {
    ctx.moveTo(d, steep ? 0 : 7);
    ctx.lineTo(d + 7, steep ? 7 : 0);
  }
  ctx.stroke();
  return ctx.createPattern(canvas, "repeat");
}
