// Names of streets, towns, parks and landmarks, written by the page itself: what fits, nothing over anything else.

const NAME_LOOKS = {
  town: ["600 14px", "#3d3a36"], rail_station: ["600 12px", "#6a2c91"], highway: ["500 12px", "#5b4a2c"], park: ["500 12px", "#2e6b3c"],
  road: ["500 11.5px", "#57524b"], street: ["11px", "#6a655d"], landmark: ["11px", "#35566b"], area: ["11px", "#6f6250"], village: ["500 11.5px", "#57524b"],
};
const NAME_FONT = 'system-ui, "Noto Sans CJK SC", "PingFang SC", "Microsoft YaHei", "WenQuanYi Micro Hei", sans-serif';
const SAME_NAME_PX = 260; // between two of one street's names

const NameLayer = L.Layer.extend({
  initialize(part, blob, layers, words) {
    Object.assign(this, { layers, words, texts: part.names, drawn: [] });
    this.kinds = part.kinds.map(({ kind, zoom, name, at, angle }) => {
      const places = points(blob, at).map((p) => L.latLng(p));
      return { kind, zoom, name: summed(integers(blob, name)), places, world: places.map((p) => L.CRS.EPSG3857.latLngToPoint(p, 0)), angle: angle ? integers(blob, angle) : null };
    });
  },
  onAdd(map) {
    const pane = map.getPane("p-names") ?? map.createPane("p-names");
    pane.style.zIndex = 445; // over areas, under symbols
    pane.style.pointerEvents = "none";
    this.canvas = L.DomUtil.create("canvas", "leaflet-zoom-hide", pane);
    map.on("moveend zoomend resize planner:layer", this.draw, this);
    this.draw();
  },
  onRemove(map) {
    this.canvas.remove();
    map.off("moveend zoomend resize planner:layer", this.draw, this);
  },
  // Every name once, with where it is first met: for the search.
  places() {
    const known = new Map();
    for (const { kind, name, places } of this.kinds) {
      name.forEach((n, i) => known.has(n) || known.set(n, { text: this.texts[n], note: this.words.t(`name_${kind}`), latlng: places[i] }));
    }
    return [...known.values()];
  },
  // Boxes of the labels that are there already (districts, waters), as discs along them.
  takenByLabels(corner) {
    const discs = [];
    for (const marker of this.layers.labels ?? []) {
      const span = marker.getElement()?.firstChild;
      if (!span || span.style.visibility === "hidden") continue;
      const box = span.getBoundingClientRect();
      const r = box.height / 2 + 1;
      for (let x = box.left + r; x <= box.right; x += r) discs.push([x - corner.left, box.top + box.height / 2 - corner.top, r]);
    }
    return discs;
  },
  draw() {
    const map = this._map;
    if (!map) return;
    const size = map.getSize();
    const ratio = L.Browser.retina ? 2 : 1;
    const zoom = map.getZoom();
    L.DomUtil.setPosition(this.canvas, map.containerPointToLayerPoint([0, 0]));
    this.canvas.width = size.x * ratio;
    this.canvas.height = size.y * ratio;
    this.canvas.style.width = `${size.x}px`;
    this.canvas.style.height = `${size.y}px`;
    const ctx = this.canvas.getContext("2d");
    ctx.scale(ratio, ratio);
    Object.assign(ctx, { textAlign: "center", textBaseline: "middle", lineJoin: "round", lineWidth: 3, strokeStyle: "rgba(255, 255, 255, .86)" });
    const scale = 2 ** zoom;
    const origin = map.getPixelBounds().min;
    const room = new Room(this.takenByLabels(map.getContainer().getBoundingClientRect()));
    this.drawn = [];
    const same = new Map();
    for (const { kind, zoom: from, name, places, world, angle } of this.kinds) {
      if (zoom < from) continue;
      const [font, ink] = NAME_LOOKS[kind];
      ctx.font = `${font} ${NAME_FONT}`;
      ctx.fillStyle = ink;
      const high = parseFloat(font.match(/([\d.]+)px/)[1]);
      for (let i = 0; i < name.length; i++) {
        const [x, y] = [world[i].x * scale - origin.x, world[i].y * scale - origin.y];
        if (x < 0 || y < 0 || x > size.x || y > size.y) continue;
        const near = same.get(name[i]) ?? [];
        if (near.some(([a, b]) => Math.hypot(a - x, b - y) < SAME_NAME_PX)) continue;
        const text = this.texts[name[i]];
        const turn = angle ? (angle[i] * Math.PI) / 180 : 0;
        const half = ctx.measureText(text).width / 2;
        const [dx, dy] = [Math.cos(turn), Math.sin(turn)];
        const [w, h] = [Math.abs(half * dx) + high / 2, Math.abs(half * dy) + high / 2];
        if (x < w || y < h || x + w > size.x || y + h > size.y) continue; // whole or not at all
        const r = high / 2 + 1.5;
        const n = Math.max(1, Math.ceil((2 * half) / r));
        const discs = Array.from({ length: n + 1 }, (_, k) => ((2 * k) / n - 1) * (half - r / 2)).map((t) => [x + t * dx, y + t * dy, r]);
        if (!room.take(discs)) continue;
        same.set(name[i], [...near, [x, y]]);
        ctx.setTransform(ratio * dx, ratio * dy, -ratio * dy, ratio * dx, ratio * x, ratio * y);
        ctx.strokeText(text, 0, 0);
        ctx.fillText(text, 0, 0);
        this.drawn.push({ kind, text, latlng: places[i], discs });
      }
    }
  },
});

// Discs that are taken, by squares of the screen.
class Room {
  constructor(discs) {
    this.squares = new Map();
    for (const disc of discs) this.put(disc);
  }
  put(disc) {
    const key = `${Math.floor(disc[0] / 32)},${Math.floor(disc[1] / 32)}`;
    if (!this.squares.has(key)) this.squares.set(key, []);
    this.squares.get(key).push(disc);
  }
  free([x, y, r]) {
    const [c, d] = [Math.floor(x / 32), Math.floor(y / 32)];
    for (let i = c - 1; i <= c + 1; i++) {
      for (let j = d - 1; j <= d + 1; j++) {
        if ((this.squares.get(`${i},${j}`) ?? []).some(([a, b, s]) => Math.hypot(a - x, b - y) < r + s)) return false;
      }
    }
    return true;
  }
  take(discs) {
    if (!discs.every((disc) => this.free(disc))) return false;
    for (const disc of discs) this.put(disc);
    return true;
  }
}

function addNames(layers) {
  const { head, blob, words } = layers;
  if (!head.context) return;
  layers.names = new NameLayer(head.context, blob, layers, words);
  layers.add("names", words.t("layer_names"), layers.names, { swatches: [[nameSwatch(words), ""]], note: words.t("note_names"), order: 8.5 });
}

function nameSwatch(words) {
  const canvas = swatch("area", {});
  const ctx = canvas.getContext("2d");
  Object.assign(ctx, { font: `600 11px ${NAME_FONT}`, fillStyle: NAME_LOOKS.road[1], textAlign: "center", textBaseline: "middle" });
  ctx.fillText(words.zh ? "路名" : "Abc", 13, 8);
  return canvas;
}
