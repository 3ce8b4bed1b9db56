// What can be done with a site from its card: drop, add, put elsewhere, other hours.

const HOURS = ["00:00-24:00", "06:00-22:00", "08:00-20:00", "08:00-18:00", "18:00-06:00"];
const NEAR_M = 700;

function tool(text, act, options = {}) {
  return el("button", { type: "button", class: `tool ${options.tone ?? ""}`, "data-tool": options.key, onclick: act }, text);
}

function siteName(desk, site, head) {
  const k = site - desk.board.nStations;
  return k < 0 ? head.stations.name[desk.stationAt[site]] || desk.ids[site] : desk.candidate.name[k] || desk.candidate.host[k] || desk.ids[site];
}

function siteTools(desk, site, words) {
  const { head } = __planner;
  const id = desk.ids[site];
  const inside = desk.has(site, "mine"); // what is changed is always one's own plan
  const isNew = site >= desk.board.nStations;
  const box = el("div", { class: "tools" });
  const again = (act) => () => {
    act();
    const next = siteTools(desk, site, words);
    box.replaceWith(next);
    next.querySelector("button")?.focus();
  };
  if (inside) {
    box.append(tool(words.t(isNew ? "tool_drop" : "tool_close"), again(() => desk.edit({ drop: [id] })), { key: "drop", tone: "warn" }));
    if (isNew && !desk.isPlace(site)) {
      box.append(tool(words.t("tool_reject"), again(() => desk.edit({ reject: { [id]: words.t("reason_landlord") } })), { key: "reject" }));
      const stand = el("div", { class: "stand-ins" });
      box.append(tool(words.t("tool_move"), () => stand.childElementCount || fillStandIns(desk, site, head, words, stand), { key: "move" }), stand);
    }
  } else box.append(tool(words.t(isNew ? "tool_add" : "tool_keep"), again(() => desk.edit({ add: [id] })), { key: "add", tone: "go" }));
  const why = desk.own.rejected.get(site);
  if (why) {
    const input = el("input", { type: "text", value: why, maxlength: 200, "aria-label": words.t("reason"), onchange: () => desk.edit({ reject: { [id]: input.value } }) });
    box.append(el("label", { class: "why" }, words.t("reason"), input));
  }
  if (inside) {
    const own = desk.own.hours.get(site) ?? "";
    const options = ["", ...new Set([...(own ? [own] : []), ...HOURS])];
    const choice = el(
      "select",
      { "data-tool": "hours", "aria-label": words.t("tool_hours"), onchange: () => desk.edit({ hours: { [id]: choice.value } }) },
      options.map((text) => el("option", { value: text, selected: text === own }, text === "" ? words.t("hours_own") : text)),
    );
    box.append(el("label", { class: "why" }, words.t("tool_hours"), choice));
  }
  return box;
}

// Candidates near a site in its place: how far, and what that loses.
function fillStandIns(desk, site, head, words, box) {
  const { counts, weights, view, plan } = countedNow(desk);
  const near = nearestSites(desk.board, desk.at, desk.at[site - desk.board.nStations], NEAR_M).filter(([other]) => other !== site && !desk.own.rejected.has(other));
  const found = standIns(desk.board, plan, counts, weights, site, view, near);
  if (!found.length) box.append(el("p", {}, words.t("no_stand_in")));
  const line = ({ metres, loss }) => words.t("stand_in_line", { m: words.n(Math.round(metres)), difference: loss >= 0.5 ? words.t("fewer", { n: words.n(loss, 0) }) : words.t("more", { n: words.n(Math.abs(loss), 0) }) });
  const take = (other) => desk.edit({ drop: [desk.ids[site]], add: [desk.ids[other]] });
  __planner.lit.offer(found, line, take);
  found.forEach((one, k) => {
    const { site: other } = one;
    box.append(
      el(
        "button",
        { type: "button", class: "stand-in", "data-site": desk.ids[other], onclick: () => take(other) },
        el("span", {}, `${k + 1} · ${siteName(desk, other, head)}`),
        el("small", {}, line(one)),
      ),
    );
  });
}

// A place farther from every candidate than anybody looks: scored by straight line, and said to be; it may join the plan so.
function straightTools(desk, [lat, lng], words) {
  const { counts, weights, view } = countedNow(desk);
  const { default_hours: hours, periods, need_open: need } = desk.part;
  const one = boardOfPlace(desk.board, straightReach(desk.board, desk.survey(lat, lng).far), openPeriods(hours, periods, need));
  const add = () => {
    desk.edit({ add: [{ lat, lng }] });
    __planner.map.closePopup();
  };
  return el(
    "div",
    { class: "tools stand-ins straight" },
    el("p", {}, words.t("no_candidate")),
    el("p", { class: "estimate" }, el("b", {}, words.t("straight_gain", { n: words.n(gainOf(one, counts, weights, 0, undefined, view), 0) })), " ", roughMark(words)),
    tool(words.t("tool_place"), add, { key: "place", tone: "go" }),
    el("p", {}, straightText(desk, [lat, lng], words, hours)),
  );
}

function straightText(desk, [lat, lng], words, hours) {
  return words.t("straight_means", { m: words.n(desk.now.cutoff_m), hours, at: `${lng.toFixed(6)}, ${lat.toFixed(6)}` });
}

// What is only estimated says so wherever it is shown.
function roughMark(words) {
  return el("span", { class: "estimated" }, words.t("estimated"));
}

// The nearest candidates of a place somebody clicked on.
function nearbyTools(desk, latlng, head, words) {
  const taken = new Set(desk.plan("mine").sites);
  const near = nearestSites(desk.board, desk.at, latlng, NEAR_M).filter(([site]) => !taken.has(site)).slice(0, 3);
  if (!near.length) {
    try {
      return straightTools(desk, latlng, words);
    } catch {
      return el("p", {}, words.t("no_candidate")); // outside of the study
    }
  }
  const { counts, weights, view, plan } = countedNow(desk);
  const box = el("div", { class: "tools stand-ins" }, el("p", { class: "near-title" }, words.t("nearest_candidates")));
  for (const [site, metres] of near) {
    const gain = gainOf(desk.board, counts, weights, site, plan.hours?.get(site), view);
    const line = words.t("stand_in_line", { m: words.n(Math.round(metres)), difference: words.t("more", { n: words.n(gain, 0) }) });
    const add = () => {
      desk.edit({ add: [desk.ids[site]] });
      __planner.map.closePopup();
    };
    box.append(el("button", { type: "button", class: "stand-in", "data-site": desk.ids[site], onclick: add }, el("span", {}, `＋ ${siteName(desk, site, head)}`), el("small", {}, line)));
  }
  return box;
}
