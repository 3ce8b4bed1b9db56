// Towns and subdistricts, where the study gives their outlines: drawn, found, counted; and what a sheet can be of.

class Towns {
  constructor(head, blob, words) {
    const part = head.board.towns;
    Object.assign(this, { name: part.name, district: part.district, shapes: shapes(blob, part.shapes).map((p) => L.polygon(p)) });
    this.label = this.shapes.map((shape) => shape.getBounds().getCenter());
    this.note = (i) => [districtName(head, this.district[i]), words.t("town")].filter(Boolean).join(" · ");
  }
  at(latlng) {
    return this.shapes.findIndex((shape) => within(shape, latlng));
  }
}

function addTowns(layers) {
  const { head, words, towns } = layers;
  if (!towns) return;
  towns.name.forEach((text, i) => layers.found.push({ text, note: towns.note(i), latlng: towns.label[i], bounds: towns.shapes[i].getBounds() }));
  if (head.about.public) return; // no outline is told there
  const line = layers.style("ground", { fill: false, color: COLOURS.border, weight: 0.9, opacity: 0.8, dashArray: "3 3" });
  const group = L.layerGroup(towns.shapes.map((shape) => L.polygon(shape.getLatLngs(), line)));
  layers.add("towns", words.t("layer_towns"), group, { swatches: [[swatch("line", { stroke: COLOURS.border, dash: [3, 3], weight: 1.1 }), ""]], shown: false, order: 8.5 });
}

// The town of a site of the desk, of a gap (where most of its workers are), of a place; -1: none.
function townOfSite(desk, site) {
  return site < desk.board.nStations ? __planner.head.stations.town?.[desk.stationAt[site]] : desk.candidate.town?.[site - desk.board.nStations];
}

function townOfGap(layers, gap) {
  if (!layers.towns) return -1;
  if (gap.town === undefined) {
    const of = (layers.cellTown ??= districtOfCells({ ...layers.desk.board, district: layers.desk.board.town }));
    const [workers, { cells }] = [layers.desk.cellWorkers(), layers.desk.counted()];
    const sum = new Map();
    for (const i of gap.cells) sum.set(of[i], (sum.get(of[i]) ?? 0) + workers[i] - cells[i]);
    [[gap.town]] = [...sum].sort((a, b) => b[1] - a[1] || a[0] - b[0]);
  }
  return gap.town;
}

// What a sheet is of: a district or a town, by its position.
function zoneOf(kind, i, layers) {
  const { head, words } = layers;
  if (kind === "town") {
    const { towns } = layers;
    return { kind, i, name: towns.name[i], note: districtName(head, towns.district[i]), title: words.t("sheet_town"), shape: towns.shapes[i], holds: (gap) => townOfGap(layers, gap) === i };
  }
  return { kind: "district", i, name: head.districts.name[i], note: "", title: words.t("sheet"), shape: layers.districtShapes[i], holds: (gap) => gap.district === i };
}

// Towns with their figures in the state, and a way to the sheet of each.
function townTable(head, words, go, desk, layers) {
  const { towns } = layers;
  const body = el("tbody", {});
  const follow = () => {
    const today = desk.now.plan === "today";
    const [before, after] = ["today", desk.now.plan].map((plan) => desk.byTown({ ...desk.now, plan }));
    const other = desk.now.network !== "stations";
    const own = other ? null : countedBy(towns.name.length, desk.plan().sites.filter((site) => site >= desk.board.nStations), desk);
    const old = other ? null : countedBy(towns.name.length, desk.plans.today.sites, desk);
    body.replaceChildren(
      ...towns.name.map((name, i) => {
        const [there, more] = other ? networkPlaces(desk, i, "town") : [old[i], own[i]];
        return el(
          "tr",
          {},
          el("th", { scope: "row" }, el("button", { type: "button", onclick: () => go(i) }, name), " ", paperButton(i, name, words, "town"), el("small", {}, districtName(head, towns.district[i])), bar([before[i].share, after[i].share], words, name)),
          el("td", {}, words.n(Math.round(after[i].workers), 0)),
          el("td", {}, el("span", { class: "old" }, words.percent(before[i].share)), today ? null : [" → ", el("span", { class: "new" }, words.percent(after[i].share))]),
          el("td", {}, words.n(there), more ? el("span", { class: "new" }, ` +${words.n(more)}`) : null),
        );
      }),
    );
  };
  const column = (key) => el("th", { scope: "col" }, words.t(key));
  const node = el("table", { class: "districts towns" }, el("thead", {}, el("tr", {}, column("town"), column("workers"), column("share"), column("stations_short"))), body);
  return { node, follow };
}

function countedBy(n, sites, desk) {
  const out = new Array(n).fill(0);
  for (const site of sites) out[townOfSite(desk, site)]++;
  return out;
}
