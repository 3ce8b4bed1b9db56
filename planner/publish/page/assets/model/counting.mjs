// Counting: who is covered by a plan in a state. A plan is { sites: positions, hours: Map(position → open periods) };
// a state is resolved by `viewOf` into { periods, groups, need, least, always }.

// state: { periods: "all" | "night" | "any_hour" | name | [names], groups: "headline" | name | [names], cutoff_m, least }.
export function viewOf(board, state) {
  const listed = (value) => (Array.isArray(value) ? value : [value]);
  const periods = new Uint8Array(board.periods.length);
  const named = { all: board.periods, any_hour: board.periods, night: board.night };
  const own = (value) => (value.startsWith("own:") ? value.slice(4) : value);
  for (const value of listed(state.periods)) {
    for (const name of named[value] ?? [own(value)]) periods[board.periods.indexOf(name)] = 1;
  }
  const groups = new Uint8Array(board.groups.length);
  for (const value of listed(state.groups)) {
    for (const name of value === "headline" ? board.groups : [own(value)]) groups[board.groups.indexOf(name)] = 1;
  }
  const need = board.ways.map((way) => (state.cutoff_m === board.ownM ? way.own : way.levelOf[String(state.cutoff_m)]));
  return { periods, groups, need, least: state.least, always: listed(state.periods).includes("any_hour") };
}

// Open sites within the cutoff, per column and period.
export function stationsInReach(board, plan, view) {
  const T = board.periods.length;
  const counts = new Uint16Array(board.nColumns * T);
  for (const site of plan.sites) addSite(board, counts, site, plan.hours?.get(site), view, 1);
  return counts;
}

// One site more (sign 1) or less (-1).
export function addSite(board, counts, site, hours, view, sign) {
  const T = board.periods.length;
  const open = view.always ? -1 : (hours ?? board.open[site]);
  const { column, level, ways } = board;
  const several = ways.length > 1;
  let need = view.need[0];
  for (let e = board.ptr[site]; e < board.ptr[site + 1]; e++) {
    const c = column[e];
    if (several) need = view.need[ways.findIndex((way) => c < way.to)];
    if (level[e] < need) continue;
    for (let t = 0; t < T; t++) if ((open >> t) & 1) counts[c * T + t] += sign;
  }
}

// Workers and covered workers of the state: in all, by district, group and period, and per cell.
export function figuresOf(board, counts, view) {
  const T = board.periods.length;
  const G = board.groups.length;
  const D = board.totals.length;
  const { weight, cell, district } = board;
  const shares = board.shares.map((row, g) => row.map((share, t) => (view.groups[g] && view.periods[t] ? share : 0)));
  const cells = new Float64Array(board.nCells);
  const slot = new Map(); // a set of periods → its workers by district (the last: in none of the page) and group
  const last = { periods: -1, sums: null, part: null };
  for (let c = 0; c < board.nColumns; c++) {
    let periods = 0;
    for (let t = 0; t < T; t++) if (view.periods[t] && counts[c * T + t] >= view.least) periods |= 1 << t;
    if (!periods) continue;
    if (periods !== last.periods) {
      if (!slot.has(periods)) slot.set(periods, { sums: new Float64Array((D + 1) * G), part: partOf(shares, periods) });
      Object.assign(last, slot.get(periods), { periods });
    }
    const { sums, part } = last;
    const at = (district[c] < 0 ? D : district[c]) * G;
    let sum = 0;
    for (let g = 0; g < G; g++) {
      const w = weight[c * G + g];
      sums[at + g] += w;
      sum += w * part[g];
    }
    cells[cell[c]] += sum;
  }
  const cube = new Float64Array((D + 1) * G * T);
  for (const [periods, { sums }] of slot) {
    for (let k = 0; k < sums.length; k++) for (let t = 0; t < T; t++) if ((periods >> t) & 1) cube[k * T + t] += sums[k];
  }
  return { ...summedUp(board, cube, shares), cells };
}

// Share of each group that is there in a set of periods.
function partOf(shares, periods) {
  return Float64Array.from(shares, (row) => row.reduce((sum, share, t) => sum + ((periods >> t) & 1 ? share : 0), 0));
}

function summedUp(board, cube, shares) {
  const T = board.periods.length;
  const G = board.groups.length;
  const blank = (names) => names.map((name) => ({ name, workers: 0, covered: 0 }));
  const [byGroup, byPeriod] = [blank(board.groups), blank(board.periods)];
  const byDistrict = blank(board.totals.map((_, d) => d));
  let workers = 0;
  let covered = 0;
  for (let d = 0; d <= board.totals.length; d++) {
    for (let g = 0; g < G; g++) {
      for (let t = 0; t < T; t++) {
        const share = shares[g][t];
        if (!share) continue;
        const all = d < board.totals.length ? board.totals[d][g] * share : 0;
        const some = cube[(d * G + g) * T + t] * share;
        for (const sum of [byDistrict[d], byGroup[g], byPeriod[t]]) {
          if (!sum) continue;
          sum.workers += all;
          sum.covered += some;
        }
        workers += all;
        covered += some;
      }
    }
  }
  const shared = (rows) => rows.map((row) => ({ ...row, share: row.workers > 0 ? row.covered / row.workers : 0 }));
  return {
    workers, covered, share: workers > 0 ? covered / workers : 0,
    byDistrict: shared(byDistrict), byGroup: shared(byGroup), byPeriod: shared(byPeriod),
  };
}

// Workers of the state per cell.
export function workersOfCells(board, view) {
  const G = board.groups.length;
  const share = Float64Array.from(board.shares, (row, g) => (view.groups[g] ? row.reduce((sum, v, t) => sum + (view.periods[t] ? v : 0), 0) : 0));
  const cells = new Float64Array(board.nCells);
  const { weight, cell, nColumns } = board;
  for (let c = 0; c < nColumns; c++) {
    let sum = 0;
    for (let g = 0; g < G; g++) sum += weight[c * G + g] * share[g];
    cells[cell[c]] += sum;
  }
  return cells;
}
