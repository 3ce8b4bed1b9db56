// The problem that is left once some sites are kept and some are ruled out: rows (workers who have no station yet,
// merged where the same candidates reach them) and the candidates that are free.

import { needOf, weightsOf } from "./gains.mjs";
import { stationsInReach } from "./counting.mjs";

// Numbers from a seed: the same on every machine.
export function numbersFrom(seed) {
  let a = seed >>> 0;
  return () => {
    a = (a + 0x6d2b79f5) >>> 0;
    let t = Math.imul(a ^ (a >>> 15), a | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return (t ^ (t >>> 14)) >>> 0;
  };
}

// kept: positions of sites that are open whatever is chosen; free: those to choose among; prices: share of the weight per
// column and period, or null. Only views of "at least one station" can be planned for.
export function coreOf(board, view, kept, free, hours, prices) {
  const T = board.periods.length;
  const weights = weightsOf(board, view);
  const counts = stationsInReach(board, { sites: kept, hours }, view);
  const next = numbersFrom(20240124);
  const [h1, h2] = [new Uint32Array(weights.length), new Uint32Array(weights.length)];
  const each = (visit) => {
    free.forEach((site, k) => {
      const open = hours?.get(site) ?? board.open[site];
      for (let e = board.ptr[site]; e < board.ptr[site + 1]; e++) {
        const c = board.column[e];
        if (board.level[e] < needOf(board, view, c)) continue;
        for (let t = 0; t < T; t++) {
          const at = c * T + t;
          if ((open >> t) & 1 && weights[at] > 0 && counts[at] === 0) visit(k, at);
        }
      }
    });
  };
  const keys = free.map(() => [next(), next()]);
  each((k, at) => {
    h1[at] = (h1[at] + keys[k][0]) >>> 0;
    h2[at] = (h2[at] + keys[k][1]) >>> 0;
  });
  let base = 0;
  for (let at = 0; at < weights.length; at++) if (counts[at] > 0) base += weights[at];
  const { of, number } = alike(h1, h2);
  const weight = new Float64Array(number);
  const price = new Float64Array(number);
  for (let at = 0; at < weights.length; at++) {
    if (of[at] < 0) continue;
    weight[of[at]] += weights[at];
    price[of[at]] += weights[at] * (prices ? prices[at] : 0.5);
  }
  return { base, weight, price, number, free, ...entriesOf(each, of, free.length, number) };
}

// Rows with the same two hashes are one; those with none belong nowhere (-1).
function alike(h1, h2) {
  const of = new Int32Array(h1.length).fill(-1);
  let size = 1024;
  let used = 0;
  for (let i = 0; i < h1.length; i++) if (h1[i] || h2[i]) used++;
  while (size < 2 * used) size *= 2;
  const slot = new Int32Array(size).fill(-1);
  const first = [];
  for (let i = 0; i < h1.length; i++) {
    if (!h1[i] && !h2[i]) continue;
    let at = (h1[i] ^ Math.imul(h2[i], 0x9e3779b1)) & (size - 1);
    while (slot[at] >= 0 && (h1[first[slot[at]]] !== h1[i] || h2[first[slot[at]]] !== h2[i])) at = (at + 1) & (size - 1);
    if (slot[at] < 0) {
      slot[at] = first.length;
      first.push(i);
    }
    of[i] = slot[at];
  }
  return { of, number: first.length };
}

// Rows of each site and sites of each row.
function entriesOf(each, of, nSites, nRows) {
  const seen = new Int32Array(nRows).fill(-1);
  const ptr = new Int32Array(nSites + 1);
  each((k, at) => {
    if (seen[of[at]] === k) return;
    seen[of[at]] = k;
    ptr[k + 1]++;
  });
  for (let k = 0; k < nSites; k++) ptr[k + 1] += ptr[k];
  const row = new Int32Array(ptr[nSites]);
  const rowPtr = new Int32Array(nRows + 1);
  const next = ptr.slice();
  seen.fill(-1);
  each((k, at) => {
    if (seen[of[at]] === k) return;
    seen[of[at]] = k;
    row[next[k]++] = of[at];
    rowPtr[of[at] + 1]++;
  });
  for (let r = 0; r < nRows; r++) rowPtr[r + 1] += rowPtr[r];
  const site = new Int32Array(row.length);
  const there = rowPtr.slice();
  for (let k = 0; k < nSites; k++) for (let e = ptr[k]; e < ptr[k + 1]; e++) site[there[row[e]]++] = k;
  return { ptr, row, rowPtr, site };
}
