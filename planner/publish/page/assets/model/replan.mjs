// "Re-plan the rest": keep what somebody chose, choose the others anew, and say how much better any plan could be.

import { boundOf } from "./bound.mjs";
import { figuresOf, stationsInReach, viewOf } from "./counting.mjs";
import { coreOf } from "./core.mjs";
import { clashOf, rulesLeft } from "./rules.mjs";
import { planFrom } from "./search.mjs";

// board, rules, prices as unpacked; request: { stations, kept, out, start, hours, work, steps }: open stations that stay, candidates
// (positions among candidates) that are kept, ruled out, and to begin from. Counts covered workers of all periods and
// headline groups within the study's own distance.
export function replan(board, rules, prices, request) {
  const view = viewOf(board, { periods: "all", groups: "headline", cutoff_m: board.ownM, least: 1 });
  const site = (i) => board.nStations + i;
  const kept = [...new Set([...rules.required.filter((i) => !request.out.includes(i)), ...request.kept])];
  const close = new Set(rules.conflicts.flatMap(([a, b]) => (kept.includes(a) ? [b] : kept.includes(b) ? [a] : [])));
  const gone = new Set([...request.out, ...rules.forbidden, ...kept, ...close]);
  const free = [];
  for (let i = 0; i < board.nCandidates; i++) if (!gone.has(i)) free.push(i);
  const left = rulesLeft(rules, kept, free);
  const clash = clashOf(left);
  if (clash) return { clash };
  const there = [...request.stations, ...kept.map(site)];
  const core = coreOf(board, view, there, free.map(site), request.hours, prices);
  const place = new Map(free.map((i, k) => [i, k]));
  const start = request.start.filter((i) => place.has(i)).map((i) => place.get(i));
  const found = planFrom(core, left, start, request.work ?? 3e6);
  if (!found) return { clash: ["clash_none", {}] };
  const sites = [...there, ...found.chosen.map((k) => site(free[k]))];
  const counted = figuresOf(board, stationsInReach(board, { sites, hours: request.hours }, view), view);
  const bound = Math.max(counted.covered, boundOf(core, left, found.value, request.steps ?? 40));
  return { sites, covered: counted.covered, bound, rows: core.number, entries: core.row.length };
}

// In a worker: the board once, then requests.
export function serve(scope) {
  let ground = null;
  scope.onmessage = ({ data }) => {
    if (data.ground) ground = data.ground;
    if (!data.request) return;
    try {
      scope.postMessage({ id: data.id, found: replan(ground.board, ground.rules, ground.prices, data.request) });
    } catch (error) {
      scope.postMessage({ id: data.id, error: String(error) });
    }
  };
}
