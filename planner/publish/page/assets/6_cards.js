// What a popup says.

function districtName(head, i) {
  return i < 0 ? "" : head.districts.name[i];
}

function metres(words, value) {
  return value === null ? "" : `${words.n(value)} m`;
}

function people(words, value) {
  return value === null ? "" : words.t("people", { n: words.n(value, 0) });
}

// Whom a station reaches in the state; as printed in the headline's own, at its own hours.
function stationReach(desk, s, nobody) {
  const { view, plan, weights } = desk ? countedNow(desk) : {};
  return (i, site = desk?.stationAt.indexOf(i) ?? -1) => {
    const hours = plan?.hours?.get(site);
    if (site < 0 || (isHeadline(desk) && hours === undefined)) return s.covers[i];
    return Math.round(reachOf(desk.board, weights, site, hours, view, nobody));
  };
}

function stationCard(s, i, head, words, desk) {
  const node = card(
    words.t("station"),
    s.name[i],
    [
      [words.t("status"), s.status[i] === "open" ? "" : words.t(`status_${s.status[i]}`)],
      [words.t("kind"), s.kind[i]],
      [words.t("grade"), s.grade[i]],
      [words.t("hours"), s.hours[i]],
      [words.t("host"), s.host[i]],
      [words.t("district"), districtName(head, s.district[i])],
      [words.t("area"), s.area[i] === null ? "" : `${words.n(s.area[i])} m²`],
      [words.t("reach"), people(words, stationReach(desk, s)(i))],
    ],
    null,
    "old",
  );
  const site = desk ? desk.stationAt.indexOf(i) : -1;
  withPaper(node, s.district[i], s.town?.[i]);
  return site >= 0 ? withTools(node, desk, site, words) : node;
}

// How often the site is chosen again, and how well so few draws tell it.
function steadinessText(words, s, i) {
  if (s.confidence[i] === null) return "";
  const share = words.percent(s.confidence[i], 0);
  return s.margin[i] === null ? share : `${share} ± ${words.percent(s.margin[i], 0)}`;
}

// What the plan loses without the site: as estimated, and in nine of ten demand draws.
function aloneText(words, s, i) {
  if (s.alone[i] === null) return "";
  const band = s.alone_low[i] === null ? "" : words.t("alone_band", { low: words.n(s.alone_low[i], 0), high: words.n(s.alone_high[i], 0) });
  return people(words, s.alone[i]) + band;
}

function siteCard(s, i, head, words, desk) {
  const batch = s.batches[s.batch[i]];
  const site = desk ? desk.site.get(s.id[i]) : undefined;
  const live = desk && !isHeadline(desk);
  const node = card(
    words.t("site_rank", { n: s.rank[i] }),
    s.name[i] || s.id[i],
    [
      ...(live ? [] : [[words.t("gain"), people(words, s.gain[i])], [words.t("reach"), people(words, s.reach[i])]]),
      ...(desk && (live || desk.now.plan === "mine") ? worthRows(desk, site, words) : []),
      [words.t("host"), s.host[i]],
      [words.t("hours"), desk?.own.hours.get(site) ?? s.hours[i]],
      [words.t("district"), districtName(head, s.district[i])],
      [words.t("nearest"), metres(words, s.nearest[i])],
      [words.t("batch"), batch],
      [words.t("confidence"), steadinessText(words, s, i), head.glossary.steadiness[1]],
      [words.t("layer_kept"), s.kept ? words.t("kept_line", { n: s.kept[i], of: s.cases }) : "", s.kept ? words.t("kept_means", { n: s.cases }) : ""],
      [words.t("alone"), aloneText(words, s, i), words.t("alone_hint")],
      [words.t("site_id"), s.id[i]],
    ],
    s.reason[i],
    "new",
  );
  withPaper(node, s.district[i], desk && townOfSite(desk, site));
  return desk ? withTools(node, desk, site, words) : node;
}

// A candidate that the proposal does not hold.
function candidateCard(desk, site, head, words) {
  const k = site - desk.board.nStations;
  const own = desk.candidate;
  const rough = desk.isPlace(site);
  const node = card(
    rough ? `${words.t("place")} · ${words.t("estimated")}` : words.t(desk.has(site, "mine") ? "mine_site" : "candidate"),
    own.name[k] || own.host[k],
    [
      ...worthRows(desk, site, words),
      [words.t("host"), own.host[k]],
      [words.t("hours"), desk.own.hours.get(site) ?? own.hours[k]],
      [words.t("district"), districtName(head, own.district[k])],
      [words.t("cost"), desk.board.cost[k] ? words.t("yuan", { n: words.n(desk.board.cost[k]) }) : ""],
      [words.t("site_id"), desk.ids[site]],
      [words.t("estimated"), rough ? straightText(desk, desk.at[k], words, desk.own.hours.get(site) ?? own.hours[k]) : ""],
    ],
    null,
    "mine",
  );
  withPaper(node, own.district[k], townOfSite(desk, site));
  return withTools(node, desk, site, words);
}

// The ways from a card to the sheets of its district and its town.
function withPaper(node, district, town = -1) {
  node.append(...Object.entries({ district, town }).map(([kind, i]) => paperTool(kind, i, __planner.layers)).filter(Boolean));
  return node;
}

// What can be done with a site stands above what is known of it.
function withTools(node, desk, site, words) {
  node.dataset.card = desk.ids[site];
  const list = node.querySelector("dl");
  list.before(siteTools(desk, site, words));
  list.after(reachBars(desk, site, words));
  return node;
}

// What a site is worth to the plan that is shown, in its state.
function worthRows(desk, site, words) {
  const { counts, weights, view, plan } = countedNow(desk);
  const hours = plan.hours?.get(site);
  const inside = plan.sites.includes(site);
  const n = (inside ? lossOf : gainOf)(desk.board, counts, weights, site, hours, view);
  const about = desk.isPlace(site) || desk.estimated().length ? ` · ${words.t("estimated")}` : "";
  return [[words.t(inside ? "would_lose" : "would_gain"), people(words, Math.round(n)) + about]];
}

function gapCard(gap, head, words, desk) {
  const node = card(words.t("layer_gaps"), gap.name, [
    [words.t("workers_missing"), people(words, gap.workers)],
    [words.t("district"), districtName(head, gap.district)],
  ]);
  return withPaper(node, gap.district, desk && townOfGap(__planner.layers, gap));
}

function hotspotCard(h, i, words) {
  return card(words.t("layer_hotspots"), h.name[i], [
    [words.t("workers_there"), people(words, h.workers[i])],
    [words.t("surface"), h.area[i] === null ? "" : `${words.n(h.area[i])} km²`],
    [words.t("peak"), h.peak[i]],
  ]);
}

function cellCard(layers, i, latlng) {
  const { grid, words, desk, head } = layers;
  const m = words.n(grid.cellM);
  const node = card(words.t("layer_cells"), words.t("cell_size", { m }), [
    [words.t("workers_there"), words.t("people", { n: words.n(grid.workers[i], 1) })],
    [words.t("in_circle"), words.t("cell_shares", { now: words.percent(grid.now[i], 0), then: words.percent(grid.then[i], 0) })],
  ]);
  if (desk) node.append(nearbyTools(desk, [latlng.lat, latlng.lng], head, words));
  return withPaper(node, layers.districtAt(latlng), layers.towns?.at(latlng));
}

// A place where nothing is drawn: what could stand near it.
function placeCard(layers, latlng) {
  const { words, desk, head } = layers;
  const node = card(words.t("candidate"), words.t("nearest_candidates"), []);
  node.append(nearbyTools(desk, [latlng.lat, latlng.lng], head, words));
  return withPaper(node, layers.districtAt(latlng), layers.towns?.at(latlng));
}

function extraCard(part, i, words) {
  const rows = part.fields.map((f) => {
    const value = f.values[i];
    const text = typeof value === "number" ? words.n(value) : value;
    return [f.label, text === null || text === "" ? "" : f.unit ? `${text} ${f.unit}` : text];
  });
  return card(part.label, part.name[i] || part.label, rows);
}
