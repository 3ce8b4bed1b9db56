// The site whose card is open: its catchment lit on the map, its hours and groups as bars, what could stand in its place.

function reachedBy(desk, site) {
  const { board } = desk;
  const view = viewOf(board, { ...desk.now, network: "stations" });
  const out = [];
  for (let e = board.ptr[site]; e < board.ptr[site + 1]; e++) if (board.level[e] >= needOf(board, view, board.column[e])) out.push(board.column[e]);
  return { columns: out, view };
}

// Workers within the state's distance of the site, by period (and whether it is open then) and by group.
function reachBars(desk, site, words) {
  const { board, part } = desk;
  const { columns, view } = reachedBy(desk, site);
  const G = board.groups.length;
  const byGroup = board.groups.map((_, g) => columns.reduce((sum, c) => sum + board.weight[c * G + g], 0));
  const byPeriod = board.periods.map((_, t) => byGroup.reduce((sum, n, g) => sum + n * board.shares[g][t], 0));
  const open = view.always ? -1 : (desk.plan().hours?.get(site) ?? board.open[site]);
  const rows = (values, label, shut) => {
    const most = Math.max(...values, 1e-9);
    return values.map((n, k) => {
      const length = el("span", { class: "length" });
      length.style.width = `${(100 * n) / most}%`;
      return el("li", { class: shut(k) ? "shut" : null }, el("span", {}, label(k)), el("span", { class: "track" }, length), el("span", { class: "number" }, shut(k) ? `${words.n(n, 0)} · ${words.t("status_other")}` : words.n(n, 0)));
    });
  };
  return el(
    "section",
    { class: "reach-bars" },
    el("h3", {}, words.t("reach_bars", { m: words.n(desk.now.cutoff_m) })),
    el("ul", {}, rows(byPeriod, (t) => part.periods[t].label, (t) => !((open >> t) & 1)), rows(byGroup, (g) => part.groups[g].label, () => false)),
  );
}

class Lit {
  constructor(layers, desk) {
    Object.assign(this, { layers, desk, map: layers.map, site: -1 });
    this.group = L.layerGroup().addTo(this.map);
    this.offers = L.featureGroup().addTo(this.map);
    this.map.on("popupopen", ({ popup }) => this.show(this.siteOf(popup)));
    this.map.on("popupclose", () => this.show(-1));
    desk.subscribe(() => this.site >= 0 && this.follow(), true);
  }
  siteOf(popup) {
    return this.desk.site.get(popup.getElement()?.querySelector("[data-card]")?.dataset.card) ?? -1;
  }
  show(site) {
    this.site = site;
    this.offers.clearLayers();
    this.draw();
  }
  follow() {
    this.draw();
    const bars = this.map._popup?.getElement()?.querySelector(".reach-bars");
    bars?.replaceWith(reachBars(this.desk, this.site, this.layers.words));
  }
  draw() {
    const { desk, layers, site } = this;
    const { grid } = layers;
    this.group.clearLayers();
    if (site < 0 || desk.now.network !== "stations") return;
    const cells = [...new Set(reachedBy(desk, site).columns.map((c) => desk.board.cell[c]))];
    const lines = outlineOf(grid, cells).map((line) => line.map(([x, y]) => grid.latlng(x, y)));
    for (const style of [{ color: "#fff", weight: 6, opacity: 0.9 }, { color: "#16181d", weight: 2.6 }]) this.group.addLayer(L.polyline(lines, layers.style("marks", { fill: false, ...style })));
  }
  // What could stand in its place, numbered on the map as in the card: [{ site, metres, loss }].
  offer(found, text, take) {
    const { layers } = this;
    this.offers.clearLayers();
    found.forEach((one, k) => {
      const symbol = new Symbol_(layers.placeOf(one.site), {
        pane: "p-points", renderer: layers.canvas("points"), color: COLOURS.mine, weight: 2, fillColor: "#fff", fillOpacity: 1, radius: 10, text: String(k + 1), textFrom: 8, ink: COLOURS.mine,
      });
      symbol.bindTooltip(el("span", {}, text(one)), { permanent: true, direction: "right", offset: [10, 0], className: "offer-tip" });
      symbol.on("click", () => (take(one.site), this.map.closePopup()));
      this.offers.addLayer(symbol);
    });
    if (found.length && this.map._popup && !isSheet()) this.stepAside(this.map._popup);
  }
  // The card, shorter, to the left of its site, so that what it offers is seen.
  stepAside(popup) {
    const node = popup.getElement();
    node.classList.add("offering");
    const { offsetWidth: width, offsetHeight: height } = node;
    popup.options.offset = L.point(-width / 2 - 16, height / 2);
    popup._updatePosition();
    popup._adjustPan();
    this.map.once("popupclose", () => {
      node.classList.remove("offering");
      delete popup.options.offset;
    });
  }
}
