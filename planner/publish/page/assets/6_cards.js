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

function stationCard(s, i, head, words) {
  return card(
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
      [words.t("reach"), people(words, s.covers[i])],
    ],
    null,
    "old",
  );
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

function siteCard(s, i, head, words) {
  const batch = s.batches[s.batch[i]];
  return card(
    words.t("site_rank", { n: s.rank[i] }),
    s.name[i] || s.id[i],
    [
      [words.t("gain"), people(words, s.gain[i])],
      [words.t("reach"), people(words, s.reach[i])],
      [words.t("host"), s.host[i]],
      [words.t("hours"), s.hours[i]],
      [words.t("district"), districtName(head, s.district[i])],
      [words.t("nearest"), metres(words, s.nearest[i])],
      [words.t("batch"), batch],
      [words.t("confidence"), steadinessText(words, s, i), head.glossary.steadiness[1]],
      [words.t("alone"), aloneText(words, s, i), words.t("alone_hint")],
      [words.t("site_id"), s.id[i]],
    ],
    s.reason[i],
    "new",
  );
}

function gapCard(g, i, head, words) {
  return card(words.t("layer_gaps"), g.name[i], [
    [words.t("workers_missing"), people(words, g.workers[i])],
    [words.t("district"), districtName(head, g.district[i])],
  ]);
}

function hotspotCard(h, i, words) {
  return card(words.t("layer_hotspots"), h.name[i], [
    [words.t("workers_there"), people(words, h.workers[i])],
    [words.t("surface"), h.area[i] === null ? "" : `${words.n(h.area[i])} km²`],
    [words.t("peak"), h.peak[i]],
  ]);
}

function cellCard(grid, i, words) {
  const m = words.n(grid.cellM);
  return card(words.t("layer_cells"), words.t("cell_size", { m }), [
    [words.t("workers_there"), words.t("people", { n: words.n(grid.workers[i], 1) })],
    [words.t("in_circle"), words.t("cell_shares", { now: words.percent(grid.now[i], 0), then: words.percent(grid.then[i], 0) })],
  ]);
}

function extraCard(part, i, words) {
  const rows = part.fields.map((f) => {
    const value = f.values[i];
    const text = typeof value === "number" ? words.n(value) : value;
    return [f.label, text === null || text === "" ? "" : f.unit ? `${text} ${f.unit}` : text];
  });
  return card(part.label, part.name[i] || part.label, rows);
}
