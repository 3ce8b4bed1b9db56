// The sheet of a district or a town: its figures, new stations and gaps, on one A4 page.

const PAPER = { sites: 80, gaps: 12, high: 1010, wide: 700 }; // rows at most; px of an A4 page within its margins

// What the sheet says in the state that is shown: in the headline's own state the printed figures of the study.
function paperReading(zone, layers) {
  const { head, desk, words } = layers;
  const { kind, i } = zone;
  const row = kind === "district" ? head.headline.by_district.find((r) => r.district === head.districts.id[i]) : null;
  const live = desk ? readingOf(desk, head) : null;
  const today = desk?.now.plan === "today";
  const printed = !live || live.printed;
  const rows = tableRows(head, layers, desk, words, false).filter((r) => r[kind] === i);
  const gaps = (desk ? layers.gapsOfState() : (layers.gapList ?? [])).filter(zone.holds);
  const sum = gaps.reduce((total, gap) => total + gap.workers, 0);
  const said = { rows, gaps, today, gapAreas: gaps.length, gapWorkers: Math.round(sum), residents: row ? head.districts.population[i] : null, stations: row ? row.stations : desk.plans.today.sites.filter((site) => townOfSite(desk, site) === i).length };
  if (printed && row) {
    const of = ([a, b]) => [a, today ? a : b];
    Object.assign(said, { workers: row.workers, share: of([row.before, row.after]), gain: today ? 0 : row.gain, backup: of(row.backup) });
    if (!today) Object.assign(said, { gapAreas: row.gap_areas, gapWorkers: row.gap_workers });
    return said;
  }
  const by = (state) => (kind === "town" ? desk.byTown(state) : desk.counted(state).byDistrict)[i];
  const [one, other] = ["today", desk.now.plan].map((plan) => by({ ...desk.now, plan }));
  const at = kind === "town" ? { workers: Math.round(other.workers), before: one.share, after: other.share } : live.districts[i];
  if (desk.now.network !== "stations") Object.assign(said, { stations: networkPlaces(desk, i, kind)[0], rough: true });
  const backup = desk.now.network !== "stations" ? null : ["today", desk.now.plan].map((plan) => by({ ...desk.now, plan, least: 2 }).share);
  return Object.assign(said, { workers: at.workers, share: [at.before, at.after], gain: Math.round(other.covered) - Math.round(one.covered), backup });
}

function paperFigures(r, words) {
  const arrow = ([a, b]) => (r.today ? words.percent(a) : `${words.percent(a)} → ${words.percent(b)}`);
  const signed = (n) => `${n < 0 ? "−" : "+"}${words.n(Math.abs(n), 0)}`;
  const rows = [
    [words.t("workers"), words.n(r.workers, 0)],
    [words.t("share"), arrow(r.share)],
    ...(r.today ? [] : [[words.t("gain"), signed(r.gain)]]),
    ...(r.backup ? [[words.t("reading_backup"), arrow(r.backup)]] : []),
    [words.t("stations_open"), words.n(r.stations)],
    ...(r.today ? [] : [[words.t("layer_sites"), words.n(r.rows.length)]]),
    [words.t("layer_gaps"), `${words.n(r.gapAreas)} · ${words.t("people", { n: words.n(r.gapWorkers, 0) })}${r.rough ? ` · ${words.t("estimated")}` : ""}`],
    ...(r.residents === null ? [] : [[words.t("residents"), words.n(r.residents, 0)]]),
  ];
  return el("dl", { class: "paper-figures" }, rows.map(([label, value]) => el("div", {}, el("dt", {}, label), el("dd", {}, value))));
}

function paperLists(r, layers) {
  const { words, head } = layers;
  const line = (mark, name, value) => el("li", {}, el("span", { class: "mark-n" }, mark), el("span", { class: "what" }, name), el("span", { class: "number" }, value));
  const brings = (row) => (row.workers === null ? "–" : `${row.brings ? "+" : ""}${words.n(row.workers, 0)}`);
  const sites = r.rows.map((row) => line(row.order < 1e6 ? row.order : "+", [row.name, row.hours, row.rough && words.t("estimated")].filter(Boolean).join(" · "), brings(row)));
  const gaps = r.gaps.map((gap, i) => line(i + 1, layers.named(gap).name || districtName(head, gap.district), words.n(gap.workers, 0)));
  const part = (key, title, items, most, none) => {
    const left = Math.max(0, items.length - most);
    return el("section", { "data-part": key, "data-left": left }, el("h3", {}, title), items.length ? el("ol", {}, items.slice(0, most)) : el("p", {}, words.t(none)), el("p", { class: "paper-more", hidden: !left }, words.t("sheet_more", { n: words.n(left) })));
  };
  return [
    ...(r.today ? [] : [part("sites", `${words.t("layer_sites")} · ${words.t(layers.desk && layers.desk.now.network !== "stations" ? "reach" : "gain_column")}`, sites, PAPER.sites, "sheet_no_sites")]),
    part("gaps", `${words.t("layer_gaps")} · ${words.t("workers_missing")}`, gaps, PAPER.gaps, "sheet_no_gaps"),
  ];
}

// The district or town as the map shows it now.
function paperPicture(zone, layers) {
  const { map, words } = layers;
  const size = map.getSize();
  const box = zone.shape?.getBounds();
  if (!box?.isValid() || size.x < 100 || size.y < 100) return null;
  const at = L.bounds(map.latLngToContainerPoint(box.getNorthWest()), map.latLngToContainerPoint(box.getSouthEast()));
  const [x0, y0] = [Math.max(0, at.min.x - 12), Math.max(0, at.min.y - 12)];
  const [w, h] = [Math.min(size.x, at.max.x + 12) - x0, Math.min(size.y, at.max.y + 12) - y0];
  if (w < 40 || h < 40) return null;
  const sheet = el("canvas", { width: 2 * w, height: 2 * h });
  const ctx = sheet.getContext("2d");
  ctx.drawImage(compositeCanvas(map), -2 * x0, -2 * y0);
  ctx.setTransform(2, 0, 0, 2, -2 * x0, -2 * y0);
  if (zone.kind === "town" && !layers.head.about.public) {
    ctx.beginPath();
    for (const ring of ringsOf(zone.shape.getLatLngs())) {
      ring.map((p) => map.latLngToContainerPoint(p)).forEach(({ x, y }, k) => ctx[k ? "lineTo" : "moveTo"](x, y));
      ctx.closePath();
    }
    Object.assign(ctx, { strokeStyle: COLOURS.border, lineWidth: 1.8 }).stroke();
  }
  ctx.textBaseline = "middle";
  burnLabels(ctx, map, layers, 0, getComputedStyle(document.documentElement).fontFamily);
  return el("img", { src: sheet.toDataURL("image/png"), alt: words.t("sheet_map", { name: zone.name }) });
}

function paperBody(zone, layers) {
  const { head, words, desk } = layers;
  const r = paperReading(zone, layers);
  const { about } = head;
  return el(
    "article",
    { class: "paper" },
    el("p", { class: "kicker" }, [zone.title, zone.note, about.title].filter(Boolean).join(" · ")),
    el("h2", {}, zone.name),
    el("p", { class: "unit-line" }, desk ? stateLine(desk, words) : words.t("share_label", { minutes: words.n(about.minutes) })),
    el("div", { class: "paper-top" }, el("figure", {}), paperFigures(r, words)),
    paperLists(r, layers),
    el("p", { class: "paper-foot" }, el("b", {}, words.t("internal")), ` · ${approvalText(head, words)} · ${words.t("attribution")}`, about.synthetic ? ` · ${words.t("synthetic")}` : ""),
  );
}

// Opens the sheet; it closes with Escape and gives the focus back.
function openPaper(kind, i) {
  const { layers, map } = __planner;
  const { words } = layers;
  const zone = zoneOf(kind, i, layers);
  const bounds = zone.shape?.getBounds();
  map.closePopup();
  if (bounds?.isValid()) map.fitBounds(bounds, { ...roomOf(), animate: false });
  const body = paperBody(zone, layers);
  const print = el("button", { type: "button", class: "tool go", "data-act": "print", onclick: () => window.print() }, words.t("sheet_print"));
  const close = el("button", { type: "button", class: "tool", "data-act": "close", onclick: () => dialog.close() }, words.t("close"));
  const dialog = el("dialog", { class: "paper-back", "aria-label": words.t("sheet_open", { name: zone.name }) }, el("div", { class: "tools" }, print, close), body);
  dialog.addEventListener("keydown", (event) => event.stopPropagation()); // Escape closes this, not what lies below
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
  const draw = () => body.querySelector("figure").replaceChildren(...[paperPicture(zone, layers)].filter(Boolean));
  requestAnimationFrame(() => requestAnimationFrame(draw)); // the map has drawn itself where it now stands
  return dialog;
}

// A button to the sheet of a district or town; none where a place lies in none.
function paperTool(kind, i, layers) {
  if (!Number.isInteger(i) || i < 0) return null;
  const { name } = zoneOf(kind, i, layers);
  return el("button", { type: "button", class: "tool paper-tool", "data-paper": i, "data-zone": kind, onclick: () => openPaper(kind, i) }, layers.words.t("sheet_open", { name }));
}

// On paper an open sheet is all there is: a copy in the page's own flow, cut to one page. Returns whether there is one.
function printPaper(on) {
  const root = document.documentElement;
  document.querySelector("body > .paper-print")?.remove();
  const open = on && document.querySelector("dialog.paper-back[open] .paper");
  root.classList.toggle("paper-only", Boolean(open));
  if (!open) return false;
  const copy = el("div", { class: "paper-print" }, open.cloneNode(true));
  document.body.append(copy);
  fitPaper(copy.firstChild, __planner.layers.words);
  return true;
}

// Smaller letters first, then fewer rows, the last of the longest list, until the page holds them.
function fitPaper(paper, words) {
  const fits = () => paper.getBoundingClientRect().height <= PAPER.high;
  for (let px = 12; px >= 9 && !fits(); px -= 0.5) paper.style.fontSize = `${px}px`;
  while (!fits()) {
    const lists = [...paper.querySelectorAll("ol")].sort((a, b) => b.childElementCount - a.childElementCount);
    if (!lists[0]?.childElementCount) return;
    lists[0].lastElementChild.remove();
    const part = lists[0].parentElement;
    part.dataset.left = Number(part.dataset.left) + 1;
    const more = part.querySelector(".paper-more");
    more.hidden = false;
    more.textContent = words.t("sheet_more", { n: words.n(Number(part.dataset.left)) });
  }
}
