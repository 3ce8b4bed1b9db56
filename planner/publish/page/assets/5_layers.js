// The map's layers. A pane is a canvas over the whole map, so there are few; layers that share one are put in
// order when they are switched on, so that switching never covers what should lie on top.

// Beside the layer control on a wide screen, never under it.
const CARD = { maxWidth: 320, minWidth: 220, autoPanPaddingTopLeft: [24, 62], autoPanPaddingBottomRight: window.innerWidth > 900 ? [258, 24] : [12, 24] };
const PANES = ["land", "cells", "ground", "areas", "marks", "points", "labels"];
const ROUGH = { color: COLOURS.mine, fillColor: "#fff", dashArray: "3 2" }; // estimated: hollow, its outline broken
const ROAD_WIDTH = { motorway: 2.4, trunk: 1.9, primary: 1.35, secondary: 0.9 };

class Layers {
  constructor(map, head, blob, words, desk = null, grid = null) {
    Object.assign(this, { map, head, blob, words, desk, grid, list: [], found: [] });
    this.first = map.getZoom();
    this.towns = head.board?.towns && desk ? new Towns(head, blob, words) : null;
    this.renderers = {};
    PANES.forEach((name, i) => {
      const pane = map.createPane(`p-${name}`);
      pane.style.zIndex = 400 + 10 * i;
      if (name !== "points") pane.style.pointerEvents = "none";
    });
  }
  canvas(pane) {
    this.renderers[pane] ??= L.canvas({ pane: `p-${pane}`, padding: 0.12, tolerance: 4 });
    return this.renderers[pane];
  }
  style(pane, options) {
    return { pane: `p-${pane}`, renderer: this.canvas(pane), interactive: false, ...options };
  }
  add(key, label, layer, { shown = true, swatches = [], note = "", order, legend = null, definition = "" }) {
    this.list.push({ key, label, layer, swatches, note, order, legend, definition });
    layer.on("add", () => this.restack());
    if (shown) layer.addTo(this.map);
  }
  restack() {
    for (const entry of this.list) {
      if (this.map.hasLayer(entry.layer)) entry.layer.eachLayer?.((shape) => shape.bringToFront?.());
    }
  }
  get(key) {
    return this.list.find((entry) => entry.key === key);
  }
  show(key, on) {
    const entry = this.get(key);
    if (!entry) return;
    if (on) entry.layer.addTo(this.map);
    else entry.layer.remove();
    this.map.fire("planner:layer", { key, on });
  }
  build() {
    this.land();
    this.cells();
    this.water();
    this.roads();
    this.borders();
    addTowns(this);
    this.areas();
    this.gaps();
    this.hotspots();
    for (const part of this.head.extras) addExtra(this, part);
    if (this.desk) this.candidates();
    this.stations();
    this.sites();
    if (this.desk) {
      this.mine();
      this.desk.subscribe(() => this.follow(), true);
      this.follow();
    }
    this.map.on("zoomend", () => this.rescale());
    this.rescale();
  }
  // What depends on the zoom level: symbol sizes, road widths, which roads.
  rescale() {
    const zoom = this.map.getZoom();
    const size = symbolSize(zoom);
    for (const { group, radius } of this.symbols ?? []) {
      group.eachLayer((s) => s.setStyle({ radius: radius(s) * size, weight: s.options.outline * Math.min(1, size) }));
    }
    for (const shape of this.circles ?? []) shape.setStyle({ stroke: zoom >= 10.5, weight: zoom < 12 ? 0.7 : 1.1 });
    for (const { name, line, casing } of this.lines ?? []) {
      const width = ROAD_WIDTH[name] * Math.max(0.6, Math.min(3.2, 0.55 + (zoom - this.first) * 0.32));
      const late = { secondary: 2, primary: 0.5 }[name] ?? 0;
      const visible = zoom - this.first >= late || zoom >= 13;
      line.setStyle({ weight: width, opacity: visible ? 0.95 : 0 });
      casing.setStyle({ weight: width + 1.6, opacity: visible ? 0.75 : 0 });
    }
    this.thinGaps();
    this.map.getContainer().classList.toggle("zoomed", zoom - this.first >= 4);
    this.untangle();
  }
  // Thousands of gaps of one or two cells would be confetti from afar: small ones wait for a closer look.
  thinGaps() {
    const near = this.map.getZoom() >= 12.5;
    if (near === this.near) return;
    this.near = near;
    this.gapShapes?.forEach((shape, i) => {
      const shown = near || this.gapList[i].workers >= 10 || this.gapShapes.length < 300;
      shape.setStyle({ stroke: shown && !shape.edge, fill: shown, weight: near ? 1.2 : 0.6 });
      shape.edge?.setStyle({ stroke: shown, weight: near ? 1.2 : 0.6 });
    });
  }

  land() {
    const parts = shapes(this.blob, this.head.districts.shapes);
    const land = this.style("land", { stroke: false, fillColor: COLOURS.land, fillOpacity: 1 });
    const halo = this.style("land", { fill: false, color: "#8f8a80", weight: 7, opacity: 0.16 });
    const drawn = this.head.about.public ? [] : parts; // a public page has no outlines
    for (const part of drawn) L.polygon(part, halo).addTo(this.map);
    for (const part of drawn) L.polygon(part, land).addTo(this.map);
    this.districtShapes = parts.map((part) => L.polygon(part));
  }
  borders() {
    const { head, words } = this;
    const at = points(this.blob, head.districts.label);
    const parts = head.about.public ? [] : this.districtShapes.map((shape) => shape.getLatLngs());
    const casing = this.style("ground", { fill: false, color: "#fff", weight: 3, opacity: 0.75 });
    const line = this.style("ground", { fill: false, color: COLOURS.border, weight: 1.15, dashArray: "7 3 1.5 3" });
    const group = L.layerGroup();
    for (const options of [casing, line]) for (const part of parts) group.addLayer(L.polygon(part, options));
    head.districts.name.forEach((name, i) => {
      group.addLayer(this.label(at[i], name.replace(/\s*[（(].*$/, "") || name, "district-label"));
      this.found.push({ text: name, note: words.t("district"), latlng: at[i], bounds: this.districtShapes[i].getBounds() });
    });
    this.add("districts", words.t("layer_districts"), group, {
      swatches: [[swatch("line", { stroke: COLOURS.border, dash: [7, 3, 1.5, 3], weight: 1.4 }), ""]],
      order: 8,
    });
  }
  // `room`: half the width (m) that the label has on the ground; it waits until it fits.
  label(latlng, text, className, room = Infinity) {
    const icon = L.divIcon({ html: el("span", {}, text), className, iconSize: null });
    const marker = L.marker(latlng, { icon, pane: "p-labels", interactive: false, keyboard: false, room });
    (this.labels ??= []).push(marker);
    return marker;
  }
  // Labels that would lie on another one move a little, or wait for a closer look.
  untangle() {
    const taken = [];
    const shown = (this.labels ?? []).map((marker) => ({ marker, span: marker.getElement()?.firstChild })).filter((l) => l.span);
    for (const label of shown) [label.width, label.height] = [label.span.offsetWidth, label.span.offsetHeight]; // read first, write later
    for (const { marker, span, width, height } of shown) {
      const at = this.map.latLngToContainerPoint(marker.getLatLng());
      const [w, h] = [width / 2, height / 2 - 2];
      const metre = 256 * 2 ** this.map.getZoom() / (40075017 * Math.cos((marker.getLatLng().lat * Math.PI) / 180));
      const fits = 1.5 * marker.options.room * metre > w;
      const free = !fits ? undefined : [0, 17, -17, 32, -32].find((dy) =>
        taken.every((t) => Math.abs(t.x - at.x) > t.w + w || Math.abs(t.y - at.y - dy) > t.h + h),
      );
      span.style.visibility = free === undefined ? "hidden" : "visible";
      if (free === undefined) continue;
      span.style.top = `${free}px`;
      taken.push({ x: at.x, y: at.y + free, w, h });
    }
  }
  cells() {
    const { head, words, grid } = this;
    if (!grid) return;
    const ramp = this.desk ? COLOURS.status.none : COLOURS.ramp;
    if (this.desk) this.shade();
    const classes = () => {
      const n = (v) => words.n(v);
      const breaks = grid.breaks;
      const label = (i) =>
        i === 0 ? (breaks.length ? `< ${n(breaks[0])}` : "> 0") : i === breaks.length ? `≥ ${n(breaks[i - 1])}` : `${n(breaks[i - 1])} – ${n(breaks[i])}`;
      return pick(ramp, breaks.length + 1).map((fill, i) => [swatch("area", { fill, stroke: "rgba(80,60,30,.35)", weight: 0.6 }), label(i)]);
    };
    const hue = (key, mark) => [swatch("area", { fill: COLOURS.status[key][3], stroke: "rgba(80,60,30,.35)", weight: 0.6, mark }), words.t(`cell_${key}`)];
    const status = () => [hue("none"), hue("now"), ...(this.desk.now.plan === "today" ? [] : [hue("more", 1)]), ...(this.lost ? [hue("less", 2)] : [])];
    this.cellLayer = new CellLayer(grid, pick(ramp, grid.breaks.length + 1), { pane: "p-cells" });
    this.add("cells", words.t(this.desk ? "layer_circle" : "layer_cells"), this.cellLayer, {
      swatches: classes(),
      legend: this.desk ? () => [...status(), ...classes()] : null,
      note: words.t("unit_cells", { m: words.n(grid.cellM) }),
      definition: head.glossary.covered[1],
      order: this.desk ? 2 : 4,
    });
  }
  // The cells' looks in the desk's state; the cells that changed, null: all.
  shade() {
    const { desk, grid } = this;
    const found = desk.counted();
    const today = desk.counted({ ...desk.now, plan: "today" });
    this.lost = desk.now.plan !== "today" && today.cells.some((v, i) => v > found.cells[i] + 0.5);
    return grid.show(desk.cellWorkers(), today.cells, found.cells, COLOURS.status);
  }
  // What the desk's state and plan are, drawn.
  follow() {
    const { desk } = this;
    const changed = this.shade();
    const workers = desk.cellWorkers();
    const found = desk.counted();
    if (this.map.hasLayer(this.cellLayer)) this.cellLayer.repaint(changed);
    this.gapsAreStale(workers, found.cells);
    this.restyle();
    this.map.fire("planner:legend");
  }
  // Symbols of the plan that is shown.
  restyle() {
    const { desk, head } = this;
    const plan = new Set(desk.plan().sites);
    const other = drawNetwork(this); // then the stations stand aside
    const today = desk.now.plan === "today" || other;
    this.siteSymbols.forEach((symbol, k) => {
      const i = desk.site.get(head.sites.id[k]);
      const there = plan.has(i);
      const colour = COLOURS.sites[head.sites.batch[k] % 4];
      symbol.options.hidden = today;
      symbol.options.text = there ? String(head.sites.rank[k]) : "×";
      symbol.options.ink = there ? "#fff" : colour;
      symbol.setStyle({ fillColor: there ? colour : "#fff", color: there ? "#fff" : colour });
    });
    this.stationSymbols.forEach((symbol, k) => {
      const i = desk.stationAt.indexOf(k);
      if (i < 0) return;
      const there = plan.has(i);
      symbol.options.hidden = other;
      symbol.setStyle({ fillColor: there ? COLOURS.old : "#fff", color: there ? "#fff" : COLOURS.old });
    });
    this.ownGroup.clearLayers();
    const proposed = new Set(head.sites.id);
    const extra = today ? [] : desk.plan().sites.filter((i) => i >= desk.board.nStations && !proposed.has(desk.ids[i]));
    for (const i of extra) {
      const symbol = new Symbol_(desk.at[i - desk.board.nStations], {
        pane: "p-points", renderer: this.canvas("points"), color: "#fff", outline: 1.7, weight: 1.7, fillOpacity: 1, fillColor: COLOURS.mine,
        shape: "plus", radius: 6 * symbolSize(this.map.getZoom()), ...(desk.isPlace(i) ? ROUGH : {}),
      });
      symbol.place = i;
      symbol.bindPopup(() => candidateCard(desk, i, head, this.words), CARD);
      this.ownGroup.addLayer(symbol);
    }
    this.dots?.repaint();
  }
  // What the desk asks of a place that is no candidate: how far the middle of each cell is (m), and where it lies.
  survey(lat, lng) {
    const { grid, head, words } = this;
    const at = L.latLng(lat, lng);
    if (!L.latLngBounds([[head.bounds[1], head.bounds[0]], [head.bounds[3], head.bounds[2]]]).contains(at)) throw new Error(`outside of the study: ${lng}, ${lat}`);
    const far = Float64Array.from(grid.key, (key) => at.distanceTo(grid.latlng((key % grid.columns) + 0.5, Math.floor(key / grid.columns) + 0.5)));
    return { far, name: words.t("place_name", { at: `${lng.toFixed(5)}, ${lat.toFixed(5)}` }), district: this.districtAt(at), town: this.towns?.at(at) };
  }
  mine() {
    this.desk.survey = (lat, lng) => this.survey(lat, lng);
    this.ownGroup = L.featureGroup();
    this.ownGroup.on("mouseover", ({ layer }) => this.hover(layer, this.desk.candidate.name[layer.place - this.desk.board.nStations]));
    this.ownGroup.on("mouseout click", () => this.hover(null));
    (this.symbols ??= []).push({ group: this.ownGroup, radius: () => 6 });
    this.add("mine", this.words.t("layer_mine"), this.ownGroup, {
      swatches: [[swatch("point", { fill: COLOURS.mine, stroke: "#fff", shape: "plus", radius: 5.5 }), ""]],
      order: 0.5,
    });
  }
  // The symbol of a site of the desk, if one is drawn.
  symbolOf(site) {
    if (site < this.desk.board.nStations) return this.stationSymbols[this.desk.stationAt[site]];
    const k = this.head.sites.id.indexOf(this.desk.ids[site]);
    return k >= 0 ? this.siteSymbols[k] : this.ownGroup.getLayers().find((symbol) => symbol.place === site);
  }
  placeOf(site) {
    return L.latLng(this.desk.at[site - this.desk.board.nStations]);
  }
  openCandidate(site) {
    const popup = L.popup(CARD).setLatLng(this.placeOf(site));
    popup.setContent(candidateCard(this.desk, site, this.head, this.words)).openOn(this.map);
  }
  // The candidate whose dot is clicked on; -1: none.
  dotAt(latlng) {
    if (!this.dots || !this.map.hasLayer(this.dots) || this.map.getZoom() < 11.5) return -1;
    const metre = 40075017 * Math.cos((latlng.lat * Math.PI) / 180) / (256 * 2 ** this.map.getZoom());
    const [near] = nearestSites(this.desk.board, this.desk.at, [latlng.lat, latlng.lng], 9 * metre);
    return near ? near[0] : -1;
  }
  candidates() {
    const { desk, words } = this;
    this.dots = new DotLayer(desk, { pane: "p-marks" });
    this.add("candidates", `${words.t("layer_candidates")} (${words.n(desk.board.nCandidates)})`, this.dots, {
      swatches: [[swatch("point", { fill: "#fff", stroke: COLOURS.mine, radius: 3 }), ""]],
      shown: false,
      order: 3.5,
    });
  }
  water() {
    const parts = shapes(this.blob, this.head.water.shapes);
    const style = this.style("ground", { color: COLOURS.shore, weight: 0.7, fillColor: COLOURS.water, fillOpacity: 1 });
    const group = L.layerGroup(parts.filter((p) => p.length).map((p) => L.polygon(p, style)));
    points(this.blob, this.head.water.label).forEach((at, i) => group.addLayer(this.label(at, this.head.water.name[i], "water-label", this.head.water.room[i])));
    this.add("water", this.words.t("layer_water"), group, {
      swatches: [[swatch("area", { fill: COLOURS.water, stroke: COLOURS.shore }), ""]],
      order: 10,
    });
  }
  roads() {
    const group = L.layerGroup();
    const swatches = [];
    this.lines = [];
    for (const part of this.head.roads) {
      const name = part.class;
      const lines = shapes(this.blob, part.shapes).flat(2);
      const common = { smoothFactor: 1.2, lineCap: "round" };
      const casing = L.polyline(lines, this.style("ground", { ...common, color: "#fff" }));
      const line = L.polyline(lines, this.style("ground", { ...common, color: COLOURS.roads[name] }));
      this.lines.unshift({ name, line, casing });
      swatches.push([swatch("line", { stroke: COLOURS.roads[name], weight: ROAD_WIDTH[name] * 1.3 }), this.words.t(`road_${name}`)]);
    }
    for (const { casing } of this.lines) group.addLayer(casing);
    for (const { line } of this.lines) group.addLayer(line);
    this.add("roads", this.words.t("layer_roads"), group, { swatches, order: 9 });
  }
  areas() {
    const { head, words } = this;
    const colour = { before: COLOURS.old, added: COLOURS.sites[0] };
    for (const key of ["before", "added"]) {
      const style = this.style("areas", {
        color: colour[key], weight: 1.1, opacity: 0.85, fillColor: COLOURS.circle[key], fillOpacity: 0.46, smoothFactor: 0.8,
      });
      const group = L.layerGroup();
      const draw = () => {
        const parts = shapes(this.blob, head.areas[key]).filter((p) => p.length);
        for (const p of parts) group.addLayer(L.polygon(p, style));
        this.circles = [...(this.circles ?? []), ...group.getLayers()];
      };
      if (!this.desk) draw();
      else {
        group.once("add", () => {
          draw(); // a hundred thousand corners: only for who asks
          this.rescale();
        });
      }
      const [now, then] = head.headline.readings.any_hour ?? head.headline.share;
      this.add(key, words.t(`layer_${key}`), group, {
        note: words.t(`note_${key}`, { now: words.percent(now), then: words.percent(then) }),
        shown: !this.desk,
        swatches: [[swatch("area", { fill: COLOURS.circle[key], opacity: 0.5, stroke: colour[key] }), ""]],
        order: key === "before" ? 2.5 : 3,
      });
    }
  }
  gaps() {
    const { head, words } = this;
    const style = this.style("marks", {
      color: COLOURS.gap, weight: 1.2, dashArray: "4 3", fillColor: hatch("rgba(61,58,68,.55)"), fillOpacity: 1,
    });
    const drawn = this.desk ? [] : shapes(this.blob, head.gaps.shapes).map((p) => L.polygon(p, style));
    this.gapStyle = style;
    this.gapGroup = L.layerGroup(drawn);
    this.gapGroup.on("add", () => this.fillGaps());
    if (!this.desk) {
      this.gapShapes = drawn;
      this.gapList = drawn.map((shape, i) => ({ workers: head.gaps.workers[i], name: head.gaps.name[i], district: head.gaps.district[i] }));
    }
    this.add("gaps", words.t("layer_gaps"), this.gapGroup, {
      swatches: [[swatch("area", { fill: hatch("rgba(61,58,68,.75)"), stroke: COLOURS.gap, dash: [3, 2] }), ""]],
      note: this.desk ? words.t("note_gaps") : "",
      definition: head.glossary.gap_workers[1],
      shown: false,
      order: 5,
    });
  }
  // The gaps of the state, from the same cells that are coloured; counted when somebody looks at them.
  gapsAreStale(workers, covered) {
    this.gapsNow = () => gapsOf(this.grid, (this.cellDistrict ??= districtOfCells(this.desk.board)), workers, covered);
    this.gapList = this.gapShapes = null;
    this.gapGroup.clearLayers();
    if (this.map.hasLayer(this.gapGroup)) this.fillGaps();
  }
  gapsOfState() {
    return (this.gapList ??= this.gapsNow());
  }
  // A gap with its name and place.
  named(gap) {
    return this.desk && gap.name === undefined ? Object.assign(gap, this.gapPlace(gap)) : gap;
  }
  gapPlace(gap) {
    const { grid } = this;
    const middle = [0, 1].map((k) => gap.cells.reduce((sum, i) => sum + (k ? Math.floor(grid.key[i] / grid.columns) : grid.key[i] % grid.columns) + 0.5, 0) / gap.cells.length);
    const latlng = grid.latlng(...middle);
    this.gapNames ??= shapes(this.blob, this.head.gaps.shapes)
      .map((part, i) => [L.latLngBounds(part.flat(2)), this.head.gaps.name[i]])
      .filter(([box, name]) => name && box.isValid());
    let best = [2000, ""];
    for (const [box, name] of this.gapNames) {
      const far = box.contains(latlng) ? 0 : this.map.distance(box.getCenter(), latlng); // near enough: names of the study's own gaps
      if (far < best[0]) best = [far, name];
    }
    return { latlng, name: best[1] };
  }
  fillGaps() {
    const { grid } = this;
    if (this.gapShapes || !this.desk) return;
    this.gapShapes = this.gapsOfState().map((gap) => {
      const squares = gap.cells.map((i) => {
        const c = grid.key[i] % grid.columns;
        const r = Math.floor(grid.key[i] / grid.columns);
        return [[[c, r], [c + 1, r], [c + 1, r + 1], [c, r + 1]].map(([x, y]) => grid.latlng(x, y))];
      });
      const shape = L.polygon(squares, { ...this.gapStyle, stroke: false });
      const edge = L.polyline(outlineOf(grid, gap.cells).map((line) => line.map(([x, y]) => grid.latlng(x, y))), { ...this.gapStyle, dashArray: null });
      shape.edge = edge;
      this.gapGroup.addLayer(shape);
      this.gapGroup.addLayer(edge);
      return shape;
    });
    this.near = undefined;
    this.thinGaps();
  }
  hotspots() {
    const { head, words } = this;
    if (!head.hotspots) return;
    const parts = shapes(this.blob, head.hotspots.shapes);
    const style = this.style("marks", { color: COLOURS.hotspot, weight: 2, fillColor: COLOURS.hotspot, fillOpacity: 0.1 });
    this.hotspotShapes = parts.map((p) => L.polygon(p, style));
    this.add("hotspots", words.t("layer_hotspots"), L.layerGroup(this.hotspotShapes), {
      swatches: [[swatch("area", { fill: COLOURS.hotspot, opacity: 0.16, stroke: COLOURS.hotspot, weight: 2 }), ""]],
      shown: false,
      order: 6,
    });
  }
  // A group of symbols with popups, a name on hover, and an entry in the search box.
  points(places, { make, name, note, popup, radius, searchable = true }) {
    const group = L.featureGroup();
    const made = places.map((latlng, i) => {
      const symbol = new Symbol_(latlng, { pane: "p-points", renderer: this.canvas("points"), ...make(i) });
      symbol.place = i;
      symbol.bindPopup(() => popup(i), CARD);
      group.addLayer(symbol);
      if (searchable && name(i)) this.found.push({ text: name(i), note: note(i), latlng, symbol });
      return symbol;
    });
    group.on("mouseover", ({ layer }) => this.hover(layer, name(layer.place)));
    group.on("mouseout click", () => this.hover(null));
    (this.symbols ??= []).push({ group, radius: (s) => radius(s.place) });
    return { group, made };
  }
  hover(symbol, name) {
    this.tip ??= L.tooltip({ direction: "top", offset: [0, -8], className: "name-tip" });
    if (!symbol || !name || symbol.isPopupOpen()) this.tip.remove();
    else this.tip.setLatLng(symbol.getLatLng()).setContent(el("span", {}, name)).addTo(this.map);
  }
  stations() {
    const { head, words } = this;
    const s = head.stations;
    const { group, made } = this.points(points(this.blob, s.at), {
      make: (i) => ({
        color: s.status[i] === "open" ? "#fff" : COLOURS.old, outline: s.status[i] === "open" ? 1.2 : 2, fillOpacity: 1,
        fillColor: s.status[i] === "open" ? COLOURS.old : "#fff",
      }),
      name: (i) => s.name[i],
      note: () => words.t("station"),
      radius: () => 3.4,
      popup: (i) => stationCard(s, i, head, words, this.desk),
    });
    this.stationSymbols = made;
    const swatches = [[swatch("point", { fill: COLOURS.old, stroke: "#fff", radius: 5 }), words.t("status_open")]];
    if (s.status.some((v) => v !== "open")) {
      swatches.push([swatch("point", { fill: "#fff", stroke: COLOURS.old, radius: 4.5 }), words.t("status_other")]);
    }
    this.add("stations", `${words.t("layer_stations")} (${words.n(made.length)})`, group, { swatches, order: 1 });
  }
  sites() {
    const { head, words } = this;
    const s = head.sites;
    const style = (i) => ({ fillColor: COLOURS.sites[s.batch[i] % 4], shape: BATCH_SHAPES[s.batch[i] % 4] });
    const { group, made } = this.points(points(this.blob, s.at), {
      make: (i) => ({ ...style(i), color: "#fff", outline: 1.7, fillOpacity: 1, text: String(s.rank[i]), textFrom: 8 }),
      name: (i) => s.name[i] || s.id[i],
      note: (i) => words.t("site_rank", { n: s.rank[i] }),
      radius: () => 6,
      popup: (i) => siteCard(s, i, head, words, this.desk),
    });
    this.siteSymbols = made;
    group.on("add", () => group.bringToFront());
    const swatches = s.batches.map((name, i) => [
      swatch("point", { fill: COLOURS.sites[i % 4], stroke: "#fff", shape: BATCH_SHAPES[i % 4], radius: 5.5 }),
      name ? words.t("batch_name", { name }) : words.t("layer_sites"),
    ]);
    this.add("sites", `${words.t("layer_sites")} (${words.n(made.length)})`, group, { swatches, order: 0, definition: head.glossary.newly_covered[1] });
  }
  // The district that holds a place; -1: none.
  districtAt(latlng) {
    return this.districtShapes.findIndex((shape) => within(shape, latlng));
  }
  // What stands at a place that is no symbol: hot spot, gap, further shapes, cell.
  at(latlng) {
    const { map, words, head } = this;
    const point = map.latLngToLayerPoint(latlng);
    const dot = this.dotAt(latlng);
    if (dot >= 0) return candidateCard(this.desk, dot, head, words);
    const hit = (made) => made?.findIndex((s) => s && map.hasLayer(s) && s._containsPoint(point)) ?? -1;
    for (const { made, popup } of [...(this.extraShapes ?? [])].reverse()) {
      const i = hit(made);
      if (i >= 0) return popup(i);
    }
    const spot = hit(this.hotspotShapes);
    if (spot >= 0) return hotspotCard(head.hotspots, spot, words);
    const gap = hit(this.gapShapes?.map((s) => (s.options.fill ? s : null)));
    if (gap >= 0) return gapCard(this.named(this.gapList[gap]), head, words, this.desk);
    const cell = this.grid && map.hasLayer(this.get("cells").layer) ? this.grid.at(latlng) : -1;
    if (cell >= 0) return cellCard(this, cell, latlng);
    return this.desk && this.districtShapes.some((s) => s.getBounds().contains(latlng)) ? placeCard(this, latlng) : null;
  }
}
