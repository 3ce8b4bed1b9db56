// The side panel: headline, readings, list of the new stations, districts; and the layer control.

function bar(share, words, label) {
  const [before, after] = share;
  const old = el("span", { class: "bar-old" });
  const plus = el("span", { class: "bar-new" });
  old.style.width = `${100 * (before ?? 0)}%`;
  plus.style.width = `${100 * Math.max(0, (after ?? 0) - (before ?? 0))}%`;
  return el("div", { class: "bar", role: "img", "aria-label": `${label}: ${words.percent(before)} → ${words.percent(after)}` }, old, plus);
}

function headlineBlock(head, words) {
  const h = head.headline;
  const [before, after] = h.share;
  const minutes = words.n(head.about.minutes);
  const figure = (label, value, hint) => el("div", { class: "figure" }, el("b", {}, value), el("span", { title: hint }, label));
  return el(
    "section",
    { class: "headline", "aria-label": words.t("headline") },
    el("p", { class: "lead" }, words.t("share_label", { minutes })),
    el(
      "p",
      { class: "big" },
      el("span", { class: "old" }, words.percent(before)),
      el("span", { class: "arrow", "aria-label": words.t("to") }, "→"),
      el("span", { class: "new" }, words.percent(after)),
    ),
    bar(h.share, words, words.t("share_label", { minutes })),
    h.hours.time ? el("p", { class: "by-time" }, words.t("time_line", { before: words.percent(h.hours.time[0]), after: words.percent(h.hours.time[1]) })) : null,
    el("p", { class: "plus" }, words.t("more_workers", { n: words.n(h.new, 0), points: words.points(h.points) })),
    bandLine(h.bands, words),
    h.regret.length === 2 ? el("p", { class: "bands" }, words.t("regret_line", { n: words.n(h.regret[0], 0), most: words.n(h.regret[1], 0) })) : null,
    el(
      "div",
      { class: "figures" },
      figure(words.t("workers"), words.n(h.workers, 0)),
      figure(words.t("stations_open"), words.n(h.stations)),
      figure(words.t("layer_sites"), words.n(h.sites)),
      figure(words.t("gap"), words.gap(h.gap), words.t("gap_hint")),
    ),
    h.homes.chosen ? el("p", { class: "homes" }, words.t("homes_line", { n: words.n(h.homes.chosen), drivers: words.n(h.homes.drivers, 0), limited: limitedBy(h.homes, words) })) : null,
    h.absent.map((why) => el("p", { class: "absent" }, why)),
  );
}

// What the homes serve is their room where bays limit them, no count of drivers who would come.
function limitedBy(homes, words) {
  if (!homes.full) return "";
  return homes.full >= homes.chosen ? words.t("homes_limited_all") : words.t("homes_limited_some", { n: words.n(homes.full) });
}

// Nine in ten demand draws lie within; nothing where there are no draws.
function bandLine(bands, words) {
  const [before, after] = bands.share;
  if (!before || !after || !bands.new) return null;
  const span = ([low, high], print) => (low === high ? print(low) : `${print(low)}–${print(high)}`);
  const share = (v) => words.percent(v);
  const count = (v) => words.n(v, 0);
  return el("p", { class: "bands" }, words.t("band_line", { before: span(before, share), after: span(after, share), n: span(bands.new, count) }));
}

function glossaryBlock(head, words) {
  const rows = Object.values(head.glossary).map(([name, meaning]) => el("div", {}, el("dt", {}, name), el("dd", {}, meaning)));
  return el("details", { class: "glossary" }, el("summary", {}, words.t("glossary")), el("dl", {}, rows));
}

function readingsBlock(head, words) {
  const h = head.headline;
  const named = [
    ...Object.entries(h.hours),
    ["backup", h.backup],
    ...Object.entries(h.readings),
  ].filter(([key]) => words.words[`reading_${key}`]);
  const row = (label, [before, after], strong) =>
    el("tr", { class: strong ? "strong" : null }, el("th", { scope: "row" }, label), el("td", {}, words.percent(before)), el("td", {}, words.percent(after)));
  const own = (head.about.walk_kmh * 1000 * head.about.minutes) / 60;
  const body = h.by_radius.map(([m, ...share]) => row(words.t("reading_radius", { m }), share, Math.abs(m - own) < 1));
  return el(
    "section",
    { class: "readings", "aria-label": words.t("readings") },
    el("p", { class: "unit-line" }, words.t("share_label", { minutes: words.n(head.about.minutes) })),
    el(
      "table",
      {},
      el("thead", {}, el("tr", {}, el("th", {}, ""), el("th", { scope: "col" }, words.t("before")), el("th", { scope: "col" }, words.t("after")))),
      el("tbody", {}, body, named.map(([key, share]) => row(words.t(`reading_${key}`), share))),
    ),
    glossaryBlock(head, words),
  );
}

// How sure the figures are, use, fairness: printed text, laid out; each section opens on its own.
function evidenceBlock(head, words) {
  const cell = (numeric, text, i) => (i === 0 ? el("th", { scope: "row" }, text) : el("td", { class: numeric[i] ? "number" : null }, text));
  const table = ({ heads, rows, numeric }) =>
    el(
      "div",
      { class: "wide" },
      el(
        "table",
        {},
        el("thead", {}, el("tr", {}, heads.map((text, i) => el("th", { scope: "col", class: numeric[i] ? "number" : null }, text)))),
        el("tbody", {}, rows.map((row) => el("tr", {}, row.map((text, i) => cell(numeric, text, i))))),
      ),
    );
  const sections = head.evidence.map((part, i) =>
    el(
      "details",
      { "data-evidence": part.key, open: i === 0 },
      el("summary", {}, part.heading),
      part.lines.map((line) => el("p", {}, line)),
      part.rows.length ? table(part) : null,
    ),
  );
  return el("section", { class: "evidence", "aria-label": words.t("tab_evidence") }, sections);
}

function siteList(head, words, go) {
  const s = head.sites;
  const items = s.name.map((name, i) => {
    const place = [districtName(head, s.district[i]), s.host[i]].filter(Boolean).join(" · ");
    return el(
      "li",
      { "data-district": s.district[i] },
      el(
        "button",
        { type: "button", "data-rank": s.rank[i], onclick: () => go(i) },
        el("span", { class: `rank b${s.batch[i] % 4}` }, s.rank[i]),
        el("span", { class: "what" }, el("span", { class: "site-name" }, name || s.id[i]), el("span", { class: "place" }, place)),
        el("span", { class: "gain" }, s.gain[i] === null ? "" : `+${words.n(s.gain[i], 0)}`),
      ),
    );
  });
  const list = el("ol", { class: "sites" }, items);
  const used = [...new Set(s.district)].filter((d) => d >= 0);
  const filter = el(
    "select",
    {
      "aria-label": words.t("filter"),
      onchange: (event) => {
        for (const item of items) item.hidden = event.target.value !== "" && item.dataset.district !== event.target.value;
      },
    },
    el("option", { value: "" }, words.t("all_districts")),
    used.map((d) => el("option", { value: d }, head.districts.name[d])),
  );
  return el("div", {}, el("div", { class: "list-head" }, used.length > 1 ? filter : null, el("span", {}, words.t("gain_column"))), list);
}

function districtTable(head, words, go) {
  const rows = head.headline.by_district.map((d) => {
    const i = head.districts.id.indexOf(d.district);
    const name = i < 0 ? d.district : head.districts.name[i];
    return el(
      "tr",
      {},
      el("th", { scope: "row" }, el("button", { type: "button", onclick: () => go(i) }, name), bar([d.before, d.after], words, name)),
      el("td", {}, words.n(d.workers, 0)),
      el("td", {}, el("span", { class: "old" }, words.percent(d.before)), " → ", el("span", { class: "new" }, words.percent(d.after))),
      el("td", {}, words.n(d.stations), d.sites ? el("span", { class: "new" }, ` +${words.n(d.sites)}`) : null),
    );
  });
  const column = (key) => el("th", { scope: "col" }, words.t(key));
  return el(
    "table",
    { class: "districts" },
    el("thead", {}, el("tr", {}, column("district"), column("workers"), column("share"), column("stations_short"))),
    el("tbody", {}, rows),
  );
}

function tabs(words, panels) {
  const buttons = panels.map(([key, label, panel], i) =>
    el("button", { type: "button", role: "tab", id: `tab-${key}`, "aria-controls": `panel-${key}`, "aria-selected": String(i === 0), tabindex: i ? -1 : 0, onclick: () => choose(i) }, label),
  );
  const bodies = panels.map(([key, , panel], i) =>
    el("div", { role: "tabpanel", id: `panel-${key}`, "aria-labelledby": `tab-${key}`, hidden: i !== 0 }, panel),
  );
  function choose(i) {
    buttons.forEach((b, k) => {
      b.setAttribute("aria-selected", String(k === i));
      b.tabIndex = k === i ? 0 : -1;
      bodies[k].hidden = k !== i;
    });
  }
  const bar = el("div", { role: "tablist", class: "tabs" }, buttons);
  bar.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    const now = (buttons.indexOf(document.activeElement) + step + buttons.length) % buttons.length;
    choose(now);
    buttons[now].focus();
  });
  return el("section", { class: "lists" }, bar, bodies);
}

function creditsBlock(head, words, licence) {
  const { about } = head;
  return el(
    "footer",
    { class: "credits" },
    el("p", {}, el("b", {}, words.t("internal")), " · ", words.t("approval"), words.zh ? "：" : ": ", about.approval || words.t("approval_none")),
    el(
      "details",
      {},
      el("summary", {}, about.credits.join(" · ")),
      el("p", {}, words.t("osm_where")),
      el("p", {}, words.t("licence")),
      el("pre", {}, licence),
    ),
  );
}

function panel(head, words, licence, search, actions) {
  const { about } = head;
  return [
    el(
      "header",
      {},
      el("p", { class: "kicker" }, words.t("kicker", { minutes: words.n(about.minutes) })),
      el("h1", {}, about.title),
      about.synthetic ? el("p", { class: "notice", role: "note" }, el("b", {}, words.t("synthetic")), " ", about.note) : null,
    ),
    headlineBlock(head, words),
    search,
    tabs(words, [
      ["sites", words.t("tab_sites", { n: words.n(head.sites.name.length) }), siteList(head, words, actions.site)],
      ["districts", words.t("tab_districts"), districtTable(head, words, actions.district)],
      ["readings", words.t("tab_readings"), readingsBlock(head, words)],
      ...(head.evidence.length ? [["evidence", words.t("tab_evidence"), evidenceBlock(head, words)]] : []),
    ]),
    creditsBlock(head, words, licence),
  ];
}

// The layer control is the legend too: every layer's check box stands beside what it looks like.
function layerControl(layers, words, open) {
  const body = el("div", { class: "layer-body", id: "layer-body", hidden: !open });
  const button = el(
    "button",
    {
      type: "button", class: "layer-title", "aria-expanded": String(open), "aria-controls": "layer-body",
      onclick: () => {
        body.hidden = !body.hidden;
        button.setAttribute("aria-expanded", String(!body.hidden));
      },
    },
    words.t("layers"),
  );
  for (const entry of [...layers.list].sort((a, b) => a.order - b.order)) {
    const box = el("input", { type: "checkbox", "data-layer": entry.key, onchange: () => layers.show(entry.key, box.checked) });
    box.checked = layers.map.hasLayer(entry.layer);
    layers.map.on("planner:layer", ({ key, on }) => key === entry.key && (box.checked = on));
    const single = entry.swatches.length === 1;
    const label = el("label", {}, box, single ? entry.swatches[0][0] : null, el("span", {}, entry.label));
    const rows = single ? [] : entry.swatches.map(([picture, text]) => el("li", {}, picture, el("span", {}, text)));
    body.append(
      el(
        "div",
        { class: `layer ${entry.key === "cells" ? "classes" : ""}`, "data-entry": entry.key },
        label,
        entry.note ? el("p", { class: "unit" }, entry.note) : null,
        rows.length ? el("ul", {}, rows) : null,
      ),
    );
  }
  const root = el("section", { class: "layer-control leaflet-bar", "data-layers": true, "aria-label": words.t("layers") }, button, body);
  L.DomEvent.disableClickPropagation(root);
  L.DomEvent.disableScrollPropagation(root);
  const control = L.control({ position: "topright" });
  control.onAdd = () => root;
  return control;
}

// Today, or with the new stations.
function viewControl(layers, words) {
  const set = (after) => ["sites", "added"].forEach((key) => layers.show(key, after));
  const option = (value, checked) => {
    const input = el("input", { type: "radio", name: "view", value, onchange: () => set(value === "after") });
    input.checked = checked;
    return el("label", {}, input, el("span", {}, words.t(value)));
  };
  const root = el("fieldset", { class: "view leaflet-bar" }, el("legend", {}, words.t("view")), option("before", false), option("after", true));
  L.DomEvent.disableClickPropagation(root);
  const control = L.control({ position: "topleft" });
  control.onAdd = () => root;
  return control;
}
