// "My plan": what was changed, what it costs and whom, the rest planned anew, files out and in.

function placeOf(desk, head) {
  return (i) => {
    const k = i - desk.board.nStations;
    const [lat, lng] = desk.at[k];
    return {
      name: siteName(desk, i, head), lng: Number(lng.toFixed(6)), lat: Number(lat.toFixed(6)),
      open_hours: desk.own.hours.get(i) ?? desk.candidate.hours[k], district: head.districts.id[desk.candidate.district[k]] ?? "",
    };
  };
}

// Plan the rest anew in a worker; where none can be had (an old browser, a strict frame), here.
function makeReplan(desk) {
  const { part, board, blob } = desk;
  let worker = null;
  let ground = null;
  const waiting = new Map();
  const cut = (name) => (part.rules[name] ?? []);
  const rules = () => ({
    p: part.rules.p, budget: part.rules.budget, required: cut("required"), forbidden: cut("forbidden"), cost: board.cost.slice(),
    partitions: part.rules.partitions.map((q) => ({ ...q, of: [...integers(blob, q.of), ...labelsOfPlaces(q)] })),
    conflicts: integers(blob, part.rules.conflicts).reduce((pairs, v, k) => (k % 2 ? pairs[pairs.length - 1].push(v) : pairs.push([v]), pairs), []),
  });
  // Labels of the places that are no candidates: their district, and as a kind of host the street.
  function labelsOfPlaces(q) {
    return desk.candidate.district.slice(board.nCandidates).map((d) => q.labels.indexOf(q.name === "kind" ? "street" : (part.districts[d] ?? "")));
  }
  function start() {
    if (ground?.rules.cost.length === board.cost.length) return;
    ground = { board, rules: rules(), prices: unpackPrices(part, blob, part.price_steps) };
    try {
      if (worker) return worker.postMessage({ ground });
      const text = `${plannerModel.source}\nplannerModel.serve(self);`;
      worker = new Worker(URL.createObjectURL(new Blob([text], { type: "text/javascript" })));
      worker.onmessage = ({ data }) => waiting.get(data.id)?.(data);
      worker.onerror = () => {
        worker = null;
        for (const [id, answer] of waiting) answer({ id, error: "no worker" });
      };
      worker.postMessage({ ground });
    } catch {
      worker = null;
    }
  }
  let last = 0;
  async function ask(request) {
    if (worker) {
      const id = ++last;
      const data = await new Promise((answer) => {
        waiting.set(id, answer);
        worker.postMessage({ id, request });
      });
      waiting.delete(id);
      if (!data.error) return data.found;
    }
    return replan(ground.board, ground.rules, ground.prices, request);
  }
  return async (options = {}) => {
    start();
    const isNew = (i) => i >= board.nStations;
    const local = (sites) => [...sites].filter(isNew).map((i) => i - board.nStations);
    const { sites, hours } = desk.plan("mine");
    const before = desk.own;
    const found = await ask({
      stations: sites.filter((i) => !isNew(i)), kept: local(desk.own.add), out: local(desk.own.drop), start: local(sites), hours, ...options,
    });
    if (desk.own !== before) return null; // somebody went on meanwhile
    if (found.clash) return found;
    desk.rebase(found.sites, { covered: found.covered, bound: found.bound });
    return { ...found, better_at_most: Math.max(0, found.bound - found.covered), gap: (found.bound - found.covered) / Math.max(found.covered, 1e-9) };
  };
}

function save(name, text, type) {
  const link = el("a", { href: URL.createObjectURL(new Blob([text], { type })), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

function mineTable(desk, head, words, replanRest, actions) {
  const body = el("div", { class: "mine-body" });
  const certificate = el("p", { class: "certificate", role: "status", "aria-live": "polite" });
  const button = (key, act, more = {}) => el("button", { type: "button", class: "tool", "data-act": key, onclick: act, ...more }, words.t(`act_${key}`));
  const [undo, redo, reset] = [button("undo", () => desk.undo()), button("redo", () => desk.redo()), button("reset", () => desk.setState({ reset: true }))];
  const again = button("replan", () => run());
  async function run() {
    again.disabled = true;
    certificate.textContent = words.t("replan_busy");
    try {
      const found = await replanRest();
      if (found?.clash) certificate.textContent = words.t(found.clash[0], { ...found.clash[1], label: districtLabel(found.clash[1].label) });
      else follow();
    } finally {
      again.disabled = false;
    }
  }
  const districtLabel = (key) => head.districts.name[head.districts.id.indexOf(key)] ?? key;
  const file = el("input", { type: "file", accept: ".json,.csv", hidden: true, onchange: () => file.files[0] && actions.open(file.files[0]) });
  const place = placeOf(desk, head);
  const files = el(
    "div",
    { class: "tools" },
    button("csv", () => save("plan.csv", planCsv(desk, place), "text/csv")),
    button("json", () => save("plan.json", planJson(desk, place, { study: head.about.title, key: desk.part.key }), "application/json")),
    button("open", () => file.click()),
    button("link", () => actions.link()),
    file,
  );
  const node = el("section", { class: "mine", "aria-label": words.t("plan_mine") }, el("div", { class: "tools" }, undo, redo, reset, again), certificate, body, files, el("p", { class: "unit-line" }, words.t("mine_drop_file")));

  function line(site, kind, note) {
    const name = siteName(desk, site, head);
    return el(
      "li",
      { "data-kind": kind },
      el("span", { class: `mark ${kind}` }, { add: "+", drop: "−", hours: "◷", reject: "✕" }[kind]),
      el("button", { type: "button", class: "what", onclick: () => actions.site(null, site) }, name, note ? el("small", {}, note) : null),
      el("button", { type: "button", class: "undo-one", "aria-label": words.t("act_forget"), title: words.t("act_forget"), onclick: () => desk.forget(site) }, "↺"),
    );
  }
  function differences() {
    const less = desk.difference("mine", "proposal");
    const tone = (n) => (n >= 0 ? "plus-n" : "minus-n");
    const signed = (n) => `${n > 0 ? "+" : n < 0 ? "−" : ""}${words.n(Math.abs(n), 0)}`;
    const rows = (list, label) => list.map((row) => [label(row), Math.round(row.covered)]).filter(([, n]) => n).map(([name, n]) => el("tr", {}, el("th", { scope: "row" }, name), el("td", { class: tone(n) }, signed(n))));
    const groups = Object.fromEntries(desk.part.groups.map((g) => [g.name, g.label]));
    const districts = rows(less.byDistrict, (row) => head.districts.name[row.name]);
    const people = rows(less.byGroup, (row) => groups[row.name]);
    const n = Math.round(less.covered);
    return [
      el("p", { class: "sum-line" }, words.t("mine_against"), " ", el("b", { class: tone(n) }, words.t("people", { n: signed(n) })), desk.estimated("mine").length ? [" ", roughMark(words)] : null),
      districts.length ? el("div", { class: "two" }, el("table", {}, el("tbody", {}, districts)), el("table", {}, el("tbody", {}, people))) : null,
    ];
  }
  function follow() {
    const { own } = desk;
    undo.disabled = !desk.past.length;
    redo.disabled = !desk.future.length;
    reset.disabled = !desk.changed;
    const c = desk.certificate;
    certificate.textContent = c ? (desk.estimated("mine").length ? `${words.t("estimated")} · ` : "") + words.t("certificate", { covered: words.n(Math.round(c.covered), 0), n: words.n(Math.ceil(Math.max(0, c.bound - c.covered) - 1e-6), 0), gap: words.gap(Math.max(0, (c.bound - c.covered) / Math.max(c.covered, 1e-9))) }) : "";
    const items = [
      ...[...own.add].map((i) => line(i, "add", desk.isPlace(i) ? words.t("estimated") : "")),
      ...[...own.drop].map((i) => (own.rejected.has(i) ? line(i, "reject", own.rejected.get(i)) : line(i, "drop", ""))),
      ...[...own.hours].map(([i, text]) => line(i, "hours", text)),
    ];
    if (!desk.changed) body.replaceChildren(el("p", { class: "hint" }, words.t("mine_hint")));
    else body.replaceChildren(...differences().filter(Boolean), el("ul", { class: "changes" }, items));
  }
  return { node, follow };
}
