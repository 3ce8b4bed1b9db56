// A plan as files that `planner evaluate` and `planner run` take, and back.

const FORMAT = "planner plan 1";
const ESTIMATED = "estimated"; // the origin of a place that is no candidate
const COLUMNS = ["site_id", "name", "lng", "lat", "open_hours", "district", "origin"];

// rows of the plan's new sites; place: (site) → { name, lng, lat, hours, district }.
export function sitesOf(desk, place) {
  const proposed = new Set(desk.plans.proposal.sites);
  return desk.plan("mine").sites
    .filter((i) => i >= desk.board.nStations)
    .map((i) => ({ site_id: desk.ids[i], ...place(i), origin: desk.isPlace(i) ? ESTIMATED : proposed.has(i) ? "proposal" : "mine" }));
}

export function planJson(desk, place, about) {
  const { add, drop, hours, rejected } = desk.edits();
  const found = desk.figures({ ...desk.start(), plan: "mine" });
  const isNew = (id) => desk.site.get(id) >= desk.board.nStations;
  const known = (id) => !desk.isPlace(desk.site.get(id));
  const plan = {
    format: FORMAT, ...about,
    sites: sitesOf(desk, place),
    closed: desk.plans.today.sites.filter((i) => !desk.has(i, "mine")).map((i) => desk.ids[i]),
    hours: Object.fromEntries(Object.entries(hours).filter(([id]) => !isNew(id))),
    required: add.filter(isNew),
    forbidden: drop.filter((id) => isNew(id) && known(id) && !(id in rejected)),
    rejected: Object.entries(rejected).filter(([id]) => known(id)).map(([site_id, reason]) => ({ site_id, reason })),
    covered: found.covered, share: found.share,
  };
  return `${JSON.stringify(plan, null, 1)}\n`;
}

// A cell that no spreadsheet reads as a formula.
function cell(value) {
  const text = String(value ?? "").replace(/[\r\n]+/g, " ");
  const safe = /^[=+\-@\t]/.test(text) && !/^-?\d+(\.\d+)?$/.test(text) ? `'${text}` : text;
  return /[",']/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

export function planCsv(desk, place) {
  const lines = sitesOf(desk, place).map((row) => COLUMNS.map((key) => cell(row[key])).join(","));
  return `\ufeff${[COLUMNS.join(","), ...lines].join("\r\n")}\r\n`;
}

function cellsOf(line) {
  const out = [];
  for (const found of line.matchAll(/("(?:[^"]|"")*"|[^,]*)(,|$)/g)) {
    const text = found[1];
    out.push(text.startsWith('"') ? text.slice(1, -1).replaceAll('""', '"') : text);
    if (found[2] === "") break;
  }
  return out;
}

// What a dropped file says, as `desk.restore` takes it; throws where it is no plan of this study.
export function readPlan(text, desk) {
  const plain = text.replace(/^\ufeff/, "");
  const isJson = plain.trimStart().startsWith("{");
  const found = isJson ? JSON.parse(plain) : csvPlan(plain);
  if (isJson && found.format !== FORMAT) throw new Error("no plan");
  for (const row of found.sites) {
    if (row.origin === ESTIMATED && !desk.site.has(row.site_id)) desk.site.set(row.site_id, desk.place(Number(row.lat), Number(row.lng)));
  }
  const known = (ids) => (ids ?? []).map((id) => desk.site.get(String(id))).filter((i) => i !== undefined);
  const sites = known(found.sites.map((row) => row.site_id));
  if (!sites.length && found.sites.length) throw new Error("no plan of this study");
  const closed = new Set(known(found.closed));
  const base = [...desk.plans.today.sites.filter((i) => !closed.has(i)), ...sites];
  const same = new Set(desk.plans.proposal.sites);
  const unchanged = base.length === same.size && base.every((i) => same.has(i));
  const hours = [...Object.entries(found.hours ?? {}), ...found.sites.filter((row) => row.open_hours && differs(desk, row)).map((row) => [row.site_id, row.open_hours])];
  const rejected = (found.rejected ?? []).filter((row) => desk.site.has(row.site_id)).map((row) => [desk.site.get(row.site_id), String(row.reason)]);
  return {
    kept: {
      ...(unchanged ? {} : { base }), add: known(found.required), drop: [...new Set([...known(found.forbidden), ...[...closed].filter((i) => same.has(i)), ...rejected.map(([i]) => i)])],
      points: desk.ids.slice(desk.board.nSites), hours: hours.filter(([id]) => desk.site.has(id)).map(([id, hour]) => [desk.site.get(id), hour]), rejected,
    },
    unknown: found.sites.length - sites.length,
  };
}

function differs(desk, row) {
  const k = (desk.site.get(row.site_id) ?? -1) - desk.board.nStations;
  return k >= 0 && desk.candidate && desk.candidate.hours[k] !== row.open_hours;
}

function csvPlan(text) {
  const [head, ...lines] = text.split(/\r?\n/).filter((line) => line.trim());
  const names = cellsOf(head);
  if (!names.includes("site_id")) throw new Error("no plan");
  const sites = lines.map((line) => Object.fromEntries(cellsOf(line).map((value, k) => [names[k], value])));
  return { sites, required: sites.filter((row) => ["mine", ESTIMATED].includes(row.origin)).map((row) => row.site_id) };
}
