// What is known of each new station as a ring around it: how steady it is, and under how many assumptions it is kept. And where
// two stations or more are in reach.

const RINGS = [
  { colour: "#0b4f47", dash: null, weight: 3.4 },
  { colour: "#2c8a7d", dash: "5 4", weight: 3 },
  { colour: "#6fbfb3", dash: "1.5 4", weight: 2.6 },
]; // told apart by how broken they are, without colour

function addRings(layers) {
  const { head, words } = layers;
  const s = head.sites;
  const [steady, half] = [0.9, 0.5];
  const level = (share) => (share === null ? -1 : share >= steady ? 0 : share >= half ? 1 : 2);
  const percent = (v) => words.percent(v, 0);
  if (s.confidence.some((v) => v !== null)) {
    ringLayer(layers, "steadiness", s.confidence.map(level), {
      labels: [`≥ ${percent(steady)}`, `${percent(half)} – ${percent(steady)}`, `< ${percent(half)}`],
      label: head.glossary.steadiness[0], definition: head.glossary.steadiness[1], order: 0.2,
    });
  }
  if (s.kept) {
    const kind = (n) => (n === s.cases ? 0 : 2 * n >= s.cases ? 1 : 2);
    ringLayer(layers, "kept", s.kept.map(kind), {
      labels: [words.t("kept_all", { n: s.cases }), words.t("kept_half"), words.t("kept_few")],
      label: words.t("layer_kept"), definition: words.t("kept_means", { n: s.cases }), order: 0.3,
    });
  }
  if (layers.desk) addBackup(layers);
}

// A ring around each new station that the shown plan holds; `of`: its class, -1: not known.
function ringLayer(layers, key, of, { labels, label, definition, order }) {
  const { desk, head } = layers;
  const group = L.layerGroup();
  const rings = of.map((k, i) => {
    if (k < 0) return null;
    const { colour, dash, weight } = RINGS[k];
    const ring = new Symbol_(layers.siteSymbols[i].getLatLng(), {
      ...layers.style("points", { fill: false, color: colour, dashArray: dash, weight, outline: weight, radius: 9 }), hidden: false,
    });
    group.addLayer(ring);
    return ring;
  });
  layers.symbols.push({ group, radius: () => 10 });
  const follow = () => {
    const plan = new Set(desk.plan().sites);
    rings.forEach((ring, i) => ring && (ring.options.hidden = desk.now.plan === "today" || desk.now.network !== "stations" || !plan.has(desk.site.get(head.sites.id[i]))));
    if (layers.map.hasLayer(group)) group.eachLayer((ring) => ring.redraw());
  };
  desk?.subscribe(follow, true);
  const swatches = RINGS.map(({ colour, dash, weight }, k) => [
    swatch("point", { stroke: colour, dash: dash?.split(" ").map(Number), weight, radius: 5.5 }), `${labels[k]} (${layers.words.n(of.filter((v) => v === k).length)})`,
  ]);
  layers.add(key, label, group, { swatches, shown: false, order, definition });
  group.on("add", () => layers.rescale());
}

// Hatching over cells of which half of the workers or more have two open stations in reach, in the state that is shown.
const BackupLayer = CellLayer.extend({
  initialize(layers, options) {
    CellLayer.prototype.initialize.call(this, layers.grid, [], options);
    this.layers = layers;
  },
  _draw(box, size, ratio) {
    const { layers, grid, _ctx: ctx } = this;
    const { desk } = layers;
    const workers = desk.cellWorkers();
    const { cells } = desk.counted({ ...desk.now, network: "stations", least: Math.max(2, desk.now.least) });
    ctx.fillStyle = hatch("rgba(20, 24, 32, .8)", true);
    this._squares(box, size, ratio, (i) => workers[i] > 0 && cells[i] >= 0.5 * workers[i], (x0, y0, x1, y1) => ctx.fillRect(x0, y0, Math.max(1, x1 - x0), Math.max(1, y1 - y0)));
  },
});

function addBackup(layers) {
  const { words, desk } = layers;
  const layer = new BackupLayer(layers, { pane: "p-cells" });
  layers.add("backup", words.t("reading_backup"), layer, {
    swatches: [[swatch("area", { fill: hatch("rgba(20, 24, 32, .8)", true), stroke: "rgba(80,60,30,.35)", weight: 0.6 }), ""]],
    shown: false, order: 2.2, definition: words.t("backup_means"),
  });
  desk.subscribe(() => layers.map.hasLayer(layer) && layer.repaint(), true);
}
