// What one site is worth: to a plan, in a plan, and instead of another.

import { addSite, stationsInReach } from "./counting.mjs";

// Workers of the view per column and period.
export function weightsOf(board, view) {
  const T = board.periods.length;
  const G = board.groups.length;
  const { weight, nColumns } = board;
  const out = new Float64Array(nColumns * T);
  for (let t = 0; t < T; t++) {
    if (!view.periods[t]) continue;
    for (let g = 0; g < G; g++) {
      const share = view.groups[g] ? board.shares[g][t] : 0;
      if (share) for (let c = 0; c < nColumns; c++) out[c * T + t] += weight[c * G + g] * share;
    }
  }
  return out;
}

// Workers that have exactly `have` open stations and for whom the site is open: have = least - 1 is what it would add,
// have = least what the plan loses without it.
export function workersWith(board, counts, weights, site, hours, view, have) {
  const T = board.periods.length;
  const open = view.always ? -1 : (hours ?? board.open[site]);
  let sum = 0;
  for (let e = board.ptr[site]; e < board.ptr[site + 1]; e++) {
    const c = board.column[e];
    if (board.level[e] < needOf(board, view, c)) continue;
    for (let t = 0; t < T; t++) if ((open >> t) & 1 && counts[c * T + t] === have) sum += weights[c * T + t];
  }
  return sum;
}

export function needOf(board, view, column) {
  return view.need.length === 1 ? view.need[0] : view.need[board.ways.findIndex((way) => column < way.to)];
}

// What a site adds to the counts' plan, or what that plan loses without it.
export const gainOf = (board, counts, weights, site, hours, view) => workersWith(board, counts, weights, site, hours, view, view.least - 1);
export const lossOf = (board, counts, weights, site, hours, view) => workersWith(board, counts, weights, site, hours, view, view.least);
// Workers whom it reaches while it is open, whoever else does; `nobody`: counts of no plan at all.
export const reachOf = (board, weights, site, hours, view, nobody = new Uint16Array(board.nColumns * board.periods.length)) => workersWith(board, nobody, weights, site, hours, view, 0);

// New workers of each of the plan's candidates in their order, after its stations: Map(site → workers).
export function gainsInOrder(board, plan, view, weights) {
  const there = plan.sites.filter((i) => i < board.nStations);
  const counts = stationsInReach(board, { ...plan, sites: there }, view);
  const out = new Map();
  for (const site of plan.sites) {
    if (site < board.nStations) continue;
    const hours = plan.hours?.get(site);
    out.set(site, gainOf(board, counts, weights, site, hours, view));
    addSite(board, counts, site, hours, view, 1);
  }
  return out;
}

// The candidates of `near` ([site, metres]) that would lose least in the place of `site`; `counts` are the plan's and are
// left as they are. Positive `loss`: so many fewer workers than now.
export function standIns(board, plan, counts, weights, site, view, near, most = 3) {
  const hours = plan.hours?.get(site);
  const lost = lossOf(board, counts, weights, site, hours, view);
  addSite(board, counts, site, hours, view, -1);
  const taken = new Set(plan.sites);
  const found = near
    .filter(([other]) => !taken.has(other))
    .map(([other, metres]) => ({ site: other, metres, loss: lost - gainOf(board, counts, weights, other, plan.hours?.get(other), view) }));
  addSite(board, counts, site, hours, view, 1);
  return found.sort((a, b) => a.loss - b.loss || a.site - b.site).slice(0, most);
}

// Sites within `metres` of a place in a straight line, nearest first: [site, metres]; at: [[lat, lng]] of candidates.
export function nearestSites(board, at, [lat, lng], metres) {
  const perLat = 111_195;
  const perLng = perLat * Math.cos((lat * Math.PI) / 180);
  const found = [];
  at.forEach(([y, x], k) => {
    const far = Math.hypot((y - lat) * perLat, (x - lng) * perLng);
    if (k < board.nCandidates && far <= metres) found.push([board.nStations + k, far]);
  });
  return found.sort((a, b) => a[1] - b[1] || a[0] - b[0]);
}
