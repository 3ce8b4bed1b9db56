// The board: who reaches which site, unpacked. See planner/publish/page/board/ for the other side.
// Sites are the open stations, then the candidates. A column is some workers of one cell who reach the same sites.

import { integers, stream } from "./read.mjs";

// Place of (x, y) along the Hilbert curve through 2^bits by 2^bits cells; bits up to 15.
export function hilbert(x, y, bits) {
  let along = 0;
  for (let k = bits - 1; k >= 0; k--) {
    const side = 1 << k;
    const right = (x >> k) & 1;
    const up = (y >> k) & 1;
    along = along * 4 + ((3 * right) ^ up);
    x &= side - 1;
    y &= side - 1;
    if (up === 0) {
      if (right === 1) [x, y] = [side - 1 - x, side - 1 - y];
      [x, y] = [y, x];
    }
  }
  return along;
}

// The cells (row × columns + column, ascending) in the order of the curve.
export function alongCurve(key, columns, rows) {
  const bits = Math.max(1, Math.ceil(Math.log2(Math.max(columns, rows))));
  const n = key.length;
  // place and number in one: 30 bits of place and 22 of number are exact
  const both = Float64Array.from(key, (k, i) => hilbert(k % columns, Math.floor(k / columns), bits) * 4_194_304 + i).sort();
  const out = new Int32Array(n);
  for (let i = 0; i < n; i++) out[i] = both[i] % 4_194_304;
  return out;
}

// Sites in reach per column, each column told by what differs from one before it.
function unpackReach(way, blob, order) {
  const n = way.columns;
  const back = stream(blob, way.back, new Uint8Array(n));
  const count = stream(blob, way.count, new Int32Array(n));
  let told = 0;
  for (let j = 0; j < n; j++) told += count[j];
  const changes = stream(blob, way.changes, new Int32Array(told));
  const base = way.levels + 1;
  const ptr = new Int32Array(n + 1);
  const site = new Int32Array(way.entries);
  const level = new Uint8Array(way.entries);
  let at = 0;
  let used = 0;
  let before = 0;
  for (let j = 0; j < n; j++) {
    let q = back[j] ? ptr[j - back[j]] : 0;
    const end = back[j] ? ptr[j - back[j] + 1] : 0;
    let last = before;
    for (let k = 0; k < count[j]; k++) {
      const code = changes[at++];
      const now = code % base;
      let step = (code - now) / base;
      if (k === 0) step = step % 2 ? -(step + 1) / 2 : step / 2;
      last += step;
      if (k === 0) before = last;
      while (q < end && site[q] < last) {
        site[used] = site[q];
        level[used++] = level[q++];
      }
      if (q < end && site[q] === last) q++;
      if (now) {
        site[used] = last;
        level[used++] = now;
      }
    }
    while (q < end) {
      site[used] = site[q];
      level[used++] = level[q++];
    }
    ptr[j + 1] = used;
  }
  if (used !== way.entries || at !== changes.length) throw new Error("the reach does not add up");
  for (let e = 0; e < used; e++) site[e] = order[site[e]];
  return { ptr, site, level };
}

// Workers per column and group of the way, in parts of a worker.
function unpackWorkers(way, blob) {
  const counts = way.workers.map((ref) => stream(blob, ref, new Float64Array(way.columns)));
  const base = counts[way.base];
  counts.forEach((own, g) => {
    if (g === way.base) return;
    for (let j = 0; j < own.length; j++) {
      const mix = j ? own[j - 1] / Math.max(base[j - 1], 1) : 0;
      own[j] += Math.floor(base[j] * mix + 0.5);
    }
  });
  return counts;
}

// grid: { key, columns, rows } of the page's cells.
export function unpackBoard(part, blob, grid) {
  const nStations = part.stations.id.length;
  const nCandidates = part.candidates.id.length;
  const nSites = nStations + nCandidates;
  const order = integers(blob, part.order);
  const groups = part.groups.map((g) => g.name);
  const G = groups.length;
  const nColumns = part.ways.reduce((sum, way) => sum + way.columns, 0);
  const cell = new Int32Array(nColumns);
  const district = new Int16Array(nColumns);
  const town = part.towns ? new Int16Array(nColumns) : null;
  const weight = new Float64Array(nColumns * G);
  const curve = alongCurve(grid.key, grid.columns, grid.rows);
  const ways = [];
  const reaches = [];
  let from = 0;
  for (const way of part.ways) {
    const to = from + way.columns;
    let at = from;
    let place = -1;
    const skips = integers(blob, way.cells);
    const numbers = integers(blob, way.columns_in_cell);
    for (let k = 0; k < numbers.length; k++) {
      place += skips[k] + 1;
      for (let j = 0; j < numbers[k]; j++) cell[at++] = curve[place];
    }
    for (const [ref, whole] of [[way.district, district], ...(town ? [[way.town, town]] : [])]) {
      const codes = stream(blob, ref, whole.subarray(from, to));
      for (let j = 1; j < codes.length; j++) codes[j] += codes[j - 1];
    }
    unpackWorkers(way, blob).forEach((own, k) => {
      const g = groups.indexOf(way.groups[k]);
      for (let j = 0; j < own.length; j++) weight[(from + j) * G + g] = own[j] / way.per;
    });
    reaches.push(unpackReach(way, blob, order));
    ways.push({ from, to, groups: way.groups.map((g) => groups.indexOf(g)), own: way.own, levelOf: way.level_of, metres: way.metres });
    from = to;
  }
  const kinds = part.open.kinds;
  return {
    nStations, nCandidates, nSites, nColumns, nCells: grid.key.length, ways, cell, district, town, weight,
    ...bySite(reaches, ways, nSites),
    groups,
    periods: part.periods.map((t) => t.name),
    shares: part.shares,
    night: part.night,
    open: Int32Array.from(integers(blob, part.open.of), (k) => kinds[k]),
    totals: part.workers,
    townTotals: part.towns?.workers,
    cost: integers(blob, part.candidates.cost),
    ownM: part.own_m,
    cutoffsM: part.cutoffs_m,
  };
}

// The reach turned round: columns per site.
function bySite(reaches, ways, nSites) {
  const ptr = new Int32Array(nSites + 1);
  for (const { site } of reaches) for (let e = 0; e < site.length; e++) ptr[site[e] + 1]++;
  for (let i = 0; i < nSites; i++) ptr[i + 1] += ptr[i];
  const next = ptr.slice();
  const column = new Int32Array(ptr[nSites]);
  const level = new Uint8Array(ptr[nSites]);
  for (let k = 0; k < ways.length; k++) {
    const { ptr: ends, site, level: own } = reaches[k];
    const { from, to } = ways[k];
    for (let j = 0; j < to - from; j++) {
      for (let e = ends[j]; e < ends[j + 1]; e++) {
        const at = next[site[e]]++;
        column[at] = from + j;
        level[at] = own[e];
      }
    }
  }
  return { ptr, column, level };
}

// Prices of the study's bound per column and period, as shares of the weight; null where there are none.
export function unpackPrices(part, blob, steps) {
  if (part.ways.some((way) => !way.prices.length)) return null;
  const T = part.periods.length;
  const out = new Float32Array(part.ways.reduce((sum, way) => sum + way.columns, 0) * T);
  let from = 0;
  for (const way of part.ways) {
    way.prices.forEach((ref, t) => {
      const own = stream(blob, ref, new Uint8Array(way.columns));
      for (let j = 0; j < own.length; j++) out[(from + j) * T + t] = own[j] / steps;
    });
    from += way.columns;
  }
  return out;
}
