// All sites as a table: sorted by any column, sifted by what is typed, by district and by what the map shows; only the rows in sight exist.

const rowPx = () => (document.documentElement.classList.contains("touch") ? 45 : 34); // as table.css has it
const MOST_LISTED = 600; // more new sites than this are listed as a table

// Rows of the plan that is shown: new sites with what each brings in the state, then (all) the stations with whom they reach.
function tableRows(head, layers, desk, words, all) {
  if (desk && desk.now.network !== "stations") return networkRows(layers, desk, words, all);
  const { sites, stations } = head;
  const rows = [];
  const plan = desk ? new Set(desk.plan().sites) : null;
  const printed = !desk || (isHeadline(desk) && desk.now.plan === "proposal");
  const gains = printed ? null : gainsNow(desk);
  const today = desk?.now.plan === "today";
  sites.name.forEach((name, i) => {
    const site = desk?.site.get(sites.id[i]);
    if (today || (plan && !plan.has(site))) return;
    rows.push({ layer: "sites", order: sites.rank[i], what: words.t("table_new", { n: sites.rank[i] }), name: name || sites.id[i], district: sites.district[i], town: desk && townOfSite(desk, site), hours: sites.hours[i],
      workers: gains ? Math.round(gains.get(site) ?? 0) : sites.gain[i], symbol: layers.siteSymbols[i], brings: true });
  });
  for (const symbol of desk && !today ? layers.ownGroup.getLayers() : []) {
    const k = symbol.place - desk.board.nStations;
    rows.push({ layer: "mine", order: 1e6, what: [words.t("plan_mine"), ...(desk.isPlace(symbol.place) ? [words.t("estimated")] : [])].join(" · "), rough: desk.isPlace(symbol.place), name: siteName(desk, symbol.place, head), district: desk.candidate.district[k], town: townOfSite(desk, symbol.place), hours: desk.candidate.hours[k],
      workers: Math.round((gains ?? gainsNow(desk)).get(symbol.place) ?? 0), symbol, brings: true });
  }
  const closed = (i) => plan && desk.stationAt.includes(i) && !plan.has(desk.stationAt.indexOf(i));
  const reach = all ? stationReach(desk, stations, desk && new Uint16Array(desk.board.nColumns * desk.board.periods.length)) : null;
  for (let i = 0; all && i < stations.name.length; i++) {
    if (closed(i)) continue;
    rows.push({ layer: "stations", order: 2e6 + i, what: words.t("table_old"), name: stations.name[i], district: stations.district[i], town: stations.town?.[i], hours: stations.hours[i],
      workers: reach(i), symbol: layers.stationSymbols[i], brings: false });
  }
  return rows;
}

function gainsNow(desk) {
  const { view, plan, weights } = countedNow(desk);
  return gainsInOrder(desk.board, plan, view, weights);
}

function siteTable(head, layers, desk, words, visit, all) {
  const collator = new Intl.Collator(words.zh ? "zh-CN" : "en-GB", { numeric: true });
  const number = (a, b) => (a ?? -1) - (b ?? -1);
  const columns = [
    ["kind", (a, b) => a.order - b.order, (row) => row.what],
    ["name", (a, b) => collator.compare(a.name, b.name), (row) => row.name],
    ["district", (a, b) => a.district - b.district, (row) => districtName(head, row.district)],
    ["hours", (a, b) => collator.compare(a.hours, b.hours), (row) => row.hours],
    ["workers", (a, b) => number(a.workers, b.workers), (row) => (row.workers === null ? "–" : `${row.brings ? "+" : ""}${words.n(row.workers, 0)}`)],
  ];
  let rows = [];
  let shown = [];
  let [sorted, down] = [0, false];
  const map = layers.map;
  const body = el("tbody", {});
  const sum = el("p", { class: "unit-line", role: "status" });
  const typed = el("input", { type: "search", "data-filter": all ? "name" : null, placeholder: words.t("table_filter"), "aria-label": words.t("table_filter"), oninput: () => sift() });
  const among = el("select", { "data-filter": all ? "in" : null, "aria-label": words.t("filter"), onchange: () => sift() }, el("option", { value: "" }, words.t("all_districts")), head.districts.name.map((name, i) => el("option", { value: i }, name)));
  const within = el("input", { type: "checkbox", "data-filter": all ? "view" : null, onchange: () => sift() });
  const heads = columns.map(([key], k) =>
    el("th", { scope: "col", "aria-sort": k ? "none" : "ascending" }, el("button", { type: "button", "data-sort": key, onclick: () => sortBy(k) }, words.t(`table_${key}`))),
  );
  const table = el("table", {}, el("thead", {}, el("tr", {}, heads)), body);
  const frame = el("div", { class: "frame", tabindex: 0, role: "region", "aria-label": words.t("tab_table"), onscroll: () => draw() }, table);
  const node = el("div", { class: "site-table" }, el("div", { class: "sift" }, typed, among, el("label", {}, within, words.t("table_in_view"))), sum, frame);

  function sortBy(k) {
    [sorted, down] = k === sorted ? [k, !down] : [k, columns[k][0] === "workers"];
    heads.forEach((th, i) => th.setAttribute("aria-sort", i !== sorted ? "none" : down ? "descending" : "ascending"));
    sift();
  }
  function sift() {
    const want = fold(typed.value);
    const view = within.checked ? map.getBounds() : null;
    const on = Object.fromEntries(["sites", "mine", "stations", "network"].map((key) => [key, !layers.get(key) || map.hasLayer(layers.get(key).layer)]));
    const compare = columns[sorted][1];
    shown = rows.filter((row) => (!view || (on[row.layer] && view.contains(row.symbol.getLatLng()))) && (among.value === "" || row.district === Number(among.value)) && (!want || (row.key ??= fold(row.name + districtName(head, row.district))).includes(want)));
    shown.sort((a, b) => (down ? -1 : 1) * compare(a, b) || a.order - b.order);
    const total = shown.reduce((n, row) => n + (row.brings ? (row.workers ?? 0) : 0), 0);
    sum.textContent = words.t("table_sum", { n: words.n(shown.length), of: words.n(rows.length), workers: words.n(total, 0) });
    table.setAttribute("aria-rowcount", shown.length + 1);
    frame.scrollTop = 0;
    draw();
  }
  function draw(whole = false) {
    const high = rowPx();
    const first = whole ? 0 : Math.max(0, Math.floor(frame.scrollTop / high) - 8);
    const last = whole ? shown.length : Math.min(shown.length, first + Math.ceil((frame.clientHeight || 480) / high) + 16);
    const gap = (n) => {
      const tr = el("tr", { class: "room", "aria-hidden": "true" }, el("td", { colspan: columns.length }));
      tr.style.height = `${n * high}px`;
      return tr;
    };
    const line = (row, i) =>
      el(
        "tr",
        { "aria-rowindex": i + 2, class: row.brings ? "new-site" : null },
        columns.map(([key, , text]) =>
          key === "name"
            ? el("th", { scope: "row", title: row.name }, el("button", { type: "button", onclick: () => visit(row.symbol.getLatLng(), row.symbol) }, row.name || "–"))
            : el("td", { class: key === "workers" ? "number" : null, title: text(row) }, text(row)),
        ),
      );
    body.replaceChildren(gap(first), ...shown.slice(first, last).map((row, k) => line(row, first + k)), gap(shown.length - last));
  }
  function follow() {
    rows = tableRows(head, layers, desk, words, all);
    sift();
  }
  new ResizeObserver(() => frame.clientHeight && rows.length && draw()).observe(frame);
  map.on("moveend planner:layer", () => within.checked && node.offsetParent && sift());
  window.addEventListener("beforeprint", () => draw(true));
  window.addEventListener("afterprint", () => draw());
  return { node, follow };
}
