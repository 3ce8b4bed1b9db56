// The union's networks: who has a place of one of them in reach, told by the study for today and with its plan.
// See planner/publish/page/board/networks.py for the other side.

import { integers, points, summed } from "./read.mjs";

// name → { label, today, proposal, places }; workers of the page's cells, and of its towns where there are any.
export function networksOf(parts, blob, workers, townWorkers) {
  const side = (part, per, of, steps) => {
    const cells = new Float64Array(workers.length);
    of.forEach((cell, k) => (cells[cell] = (workers[cell] * steps[k]) / per));
    const shared = (rows) => rows.map(([workers, covered], name) => ({ name, workers, covered, share: workers > 0 ? covered / workers : 0 }));
    const [byDistrict, byTown] = [shared(part.by_district), part.by_town && shared(part.by_town.map((covered, k) => [townWorkers[k], covered]))];
    return { workers: part.workers, covered: part.covered, share: part.workers > 0 ? part.covered / part.workers : 0, places: part.places, byDistrict, byTown, cells };
  };
  const found = new Map();
  for (const part of parts) {
    const of = summed(integers(blob, part.cells));
    const [now, more] = [integers(blob, part.now), integers(blob, part.more)];
    found.set(part.name, {
      label: part.label, today: side(part.today, part.per, of, now), proposal: side(part.proposal, part.per, of, now.map((v, k) => v + more[k])),
      places: { name: part.places.name, at: points(blob, part.places.at), ...Object.fromEntries(["new", "workers", "district", "town"].filter((key) => part.places[key]).map((key) => [key, integers(blob, part.places[key])])) },
    });
  }
  for (const part of parts) if (part.with.length) found.get(part.name).places = together([found.get(part.name), ...part.with.map((name) => found.get(name))]);
  return found;
}

// The places of several networks, the new ones first.
function together(networks) {
  const all = networks.flatMap(({ places }) => places.name.map((_, i) => Object.fromEntries(Object.keys(places).map((key) => [key, places[key][i]]))));
  all.sort((a, b) => b.new - a.new || b.workers - a.workers);
  return Object.fromEntries(Object.keys(networks[0].places).map((key) => [key, all.map((place) => place[key])]));
}

// A network's figures as those of a plan of stations; it has no sites of the board.
export function servedBy(network, plan, view) {
  const found = network[plan === "today" ? "today" : "proposal"];
  return { ...found, added: found.places - network.today.places, byGroup: [], byPeriod: [], counts: null, view, plan: { sites: [] } };
}
