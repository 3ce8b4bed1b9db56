// The side panel: headline, readings, list of the new stations, districts.

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
      figure(words.t("stations_open"), words.n(h.stations), h.stations_told),
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

// What the headline, the districts and the lists say for the desk's state: today's figures and the shown plan's.
// In the headline's own state these are the printed figures of the study.
function readingOf(desk, head) {
  const h = head.headline;
  const plan = desk.now.plan;
  const today = desk.counted({ ...desk.now, plan: "today" });
  const shown = desk.counted();
  const printed = isHeadline(desk) && (plan === "today" || plan === "proposal");
  const round3 = (v) => Math.round(1000 * v) / 1000;
  const [before, after] = printed ? [h.share[0], h.share[plan === "today" ? 0 : 1]] : [round3(today.share), round3(shown.share)];
  const [a, b] = printed ? [h.covered[0], h.covered[plan === "today" ? 0 : 1]] : [Math.round(today.covered), Math.round(shown.covered)];
  const at = Object.fromEntries(h.by_district.map((d, i) => [d.district, i]));
  const districts = desk.part.districts.map((id, i) => {
    const row = printed ? h.by_district[at[id]] : null;
    const [now, then] = [today.byDistrict[i], shown.byDistrict[i]];
    return {
      district: id, workers: row || desk.now.network !== "stations" ? (h.by_district[at[id]]?.workers ?? Math.round(now.workers)) : Math.round(now.workers), before: row ? row.before : now.share,
      after: row ? (plan === "today" ? row.before : row.after) : then.share,
    };
  });
  const isNew = (i) => i >= desk.board.nStations;
  return {
    before, after, covered: [a, b], workers: printed ? h.workers : Math.round(shown.workers), districts, printed,
    stations: today.places ?? today.plan.sites.length, sites: shown.plan.sites.filter(isNew), left: shown.places ? today.places : shown.plan.sites.filter((i) => !isNew(i)).length,
    added: shown.added ?? shown.plan.sites.filter(isNew).length,
  };
}

function headlineFollows(node, head, words, desk) {
  const find = (name) => node.querySelector(name);
  const [workers, stations, sites, gap] = [...node.querySelectorAll(".figure b")];
  const said = [...node.querySelectorAll(".by-time, .bands")];
  const state = el("p", { class: "state-line", "aria-live": "polite" });
  const rough = roughMark(words);
  find(".big").append(rough);
  find(".lead").after(state);
  return () => {
    const r = readingOf(desk, head);
    const today = desk.now.plan === "today";
    state.textContent = stateLine(desk, words);
    rough.hidden = !desk.estimated().length;
    find(".big .old").textContent = words.percent(r.before);
    find(".big .new").textContent = words.percent(r.after);
    find(".big .new").hidden = find(".big .arrow").hidden = today;
    const [old, plus] = node.querySelectorAll(".bar span");
    old.style.width = `${100 * Math.min(r.before, r.after)}%`;
    plus.style.width = `${100 * Math.max(0, r.after - r.before)}%`;
    find(".bar").setAttribute("aria-label", `${stateLine(desk, words)}: ${words.percent(r.before)} → ${words.percent(r.after)}`);
    const more = r.covered[1] - r.covered[0];
    const points = words.points(Math.round(1000 * (r.after - r.before)) / 10);
    const text = today
      ? words.t("covered_line", { n: words.n(r.covered[0], 0), workers: words.n(r.workers, 0) })
      : words.t(more >= 0 ? "more_workers" : "fewer_workers", { n: words.n(Math.abs(more), 0), points });
    find(".plus").textContent = text;
    workers.textContent = words.n(r.workers, 0);
    stations.textContent = r.left === r.stations ? words.n(r.stations) : `${words.n(r.left)} / ${words.n(r.stations)}`;
    sites.textContent = words.n(r.added);
    gap.parentElement.hidden = desk.now.plan !== "proposal" || !isHeadline(desk);
    for (const line of said) line.hidden = !r.printed || today;
  };
}

// The state in words: whose plan, when, who, how far, how many.
function stateLine(desk, words) {
  const { now, part } = desk;
  const labelled = (rows, value) => [].concat(value).map((v) => rows.find((row) => row.name === String(v).replace(/^own:/, ""))?.label ?? v).join(words.zh ? "、" : ", ");
  const periods = { all: words.t("periods_all"), night: words.t("periods_night"), any_hour: words.t("periods_any_hour") };
  return [
    ...(now.network === "stations" ? [] : [desk.networks.get(now.network).label]),
    words.t(`plan_${now.plan}`),
    ...(desk.estimated().length ? [words.t("estimated_places", { n: words.n(desk.estimated().length) })] : []),
    typeof now.periods === "string" && periods[now.periods] ? periods[now.periods] : labelled(part.periods, now.periods),
    now.groups === "headline" ? words.t("groups_headline") : labelled(part.groups, now.groups),
    words.t("reading_radius", { m: words.n(now.cutoff_m) }),
    words.t("least_line", { n: now.least }),
  ].join(" · ");
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
  const node = el(
    "section",
    { class: "readings", "aria-label": words.t("readings") },
    el("p", { class: "unit-line" }, words.t("share_label", { minutes: words.n(head.about.minutes) })),
    el(
      "table",
      {},
      el("thead", {}, el("tr", {}, el("td", {}), el("th", { scope: "col" }, words.t("before")), el("th", { scope: "col" }, words.t("after")))),
      el("tbody", {}, body, named.map(([key, share]) => row(words.t(`reading_${key}`), share))),
    ),
    h.stations_told ? el("p", { class: "unit-line stations-told" }, h.stations_told) : null,
    glossaryBlock(head, words),
  );
  return node;
}

// The readings' last column is the plan that is shown, where it is somebody's own.
function readingsFollow(node, head, words, desk) {
  const rows = [...node.querySelectorAll("tbody tr")];
  const own = (head.about.walk_kmh * 1000 * head.about.minutes) / 60;
  const h = head.headline;
  const keys = [...Object.keys(h.hours), "backup", ...Object.keys(h.readings)].filter((key) => words.words[`reading_${key}`]);
  const states = [
    ...h.by_radius.map(([m]) => ({ cutoff_m: Math.abs(m - own) < 1 ? desk.board.ownM : Number(m) })),
    ...keys.map((key) => ({ backup: { least: 2 }, any_hour: { periods: "any_hour" }, night: { periods: "night" } })[key] ?? null),
  ];
  const shares = [...h.by_radius.map(([, ...share]) => share), ...keys.map((key) => ({ backup: h.backup, ...h.hours, ...h.readings })[key])];
  const heading = node.querySelectorAll("thead th")[1];
  return () => {
    const { plan } = desk.now;
    const other = plan !== "today" && plan !== "proposal";
    heading.textContent = words.t(other ? `plan_${plan}` : "after");
    rows.forEach((row, k) => {
      const live = other ? (states[k] ? desk.counted({ ...desk.start(), plan, ...states[k] }).share : null) : shares[k][1];
      row.lastElementChild.textContent = words.percent(live);
    });
  };
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

function siteList(head, words, go, desk, layers, visit) {
  const s = head.sites;
  const list = el("ol", { class: "sites" });
  const proposed = s.name.map((name, i) => {
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
  list.append(...proposed);
  const used = [...new Set(s.district)].filter((d) => d >= 0);
  const sum = el("span", { class: "sum" }, words.t("gain_column"));
  const worth = new Map();
  const filter = el("select", { "data-filter": "list", "aria-label": words.t("filter"), onchange: () => sift() }, el("option", { value: "" }, words.t("all_districts")), used.map((d) => el("option", { value: d }, head.districts.name[d])));
  function sift() {
    let [count, total] = [0, 0];
    for (const item of list.children) {
      item.hidden = item.dataset.out === "all" || (filter.value !== "" && item.dataset.district !== filter.value);
      if (item.hidden || item.dataset.out) continue;
      count++;
      total += worth.get(item) ?? 0;
    }
    const other = desk && desk.now.network !== "stations";
    if (other) sum.textContent = words.t("network_sum", { n: words.n(count) });
    else if (desk) sum.textContent = words.t("list_sum", { n: words.n(count), workers: words.n(total, 0) });
  }
  // The list of the plan that is shown, with what each brings in the state.
  function follow() {
    const { view, plan, weights } = countedNow(desk);
    const gains = gainsInOrder(desk.board, plan, view, weights);
    const today = desk.now.plan === "today";
    worth.clear();
    for (const item of [...list.children].slice(proposed.length)) item.remove();
    const known = new Set();
    if (desk.now.network !== "stations") {
      for (const item of proposed) item.dataset.out = "all";
      list.append(...networkItems(layers, desk, words, head, visit));
      return sift();
    }
    proposed.forEach((item, i) => {
      const site = desk.site.get(s.id[i]);
      known.add(site);
      const gain = gains.get(site);
      item.dataset.out = today ? "all" : gain === undefined ? "dropped" : "";
      const shown = isHeadline(desk) && desk.now.plan === "proposal" && s.gain[i] !== null ? s.gain[i] : Math.round(gain ?? 0);
      worth.set(item, gain ?? 0);
      item.querySelector(".gain").textContent = gain === undefined ? words.t("dropped") : `+${words.n(shown, 0)}`;
    });
    for (const [site, gain] of gains) {
      if (known.has(site)) continue;
      const k = site - desk.board.nStations;
      const district = desk.candidate.district[k];
      const item = el(
        "li",
        { "data-district": district },
        el(
          "button",
          { type: "button", "data-site": desk.ids[site], onclick: () => go(null, site) },
          el("span", { class: "rank mine" }, "+"),
          el("span", { class: "what" }, el("span", { class: "site-name" }, siteName(desk, site, head)), desk.isPlace(site) ? roughMark(words) : null, el("span", { class: "place" }, [districtName(head, district), desk.candidate.host[k]].filter(Boolean).join(" · "))),
          el("span", { class: "gain" }, `+${words.n(Math.round(gain), 0)}`),
        ),
      );
      worth.set(item, gain);
      list.append(item);
    }
    sift();
  }
  const node = el("div", {}, el("div", { class: "list-head" }, used.length > 1 ? filter : null, sum), list);
  return { node, follow };
}

// Gap areas of the state, most workers first.
function gapTable(words, head, go, layers) {
  const list = el("ol", { class: "sites gap-list" });
  const sum = el("p", { class: "unit-line" });
  function follow() {
    const gaps = layers.gapsOfState();
    const about = layers.desk.now.network === "stations" ? "" : `${words.t("estimated")} · `; // cells of a network are told in tenths
    sum.textContent = about + words.t("gap_sum", { n: words.n(gaps.length), workers: words.n(gaps.reduce((total, g) => total + g.workers, 0), 0) });
    list.replaceChildren(
      ...gaps.slice(0, 100).map(layers.named, layers).map((gap, i) =>
        el(
          "li",
          {},
          el(
            "button",
            { type: "button", onclick: () => go(gap) },
            el("span", { class: "rank gap" }, i + 1),
            el("span", { class: "what" }, el("span", { class: "site-name" }, gap.name || districtName(head, gap.district)), el("span", { class: "place" }, districtName(head, gap.district))),
            el("span", { class: "gain" }, words.n(gap.workers, 0)),
          ),
        ),
      ),
    );
  }
  return { node: el("div", {}, sum, list), follow };
}

function paperButton(i, name, words, kind = "district") {
  if (i < 0) return null;
  const label = words.t("sheet_open", { name });
  return el("button", { type: "button", class: "tool paper-tool", "data-paper": i, "data-zone": kind, "aria-label": label, title: label, onclick: () => openPaper(kind, i) }, words.t("sheet_short"));
}

function districtTable(head, words, go, desk) {
  const body = el("tbody", {});
  const counts = Object.fromEntries(head.headline.by_district.map((d) => [d.district, d]));
  const draw = (districts, sites, other = null) =>
    body.replaceChildren(
      ...districts.map((d) => {
        const i = head.districts.id.indexOf(d.district);
        const name = i < 0 ? d.district : head.districts.name[i];
        const today = desk?.now.plan === "today";
        return el(
          "tr",
          {},
          el("th", { scope: "row" }, el("button", { type: "button", onclick: () => go(i) }, name), " ", paperButton(i, name, words), bar([d.before, d.after], words, name)),
          el("td", {}, words.n(d.workers, 0)),
          el("td", {}, el("span", { class: "old" }, words.percent(d.before)), today ? null : [" → ", el("span", { class: "new" }, words.percent(d.after))]),
          el("td", {}, words.n(other ? other(i)[0] : (counts[d.district]?.stations ?? 0)), sites(d, i) ? el("span", { class: "new" }, ` +${words.n(sites(d, i))}`) : null),
        );
      }),
    );
  draw(head.headline.by_district, (d) => d.sites);
  const follow = () => {
    const r = readingOf(desk, head);
    const own = r.sites.map((site) => desk.candidate.district[site - desk.board.nStations]);
    const other = desk.now.network === "stations" ? null : (i) => networkPlaces(desk, i);
    draw(r.districts, (d, i) => (other ? other(i)[1] : own.filter((k) => k === i).length), other);
  };
  const column = (key) => el("th", { scope: "col" }, words.t(key));
  const node = el(
    "table",
    { class: "districts" },
    el("thead", {}, el("tr", {}, column("district"), column("workers"), column("share"), column("stations_short"))),
    body,
  );
  return { node, follow };
}

function tabs(words, panels) {
  const buttons = panels.map(([key, label, panel], i) =>
    el("button", { type: "button", role: "tab", id: `tab-${key}`, "aria-controls": `panel-${key}`, "aria-selected": String(i === 0), tabindex: i ? -1 : 0, onclick: () => (choose(i), node.scrollIntoView({ block: "nearest" })) }, label),
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
    node.dispatchEvent(new CustomEvent("choose", { detail: panels[i][0] }));
  }
  const bar = el("div", { role: "tablist", class: "tabs" }, buttons);
  bar.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    const now = (buttons.indexOf(document.activeElement) + step + buttons.length) % buttons.length;
    choose(now);
    buttons[now].focus();
  });
  const node = el("section", { class: "lists" }, bar, bodies);
  node.choose = (key) => choose(panels.findIndex(([k]) => k === key));
  node.current = () => panels[buttons.findIndex((b) => b.tabIndex === 0)][0];
  return node;
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

function panel(head, words, licence, search, actions, desk, layers, table) {
  const { about } = head;
  const headline = headlineBlock(head, words);
  const many = head.sites.name.length > MOST_LISTED;
  const sites = many ? siteTable(head, layers, desk, words, actions.visit, false) : siteList(head, words, actions.site, desk, layers, actions.visit);
  const whole = siteTable(head, layers, desk, words, actions.visit, true);
  const districts = districtTable(head, words, actions.district, desk);
  const towns = desk && layers.towns ? townTable(head, words, actions.town, desk, layers) : null;
  const readings = readingsBlock(head, words);
  const compare = desk ? compareTable(desk, head, words, actions, new Swipe(layers, desk, words)) : null;
  const gaps = desk ? gapTable(words, head, actions.gap, layers) : null;
  const spots = spotList(words, head, actions.spot);
  const lists = tabs(words, [
    ["sites", words.t("tab_sites", { n: words.n(head.sites.name.length) }), sites.node],
    ...(desk ? [["mine", words.t("tab_mine"), table.node]] : []),
    ["table", words.t("tab_table"), whole.node],
    ...(desk ? [["compare", words.t("tab_compare"), compare.node]] : []),
    ["districts", words.t("tab_districts"), towns ? el("div", {}, districts.node, towns.node) : districts.node],
    ...(gaps || spots ? [["gaps", words.t(gaps ? "layer_gaps" : "layer_hotspots"), el("div", {}, gaps?.node, spots)]] : []),
    ["readings", words.t("tab_readings"), readings],
    ...(head.evidence.length ? [["evidence", words.t("tab_evidence"), evidenceBlock(head, words)]] : []),
  ]);
  if (!desk) {
    if (many) sites.follow();
    lists.addEventListener("choose", ({ detail }) => detail === "table" && whole.follow());
  }
  if (desk) {
    const top = headlineFollows(headline, head, words, desk);
    const views = { sites: sites.follow, table: whole.follow, mine: table.follow, compare: compare.follow, districts: () => (districts.follow(), towns?.follow()), gaps: gaps.follow, readings: readingsFollow(readings, head, words, desk) };
    const stale = new Set(Object.keys(views)); // who prints at once has every list
    const show = (key) => stale.delete(key) && views[key]();
    lists.addEventListener("choose", ({ detail }) => show(detail));
    const tab = lists.querySelector("#tab-sites");
    const follow = () => {
      const n = desk.now.plan === "today" ? 0 : (desk.counted().added ?? desk.plan().sites.filter((i) => i >= desk.board.nStations).length);
      tab.textContent = words.t("tab_sites", { n: words.n(n) });
      for (const key of Object.keys(views)) stale.add(key);
      if (document.documentElement.classList.contains("printing")) for (const key of Object.keys(views)) show(key);
      else show(lists.current());
    };
    window.addEventListener("beforeprint", () => Object.keys(views).forEach(show));
    desk.subscribe(top);
    desk.subscribe(follow, true);
    top();
    setTimeout(follow, 200); // what opens first is as printed; the map comes first
  }
  return [
    el(
      "header",
      {},
      el("p", { class: "kicker" }, words.t("kicker", { minutes: words.n(about.minutes) })),
      el("h1", {}, about.title),
      about.synthetic ? el("p", { class: "notice", role: "note" }, el("b", {}, words.t("synthetic")), " ", about.note) : null,
    ),
    headline,
    desk ? stateControls(desk, words) : null,
    search,
    lists,
    creditsBlock(head, words, licence),
  ].filter(Boolean);
}
