// Two plans beside each other: the shown one and another, by figure, by site, and with a swipe on the map.

// Share and workers covered of a plan in the state; in the headline's own state the shares printed by the study.
function figuresBeside(desk, head, plan) {
  const found = desk.counted({ ...desk.now, plan });
  const printed = isHeadline(desk) && (plan === "today" || plan === "proposal");
  const k = plan === "today" ? 0 : 1;
  const h = head.headline;
  const of = Object.fromEntries(h.by_district.map((d) => [d.district, k ? d.after : d.before]));
  const rows = (list, share) => list.map((row, i) => ({ name: row.name, covered: row.covered, share: share(row, i) }));
  return {
    plan: found.plan, share: printed ? h.share[k] : found.share, covered: printed ? h.covered[k] : found.covered,
    byDistrict: rows(found.byDistrict, (row, i) => (printed ? of[desk.part.districts[i]] : undefined) ?? row.share),
    byGroup: rows(found.byGroup, (row) => row.share),
    byPeriod: rows(found.byPeriod, (row) => row.share),
  };
}

function compareTable(desk, head, words, actions, swipe) {
  const names = () => [...Object.keys(desk.plans), "mine"].filter((name) => name !== desk.now.plan);
  const choice = el("select", { "data-compare": "with", "aria-label": words.t("compare_with"), onchange: () => follow() });
  const drawn = el("input", { type: "checkbox", "data-compare": "swipe", onchange: () => follow() });
  const body = el("div", { class: "beside" });
  const node = el(
    "section",
    { class: "mine compare", "aria-label": words.t("tab_compare") },
    el("div", { class: "tools" }, el("label", {}, words.t("compare_with"), " ", choice), el("label", {}, drawn, " ", words.t("compare_swipe"))),
    body,
  );
  const planName = (name) => words.t(`plan_${name}`) + (desk.estimated(name).length ? ` (${words.t("estimated")})` : "");
  const signed = (n) => `${n > 0 ? "+" : n < 0 ? "−" : ""}${words.n(Math.abs(n), 0)}`;
  const tone = (n) => (n >= 0 ? "number plus-n" : "number minus-n");
  function line(label, one, other, strong) {
    const n = Math.round(one.covered) - Math.round(other.covered);
    return el("tr", { class: strong ? "strong" : null }, el("th", { scope: "row" }, label), el("td", { class: "number" }, words.percent(one.share)), el("td", { class: "number" }, words.percent(other.share)), el("td", { class: tone(n) }, signed(n)));
  }
  function onlyIn(name, sites) {
    if (!sites.length) return null;
    const items = sites.slice(0, 60).map((site) => el("li", {}, el("button", { type: "button", class: "what", onclick: () => actions.site(null, site) }, siteName(desk, site, head))));
    return el("details", {}, el("summary", {}, words.t("compare_only", { plan: words.t(`plan_${name}`), n: words.n(sites.length) })), el("ul", { class: "changes" }, items));
  }
  function follow() {
    const open = names();
    const wanted = open.includes(choice.value) ? choice.value : desk.now.plan === "mine" ? "proposal" : desk.changed && desk.now.plan === "proposal" ? "mine" : open[0];
    choice.replaceChildren(...open.map((name) => el("option", { value: name, selected: name === wanted }, words.t(`plan_${name}`))));
    choice.value = wanted;
    const [a, b] = [desk.now.plan, wanted];
    const [one, other] = [a, b].map((plan) => figuresBeside(desk, head, plan));
    const groups = Object.fromEntries(desk.part.groups.map((g) => [g.name, g.label]));
    const hours = Object.fromEntries(desk.part.periods.map((t) => [t.name, t.label]));
    const part = (key, label) => one[key].map((row, i) => [row, other[key][i]]).filter(([row]) => label(row.name)).map(([row, beside]) => line(label(row.name), row, beside));
    const has = [one, other].map((found) => new Set(found.plan.sites));
    const only = (k) => [one, other][k].plan.sites.filter((i) => !has[1 - k].has(i));
    const openOf = (found, i) => found.plan.hours?.get(i) ?? desk.board.open[i];
    const retimed = one.plan.sites.filter((i) => has[1].has(i) && openOf(one, i) !== openOf(other, i)).length;
    body.replaceChildren(
      ...[
        el(
          "table",
          {},
          el("thead", {}, el("tr", {}, el("td", {}), ...[a, b].map((name) => el("th", { scope: "col", class: "number" }, planName(name))), el("th", { scope: "col", class: "number" }, words.t("compare_less")))),
          el("tbody", {}, line(words.t("compare_all"), one, other, true), part("byDistrict", (i) => head.districts.name[i]), part("byGroup", (name) => groups[name]), part("byPeriod", (name) => hours[name])),
        ),
        retimed ? el("p", {}, words.t("compare_hours", { n: words.n(retimed) })) : null,
        onlyIn(a, only(0)),
        onlyIn(b, only(1)),
      ].filter(Boolean),
    );
    swipe.show(drawn.checked ? b : null);
  }
  desk.subscribe(() => drawn.checked && follow(), true); // the map shows the swipe whichever list is open
  return { node, follow };
}

// To the right of a line that can be moved the map shows another plan: its cells and its sites.
class Swipe {
  constructor(layers, desk, words) {
    Object.assign(this, { layers, desk, words, map: layers.map, at: 0.5, plan: null });
  }
  show(plan) {
    if (!plan) return this.hide();
    this.begin();
    this.plan = plan;
    const { desk, layers, grid } = this;
    const today = desk.counted({ ...desk.now, plan: "today" });
    const found = desk.counted({ ...desk.now, plan });
    grid.show(desk.cellWorkers(), today.cells, found.cells, COLOURS.status);
    this.cells.repaint();
    this.points.clearLayers();
    const there = new Set(found.plan.sites);
    const style = (colour, open, radius) => ({ pane: "p-points-b", renderer: this.canvas, interactive: false, radius, weight: 1.2, color: open ? "#fff" : colour, fillColor: open ? colour : "#fff", fillOpacity: 1 });
    const size = symbolSize(this.map.getZoom());
    layers.stationSymbols.forEach((symbol, k) => {
      const open = there.has(desk.stationAt.indexOf(k));
      this.points.addLayer(L.circleMarker(symbol.getLatLng(), style(COLOURS.old, open, 3.4 * size)));
    });
    for (const i of found.plan.sites) if (i >= desk.board.nStations) this.points.addLayer(L.circleMarker(layers.placeOf(i), style(plan === "mine" ? COLOURS.mine : COLOURS.sites[0], true, 5.5 * size)));
    this.names[0].textContent = this.words.t(`plan_${desk.now.plan}`);
    this.names[1].textContent = this.words.t(`plan_${plan}`);
    this.cut();
  }
  begin() {
    if (this.plan) return;
    const { map, layers } = this;
    const own = layers.grid;
    this.grid ??= Object.assign(Object.create(Object.getPrototypeOf(own)), own);
    for (const [name, above] of [["p-cells-b", "p-cells"], ["p-points-b", "p-points"]]) {
      if (map.getPane(name)) continue;
      const pane = map.createPane(name);
      pane.style.zIndex = Number(map.getPane(above).style.zIndex) + 1;
      pane.style.pointerEvents = "none";
    }
    this.canvas ??= L.canvas({ pane: "p-points-b", padding: 0.12 });
    this.cells ??= new CellLayer(this.grid, [], { pane: "p-cells-b" });
    this.points ??= L.layerGroup();
    this.cells.addTo(map);
    this.points.addTo(map);
    this.names ??= [0, 1].map((k) => el("span", { class: `swipe-name s${k}` }));
    this.line ??= this.slider();
    map.getContainer().append(this.line);
    this.follow ??= () => this.cut();
    this.again ??= () => this.show(this.plan);
    map.on("move resize", this.follow);
    map.on("zoomend", this.again);
  }
  hide() {
    if (!this.plan) return;
    this.plan = null;
    this.map.off("move resize", this.follow);
    this.map.off("zoomend", this.again);
    this.cells.remove();
    this.points.remove();
    this.line.remove();
    for (const name of ["p-cells", "p-points", "p-areas", "p-cells-b", "p-points-b"]) this.clip(name, null);
  }
  slider() {
    const line = el("div", { class: "swipe", role: "slider", tabindex: 0, "aria-label": this.words.t("compare_swipe"), "aria-valuemin": 0, "aria-valuemax": 100 }, this.names);
    const to = (at) => {
      this.at = Math.min(0.98, Math.max(0.02, at));
      this.cut();
    };
    L.DomEvent.disableClickPropagation(line);
    line.addEventListener("pointerdown", (event) => {
      line.setPointerCapture(event.pointerId);
      event.preventDefault();
      line.focus();
    });
    line.addEventListener("pointermove", (event) => {
      if (!line.hasPointerCapture(event.pointerId)) return;
      const box = this.map.getContainer().getBoundingClientRect();
      to((event.clientX - box.left) / box.width);
    });
    line.addEventListener("keydown", (event) => {
      const step = { ArrowLeft: -0.02, ArrowRight: 0.02, Home: -1, End: 1 }[event.key];
      if (!step) return;
      event.preventDefault();
      event.stopPropagation();
      to(this.at + step);
    });
    return line;
  }
  // What lies to the left is the shown plan's, what lies to the right the other's.
  cut() {
    const size = this.map.getSize();
    const x = Math.round(size.x * this.at);
    this.line.style.left = `${x}px`;
    this.line.setAttribute("aria-valuenow", String(Math.round(100 * this.at)));
    for (const name of ["p-cells", "p-points", "p-areas"]) this.clip(name, [0, x]);
    for (const name of ["p-cells-b", "p-points-b"]) this.clip(name, [x, size.x]);
  }
  clip(name, span) {
    const pane = this.map.getPane(name);
    if (!pane) return;
    pane.span = span; // the map's picture heeds it too
    const [a, b] = [[span?.[0] ?? 0, 0], [span?.[1] ?? 0, this.map.getSize().y]].map((p) => this.map.containerPointToLayerPoint(p));
    pane.style.clip = span ? `rect(${a.y}px, ${b.x}px, ${b.y}px, ${a.x}px)` : "";
  }
}
