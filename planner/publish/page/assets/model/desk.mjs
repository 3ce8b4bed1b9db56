// The desk: one state, the plans, and what somebody changed. Views read it and are told when it changes.
// "mine" is a base (the proposal, or what was planned anew) with what somebody added and dropped by hand.

import { figuresOf, stationsInReach, viewOf, workersOfCells } from "./counting.mjs";
import { weightsOf } from "./gains.mjs";
import { openPeriods, spansOf } from "./hours.mjs";
import { servedBy } from "./networks.mjs";
import { addPlace, placeId, placeOfId, straightReach } from "./straight.mjs";

export const FIELDS = ["plan", "periods", "groups", "cutoff_m", "least", "network"];
const ALSO = { cutoff: "cutoff_m" }; // other names that a part of the state goes by

const nothing = (base) => ({ base, add: new Set(), drop: new Set(), hours: new Map(), rejected: new Map() });
const copied = (own) => ({
  base: own.base, add: new Set(own.add), drop: new Set(own.drop), hours: new Map(own.hours), rejected: new Map(own.rejected),
});

export class Desk {
  // part: head.board; plans: { name: { sites, hours } } with today and proposal.
  constructor(board, part, plans) {
    Object.assign(this, { board, part, plans, listeners: [], known: new Map(), past: [], future: [] });
    this.ids = [...part.stations.id, ...part.candidates.id];
    this.site = new Map();
    for (let i = this.ids.length - 1; i >= 0; i--) this.site.set(this.ids[i], i);
    for (let i = this.ids.length - 1; i >= board.nStations; i--) this.site.set(this.ids[i], i);
    this.own = nothing(plans.proposal.sites);
    this.networks = new Map(); // name → { label, today, proposal, places }, as networksOf makes them
    this.now = this.start();
  }
  start() {
    return { plan: "proposal", periods: "all", groups: "headline", cutoff_m: this.board.ownM, least: 1, network: "stations" };
  }
  // Listeners are told at once; those that draw (`soon`) once after all that is done together.
  tell() {
    for (const { listener, soon } of this.listeners) if (!soon) listener(this);
    this.told ??= setTimeout(() => this.tellNow(), 0);
  }
  tellNow() {
    clearTimeout(this.told);
    this.told = null;
    for (const { listener, soon } of this.listeners) if (soon) listener(this);
  }
  subscribe(listener, soon = false) {
    this.listeners.push({ listener, soon });
  }

  // -- the state

  state() {
    const edits = this.edits();
    const plain = Object.fromEntries(FIELDS.map((f) => [f, Array.isArray(this.now[f]) ? [...this.now[f]] : this.now[f]]));
    return { ...plain, cutoff: plain.cutoff_m, edits };
  }
  setState(changes = {}) {
    const { reset, ...others } = changes;
    const next = reset ? this.start() : { ...this.now };
    for (const [name, value] of Object.entries(others)) {
      const field = ALSO[name] ?? name;
      if (field === "edits") continue;
      if (!FIELDS.includes(field)) throw new Error(`no such part of the state: ${field}`);
      next[field] = this.judged(field, value);
    }
    this.settleNetwork(next, others);
    if (reset) {
      if (this.changed) this.past.push({ own: this.own, certificate: this.certificate });
      this.own = nothing(this.plans.proposal.sites);
      this.future = [];
      this.certificate = null;
    }
    this.now = next;
    this.tell();
    return this.state();
  }
  // A network is counted as the study counts it: all day, all groups, today or with its plan. Whoever asks for a plan of
  // stations besides goes back to the stations.
  settleNetwork(next, asked) {
    if (next.network === "stations") return;
    if (!["today", "proposal"].includes(next.plan)) {
      if (asked.network === undefined) next.network = "stations";
      else if (asked.plan === undefined) next.plan = "proposal";
      else throw new Error(`no network is counted in the plan ${next.plan}`);
      return this.settleNetwork(next, asked);
    }
    const start = this.start();
    for (const field of ["periods", "groups", "cutoff_m", "least"]) {
      const given = asked[field] ?? (field === "cutoff_m" ? asked.cutoff : undefined);
      if (given === undefined) next[field] = start[field];
      else if (JSON.stringify(next[field]) !== JSON.stringify(start[field])) throw new Error(`a network is counted in one state: ${field}`);
    }
  }
  judged(field, value) {
    const { board } = this;
    const own = (v) => String(v).replace(/^own:/, "");
    const among = (names, words) => [].concat(value).length > 0 && [].concat(value).every((v) => words.includes(v) || names.includes(own(v)));
    const fine = {
      plan: () => value === "mine" || value in this.plans,
      periods: () => among(board.periods, ["all", "night", "any_hour"]),
      groups: () => among(board.groups, ["headline"]),
      cutoff_m: () => board.cutoffsM.includes(Number(value)),
      least: () => Number.isInteger(Number(value)) && Number(value) >= 1,
      network: () => value === "stations" || this.networks.has(value),
    }[field]();
    if (!fine) throw new Error(`${field} cannot be ${JSON.stringify(value)}`);
    if (field === "cutoff_m" || field === "least") return Number(value);
    return Array.isArray(value) && value.length === 1 ? value[0] : value;
  }

  // -- the plans

  plan(name = this.now.plan) {
    if (name !== "mine") return this.plans[name];
    const { base, add, drop, hours } = this.own;
    const sites = [...new Set([...base, ...add])].filter((i) => !drop.has(i));
    return { sites, hours: this.opened(hours) };
  }
  opened(hours) {
    return new Map([...hours].map(([i, text]) => [i, openPeriods(text, this.part.periods, this.part.need_open)]));
  }
  has(site, name = this.now.plan) {
    return this.plan(name).sites.includes(site);
  }
  edits() {
    const ids = (sites) => [...sites].map((i) => this.ids[i]);
    const named = (map) => Object.fromEntries([...map].map(([i, text]) => [this.ids[i], text]));
    const { add, drop, hours, rejected } = this.own;
    return { add: ids(add), drop: ids(drop), hours: named(hours), rejected: named(rejected) };
  }
  positions(ids) {
    return (ids ?? []).map((id) => {
      const place = typeof id === "object" && id ? id : this.site.has(id) ? null : placeOfId(id);
      if (place) return this.place(Number(place.lat), Number(place.lng));
      if (!this.site.has(id)) throw new Error(`no such site: ${id}`);
      return this.site.get(id);
    });
  }
  // The position of a place that is no candidate; it is known from then on. `survey`: (lat, lng) → { far, name, district … }.
  place(lat, lng) {
    if (!(Math.abs(lat) <= 90 && Math.abs(lng) <= 180)) throw new Error(`no such place: ${lng}, ${lat}`);
    const id = placeId(lat, lng);
    if (this.site.has(id)) return this.site.get(id);
    const { board, part } = this;
    const { far, ...about } = this.survey(lat, lng);
    const open = openPeriods(part.default_hours, part.periods, part.need_open);
    const site = addPlace(board, straightReach(board, far), open, part.place_yuan);
    this.ids[site] = id;
    this.site.set(id, site);
    this.at.push([lat, lng]);
    const own = { host: "", hours: part.default_hours, ...about };
    for (const [key, list] of Object.entries(this.candidate)) list.push(own[key]);
    return site;
  }
  isPlace(site) {
    return site >= this.board.nSites;
  }
  // Places of a plan that are only estimated, by straight line.
  estimated(name = this.now.plan) {
    return name === "mine" ? this.plan(name).sites.filter((i) => this.isPlace(i)) : [];
  }
  // Cumulative; add: ids, or { lng, lat } of a place that is no candidate; hours: { id: "08:00-20:00", or "" for its own again };
  // reject: { id: why }.
  edit({ add, drop, hours = {}, reject = {} } = {}) {
    const next = copied(this.own);
    for (const i of this.positions(add)) {
      next.drop.delete(i);
      next.rejected.delete(i);
      next.add.add(i);
    }
    for (const i of this.positions(drop)) {
      next.add.delete(i);
      if (!this.isPlace(i) || next.base.includes(i)) next.drop.add(i);
    }
    for (const i of this.positions(Object.keys(reject))) {
      next.add.delete(i);
      next.drop.add(i);
      next.rejected.set(i, String(reject[this.ids[i]]).slice(0, 200));
    }
    for (const [id, text] of Object.entries(hours)) {
      const [i] = this.positions([id]);
      if (text === "") next.hours.delete(i);
      else if (spansOf(text) === null) throw new Error(`these hours cannot be read: ${text}`);
      else next.hours.set(i, text);
    }
    this.take(next);
    return this.state();
  }
  // Take edits as the newest.
  take(own, certificate = null) {
    this.past.push({ own: this.own, certificate: this.certificate });
    this.future = [];
    this.show(own, certificate);
  }
  show(own, certificate) {
    this.own = own;
    this.certificate = certificate;
    this.now = { ...this.now, plan: "mine", network: "stations" };
    this.tell();
  }
  // Take back what was decided on one site.
  forget(site) {
    const next = copied(this.own);
    for (const set of [next.add, next.drop, next.hours, next.rejected]) set.delete(site);
    this.take(next);
  }
  undo() {
    const last = this.past.pop();
    if (!last) return;
    this.future.push({ own: this.own, certificate: this.certificate });
    this.show(last.own, last.certificate);
  }
  redo() {
    const next = this.future.pop();
    if (!next) return;
    this.past.push({ own: this.own, certificate: this.certificate });
    this.show(next.own, next.certificate);
  }
  // The rest was planned anew around what somebody chose.
  rebase(sites, certificate) {
    this.take({ ...copied(this.own), base: [...sites] }, certificate);
  }
  // Another whole plan (of a file, a link): base, add, drop as positions.
  restore(kept) {
    const { nSites } = this.board;
    const points = this.positions((kept.points ?? []).filter(placeOfId));
    const here = (i) => (i >= nSites ? points[i - nSites] : i);
    const fits = (i) => Number.isInteger(i) && i >= 0 && (i < nSites || points.includes(i));
    const sites = (list) => (list ?? []).map(here).filter(fits);
    const pairs = (list, fine) => new Map((list ?? []).map(([i, text]) => [here(i), String(text)]).filter(([i, text]) => fits(i) && fine(text)));
    this.take({
      base: kept.base ? sites(kept.base) : this.plans.proposal.sites,
      add: new Set(sites(kept.add)),
      drop: new Set(sites(kept.drop)),
      hours: pairs(kept.hours, (text) => spansOf(text) !== null),
      rejected: pairs(kept.rejected, () => true),
    });
  }
  // As `restore` takes it; points: ids of the places in it that are no candidates, numbered behind the sites.
  kept() {
    const { base, add, drop, hours, rejected } = this.own;
    const same = base === this.plans.proposal.sites;
    const points = [...new Set([...base, ...add, ...drop, ...hours.keys()])].filter((i) => this.isPlace(i));
    const there = (i) => (this.isPlace(i) ? this.board.nSites + points.indexOf(i) : i);
    const pairs = (map) => [...map].map(([i, text]) => [there(i), text]);
    return {
      ...(same ? {} : { base: base.map(there) }), add: [...add].map(there), drop: [...drop].map(there), hours: pairs(hours), rejected: pairs(rejected),
      ...(points.length ? { points: points.map((i) => this.ids[i]) } : {}),
    };
  }
  get changed() {
    const { base, add, drop, hours } = this.own;
    return base !== this.plans.proposal.sites || add.size + drop.size + hours.size > 0;
  }

  // -- the figures

  // Sums and cells of a state (the current one), each counted once while plans stay.
  counted(state = this.now) {
    if (state.network !== "stations") return servedBy(this.networks.get(state.network), state.plan, viewOf(this.board, this.start()));
    const mine = state.plan === "mine" ? this.own : null;
    const key = JSON.stringify(FIELDS.map((f) => state[f]));
    const known = this.known.get(key);
    if (known && known.own === mine) return known.found;
    const view = viewOf(this.board, state);
    const plan = this.plan(state.plan);
    const counts = stationsInReach(this.board, plan, view);
    const found = { ...figuresOf(this.board, counts, view), counts, view, plan };
    if (this.known.size > 12) this.known.delete(this.known.keys().next().value);
    this.known.delete(key);
    this.known.set(key, { own: mine, found });
    return found;
  }
  // Workers and covered workers of each town in a state, where the study gives towns.
  byTown(state = this.now) {
    const found = this.counted(state);
    const { board } = this;
    return (found.byTown ??= figuresOf({ ...board, district: board.town, totals: board.townTotals }, found.counts, found.view).byDistrict);
  }
  // What depends on periods and groups alone, kept while these stay.
  ofView(name, make) {
    const key = JSON.stringify([this.now.periods, this.now.groups]);
    if (this.viewKey !== key) Object.assign(this, { viewKey: key, viewParts: {} });
    return (this.viewParts[name] ??= make());
  }
  cellWorkers() {
    return this.ofView("cells", () => workersOfCells(this.board, viewOf(this.board, this.now)));
  }
  weights() {
    return this.ofView("weights", () => weightsOf(this.board, viewOf(this.board, this.now)));
  }
  // What window.planner.figures() gives: unrounded.
  figures(state = this.now) {
    const found = this.counted(state);
    const { part, board } = this;
    const isNew = (i) => i >= board.nStations;
    const named = (rows, key, names) => rows.map(({ name, ...row }) => ({ [key]: names ? names[name] : name, ...row }));
    const sites = found.plan.sites.filter(isNew);
    return {
      workers: found.workers, covered: found.covered, share: found.share,
      stations: found.places ?? found.plan.sites.length, sites: found.added ?? sites.length, estimated: sites.filter((i) => this.isPlace(i)).length,
      cost_yuan: sites.reduce((sum, i) => sum + board.cost[i - board.nStations], 0),
      by_district: named(found.byDistrict, "district", part.districts),
      by_group: named(found.byGroup, "group"),
      by_period: named(found.byPeriod, "period"),
    };
  }
  // What a change did to each district and group: covered by plan `a` less covered by plan `b`, in the current state.
  difference(a, b) {
    const [one, other] = [a, b].map((plan) => this.counted({ ...this.now, plan, network: "stations" }));
    const less = (key) => one[key].map((row, i) => ({ name: row.name, covered: row.covered - other[key][i].covered }));
    return { covered: one.covered - other.covered, byDistrict: less("byDistrict"), byGroup: less("byGroup"), byPeriod: less("byPeriod") };
  }
}
