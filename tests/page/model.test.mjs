// The page's model by itself: node --test tests/page/model.test.mjs
import assert from "node:assert/strict";
import { test } from "node:test";

const from = (name) => import(`../../planner/publish/page/assets/model/${name}.mjs`);
const { hilbert, alongCurve } = await from("board");
const { figuresOf, stationsInReach, viewOf, workersOfCells } = await from("counting");
const { weightsOf, gainOf, lossOf, gainsInOrder, standIns, nearestSites } = await from("gains");
const { gapsOf, outlineOf } = await from("gaps");
const { spansOf, openPeriods } = await from("hours");
const { Desk } = await from("desk");
const { toHash, fromHash } = await from("link");
const { planCsv, planJson, readPlan } = await from("files");
const { rulesLeft, clashOf, Selection } = await from("rules");
const { replan } = await from("replan");

// One street: columns at 0, 1, 2, 3; two stations at 0 and 3, candidates at 1 and 2; a site reaches its own column from
// within 500 m (level 2) and the next ones from within 667 m (level 1). Riders by day, sweepers by night.
function street() {
  const reach = [[0, 1], [2, 3], [0, 1, 2], [1, 2, 3]];
  const home = [0, 3, 1, 2];
  const flat = reach.flat();
  return {
    nStations: 2, nCandidates: 2, nSites: 4, nColumns: 4, nCells: 2, ownM: 667, cutoffsM: [500, 667],
    ways: [{ from: 0, to: 4, groups: [0, 1], own: 1, levelOf: { 500: 2, 667: 1 } }],
    cell: Int32Array.from([0, 0, 1, 1]), district: Int16Array.from([0, 0, 1, 1]),
    weight: Float64Array.from([10, 1, 20, 2, 30, 3, 40, 4]),
    ptr: Int32Array.from([0, 2, 4, 7, 10]), column: Int32Array.from(flat),
    level: Uint8Array.from(reach.flatMap((list, i) => list.map((c) => (c === home[i] ? 2 : 1)))),
    groups: ["rider", "sweeper"], periods: ["day", "dark"], night: ["dark"], shares: [[1, 0], [0.5, 0.5]],
    open: Int32Array.from([1, 3, 3, 1]), totals: [[30, 3], [70, 7]], cost: [5, 7],
  };
}
const PART = {
  stations: { id: ["S1", "S2"] }, candidates: { id: ["A", "B"] }, districts: ["west", "east"], key: "k",
  periods: [{ name: "day", from: 8, to: 18 }, { name: "dark", from: 22, to: 6 }], need_open: 0.5,
};
function desk() {
  const d = new Desk(street(), PART, { today: { sites: [0, 1] }, proposal: { sites: [0, 1, 3] } });
  d.candidate = { hours: ["00:00-24:00", "08:00-18:00"] };
  return d;
}

test("the Hilbert curve visits every cell once, neighbours in turn", () => {
  const place = new Map();
  for (let x = 0; x < 16; x++) for (let y = 0; y < 16; y++) place.set(hilbert(x, y, 4), [x, y]);
  assert.equal(place.size, 256);
  for (let k = 1; k < 256; k++) assert.equal(Math.abs(place.get(k)[0] - place.get(k - 1)[0]) + Math.abs(place.get(k)[1] - place.get(k - 1)[1]), 1);
  assert.deepEqual([...alongCurve([0, 1, 2, 3], 2, 2)].sort(), [0, 1, 2, 3]);
});

test("who is covered, by hand", () => {
  const board = street();
  const view = viewOf(board, { periods: "all", groups: "headline", cutoff_m: 667, least: 1 });
  // by day both stations are open: all; at night only the second: columns 2 and 3
  const found = figuresOf(board, stationsInReach(board, { sites: [0, 1] }, view), view);
  assert.equal(found.workers, 110);
  assert.equal(found.covered, 100 + 5 + 3.5);
  assert.deepEqual(found.byDistrict.map((d) => d.covered), [31.5, 77]);
  assert.deepEqual(found.byGroup.map((g) => g.covered), [100, 8.5]);
  assert.deepEqual(found.byPeriod.map((t) => t.covered), [105, 3.5]);
  assert.deepEqual([...found.cells], [31.5, 77]);
  assert.deepEqual([...workersOfCells(board, view)], [33, 77]);
  const covered = (state) => {
    const v = viewOf(board, { periods: "all", groups: "headline", cutoff_m: 667, least: 1, ...state });
    return figuresOf(board, stationsInReach(board, { sites: [0, 1] }, v), v).covered;
  };
  assert.equal(covered({ least: 2 }), 0);
  assert.equal(covered({ cutoff_m: 500 }), 10 + 0.5 + 40 + 4);
  assert.equal(covered({ periods: "night" }), 3.5);
  assert.equal(covered({ periods: "any_hour" }), 110);
  assert.equal(covered({ groups: ["sweeper"] }), 8.5);
  assert.equal(covered({ periods: ["day"], groups: "rider" }), 100);
});

test("what a site adds, and what is lost without it", () => {
  const board = street();
  const view = viewOf(board, { periods: "all", groups: "headline", cutoff_m: 667, least: 1 });
  const weights = weightsOf(board, view);
  const counts = stationsInReach(board, { sites: [0, 1] }, view);
  assert.equal(gainOf(board, counts, weights, 2, undefined, view), 1.5); // A opens columns 0 and 1 at night
  assert.equal(gainOf(board, counts, weights, 3, undefined, view), 0); // B is open by day only
  assert.equal(gainOf(board, counts, weights, 3, 3, view), 1); // and at night it would open column 1
  assert.equal(lossOf(board, counts, weights, 1, undefined, view), 77);
  const plan = { sites: [0, 1, 2, 3], hours: new Map() };
  assert.deepEqual([...gainsInOrder(board, plan, view, weights)], [[2, 1.5], [3, 0]]);
  const own = { sites: [0, 1, 2], hours: new Map() };
  const both = stationsInReach(board, own, view);
  assert.deepEqual(standIns(board, own, both, weights, 2, view, [[3, 200]]), [{ site: 3, metres: 200, loss: 1.5 }]);
  assert.deepEqual([...both], [...stationsInReach(board, own, view)]);
  assert.deepEqual(nearestSites(board, [[31, 120], [31.01, 120]], [31.001, 120], 2000).map(([i, m]) => [i, Math.round(m)]), [[2, 111], [3, 1001]]);
});

test("hours as text, and the periods they serve", () => {
  assert.deepEqual(spansOf("08:00-12:00;22:00-06:00"), [[480, 720], [1320, 1440], [0, 360]]);
  assert.deepEqual(spansOf("closed"), []);
  for (const text of ["", "8", "25:00-26:00", "08:00-08:00", "nine to five"]) assert.equal(spansOf(text), null, text);
  assert.equal(openPeriods("08:00-13:00", PART.periods, 0.5), 1);
  assert.equal(openPeriods("08:00-12:59", PART.periods, 0.5), 0);
  assert.equal(openPeriods("22:00-02:00", PART.periods, 0.5), 2);
  assert.equal(openPeriods("00:00-24:00", PART.periods, 0.5), 3);
});

test("one state: refused where it cannot be, cumulative edits, undo, redo, reset", () => {
  const d = desk();
  assert.equal(d.state().plan, "proposal");
  assert.throws(() => d.setState({ plan: "last year" }));
  assert.throws(() => d.setState({ cutoff_m: 600 }));
  assert.throws(() => d.setState({ periods: [] }));
  assert.equal(d.setState({ cutoff: 500 }).cutoff_m, 500);
  assert.equal(d.setState({ reset: true }).cutoff, 667);
  assert.throws(() => d.setState({ colour: "red" }));
  assert.throws(() => d.edit({ add: ["nowhere"] }));
  d.edit({ add: ["A"] });
  d.edit({ drop: ["B"] });
  assert.equal(d.state().plan, "mine");
  assert.deepEqual(d.state().edits, { add: ["A"], drop: ["B"], hours: {}, rejected: {} });
  assert.deepEqual(d.plan().sites, [0, 1, 2]);
  assert.equal(d.figures().covered, 110);
  assert.equal(d.figures().cost_yuan, 5);
  assert.deepEqual(d.difference("mine", "proposal").byDistrict.map((r) => r.covered), [1.5, 0]);
  d.undo();
  assert.deepEqual(d.plan().sites, [0, 1, 3, 2]);
  d.redo();
  assert.deepEqual(d.plan().sites, [0, 1, 2]);
  d.edit({ drop: ["S2"] });
  assert.deepEqual(d.plan().sites, [0, 2]);
  d.edit({ add: ["S2"], hours: { S1: "00:00-24:00" } });
  assert.equal(d.plan().hours.get(0), 3);
  d.edit({ reject: { A: "the landlord refuses" } });
  assert.deepEqual(d.state().edits.rejected, { A: "the landlord refuses" });
  d.setState({ plan: "today" });
  assert.equal(d.figures().covered, 108.5);
  d.setState({ reset: true });
  assert.deepEqual(d.state().edits, { add: [], drop: [], hours: {}, rejected: {} });
  assert.deepEqual(d.plan().sites, [0, 1, 3]);
});

test("listeners are told at once, those that draw once", async () => {
  const d = desk();
  let [now, soon] = [0, 0];
  d.subscribe(() => now++);
  d.subscribe(() => soon++, true);
  d.edit({ add: ["A"] });
  d.edit({ drop: ["B"] });
  assert.deepEqual([now, soon], [2, 0]);
  await new Promise((done) => setTimeout(done, 5));
  assert.deepEqual([now, soon], [2, 1]);
});

test("a link says the state and the plan", () => {
  const d = desk();
  assert.equal(toHash(d.now, d.start(), null), "");
  d.edit({ add: ["A"], drop: ["B"], hours: { S1: "08:00-12:00;14:00-18:00" } });
  d.setState({ periods: ["day", "dark"], cutoff_m: 500, least: 2 });
  const hash = toHash(d.now, d.start(), d.kept(), { view: "12/31/120" });
  const { state, own, more } = fromHash(`#${hash}`);
  const other = desk();
  other.restore(own);
  other.setState(state);
  assert.deepEqual(other.state(), d.state());
  assert.deepEqual(other.plan().sites, d.plan().sites);
  assert.equal(more.view, "12/31/120");
});

test("files: out and in again, no formula, nothing foreign", () => {
  const place = (i) => ({ name: i === 2 ? "=1+1" : 'the "B", bank', lng: 120.5, lat: 31.25, open_hours: i === 2 ? "06:00-22:00" : "08:00-18:00", district: "west" });
  const d = desk();
  d.edit({ add: ["A"], drop: ["S1"], hours: { A: "06:00-22:00", S2: "00:00-24:00" }, reject: {} });
  assert.match(planCsv(d, place), /\r\nA,"'=1\+1",120.5,31.25,06:00-22:00,west,mine\r\n/);
  const plan = JSON.parse(planJson(d, place, { study: "x" }));
  assert.deepEqual(plan.sites.map((s) => [s.site_id, s.origin]), [["B", "proposal"], ["A", "mine"]]);
  assert.deepEqual([plan.closed, plan.hours, plan.required], [["S1"], { S2: "00:00-24:00" }, ["A"]]);
  for (const text of [planJson(d, place, {}), planCsv(d, place)]) {
    const other = desk();
    const { kept, unknown } = readPlan(text, other);
    other.restore(kept);
    assert.equal(unknown, 0);
    assert.deepEqual(other.plan().sites.filter((i) => i > 1).sort(), [2, 3]);
    assert.equal(other.plan().hours.get(2), d.plan().hours.get(2));
    if (text.startsWith("{")) assert.deepEqual(other.figures(), d.figures());
  }
  for (const text of ["{}", "a,b\n1,2", '{"format":"planner plan 1","sites":[{"site_id":"Z"}]}', "not a plan"]) assert.throws(() => readPlan(text, desk()), text);
});

test("a station that the proposal itself closes is closed in the file, and is no change of anybody's", () => {
  const make = () => {
    const d = new Desk(street(), PART, { today: { sites: [0, 1] }, proposal: { sites: [1, 3] } });
    d.candidate = { hours: ["00:00-24:00", "08:00-18:00"] };
    return d;
  };
  const d = make();
  const place = (i) => ({ name: d.ids[i], lng: 120, lat: 31, open_hours: "", district: "" });
  d.edit({ add: ["A"] });
  const text = planJson(d, place, {});
  assert.deepEqual(JSON.parse(text).closed, ["S1"]);
  const other = make();
  other.restore(readPlan(text, other).kept);
  assert.deepEqual([...other.plan("mine").sites].sort(), [1, 2, 3]);
  assert.deepEqual(other.edits().drop, []);
  assert.equal(other.figures().covered, d.figures().covered);
});

test("gap areas: more missing than the mean, touching, of one district", () => {
  const grid = { key: [0, 1, 2, 4, 5], columns: 3 };
  const gaps = gapsOf(grid, [0, 0, 1, 0, 1], [30, 1, 40, 30, 1], [0, 0, 0, 5, 0]);
  assert.deepEqual(gaps, [{ cells: [0, 3], workers: 55, district: 0 }, { cells: [2], workers: 40, district: 1 }]);
  assert.equal(outlineOf(grid, [0]).length, 4);
  assert.equal(outlineOf(grid, [0, 1]).length, 6);
});

test("rules: what may join, and why nothing can", () => {
  const rules = {
    p: 2, budget: 10, cost: [3, 4, 6, 8], conflicts: [[0, 1]],
    partitions: [{ name: "quota", labels: ["w", "e"], of: [0, 0, 1, 1], least: [0, 1], most: [2, 2] }],
  };
  const left = rulesLeft(rules, [], [0, 1, 2, 3]);
  assert.equal(clashOf(left), null);
  const chosen = new Selection(left);
  chosen.put(0, 1);
  assert.deepEqual([1, 2, 3].map((k) => chosen.admits(k)), [false, true, false]); // too near; fills the east; 3 + 8 is over 10
  chosen.put(2, 1);
  assert.equal(chosen.complete, true);
  assert.deepEqual(clashOf(rulesLeft(rules, [0, 1, 2], [3])), ["clash_many", { n: 1 }]);
  assert.deepEqual(clashOf(rulesLeft(rules, [2, 3], [0])), ["clash_budget", {}]);
  assert.deepEqual(clashOf(rulesLeft(rules, [0, 1], [2])), ["clash_near", { n: 1 }]);
  assert.deepEqual(clashOf(rulesLeft(rules, [], [0, 1])), ["clash_least", { label: "e" }]);
});

test("the rest planned anew keeps what was chosen", () => {
  const board = street();
  const rules = { p: 1, budget: null, required: [], forbidden: [], cost: board.cost, conflicts: [], partitions: [{ name: "quota", labels: ["all"], of: [0, 0], least: [0], most: [2] }] };
  const ask = (changes) => replan(board, rules, null, { stations: [0, 1], kept: [], out: [], start: [1], hours: new Map(), ...changes });
  assert.deepEqual([ask({}).sites, ask({}).covered, ask({}).bound], [[0, 1, 2], 110, 110]);
  assert.deepEqual(ask({ kept: [1] }).sites, [0, 1, 3]);
  assert.equal(ask({ out: [0] }).covered, 108.5);
  assert.deepEqual(ask({ kept: [0, 1] }).clash, ["clash_many", { n: 1 }]);
});

test("a place by straight line joins the board, a file and a link, by hand", async () => {
  const { addPlace, boardOfPlace, placeId, placeOfId, straightReach } = await from("straight");
  const board = street();
  board.ways[0].metres = [667, 500];
  board.cost = [5, 7];
  // the first cell (columns 0 and 1) is 600 m away, the second (2 and 3) 400 m
  const reach = straightReach(board, [600, 400]);
  assert.deepEqual(reach, { column: [0, 1, 2, 3], level: [1, 1, 2, 2] });
  const view = viewOf(board, { periods: ["dark"], groups: "headline", cutoff_m: 667, least: 1 });
  const counts = stationsInReach(board, { sites: [0, 1] }, view); // at night the second station alone: columns 2 and 3
  assert.equal(gainOf(boardOfPlace(board, reach, 2), counts, weightsOf(board, view), 0, undefined, view), 1.5);
  assert.equal(addPlace(board, reach, 2, 9), 4);
  assert.equal(gainOf(board, counts, weightsOf(board, view), 4, undefined, view), 1.5);
  assert.deepEqual([...board.ptr], [0, 2, 4, 7, 10, 14]);
  assert.equal(placeId(31.3, -120.5), "point@-120.500000_31.300000");
  assert.deepEqual(placeOfId("point@-120.500000_31.300000"), { lng: -120.5, lat: 31.3 });
  assert.equal(placeOfId("street-000001"), null);

  const made = () => {
    const d = desk();
    d.board.ways[0].metres = [667, 500];
    Object.assign(d.part, { default_hours: "08:00-18:00", place_yuan: 9 });
    d.at = [[31.3, 120.5], [31.3, 120.6]];
    Object.assign(d.candidate, { name: ["A", "B"], district: [0, 1] });
    d.survey = () => ({ far: [600, 400], name: "a place", district: 1 });
    return d;
  };
  const one = made();
  const before = one.figures().covered;
  const { edits } = one.edit({ add: [{ lng: 120.7, lat: 31.4 }], hours: {} });
  assert.deepEqual(edits.add, ["point@120.700000_31.400000"]);
  assert.equal(one.figures().estimated, 1);
  assert.equal(one.figures().cost_yuan, 7 + 9);
  one.edit({ hours: { "point@120.700000_31.400000": "22:00-06:00" } });
  assert.equal(one.figures().covered - before, 1.5); // the first two columns' sweepers at night
  const told = one.figures();
  const [, two] = [one.undo(), made()];
  one.redo();
  assert.deepEqual(one.figures(), told);
  const { own } = fromHash(toHash(one.now, one.start(), one.kept()));
  two.restore(own);
  assert.deepEqual(two.figures(), told);
  const place = (i) => ({ name: "x", lng: 120.7, lat: 31.4, open_hours: "22:00-06:00", district: "east" });
  const json = JSON.parse(planJson(one, place, {}));
  assert.equal(json.sites.at(-1).origin, "estimated");
  assert.deepEqual(json.required, ["point@120.700000_31.400000"]);
  for (const text of [JSON.stringify(json), planCsv(one, place)]) {
    const three = made();
    three.edit({ add: [{ lng: 120.1, lat: 31.1 }] }); // another place, which moves the numbers on
    three.restore(readPlan(text, three).kept);
    assert.equal(three.figures().covered, told.covered);
    assert.equal(three.figures().estimated, 1);
  }
  one.edit({ drop: ["point@120.700000_31.400000"] });
  assert.equal(one.figures().covered, before);
  assert.equal(one.changed, true); // its hours are still there
  assert.throws(() => one.edit({ add: [{ lng: 500, lat: 0 }] }), /no such place/);
});
