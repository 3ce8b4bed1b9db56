// A plan from below: greedy, then swaps, then rounds of taking some neighbours out and filling up again. Fixed work, no clock.

import { numbersFrom } from "./core.mjs";
import { Selection } from "./rules.mjs";

class Cover {
  constructor(core, left) {
    Object.assign(this, { core, selection: new Selection(left), count: new Uint16Array(core.number), work: 0 });
    this.gain = new Float64Array(core.free.length);
    for (let k = 0; k < core.free.length; k++) for (let e = core.ptr[k]; e < core.ptr[k + 1]; e++) this.gain[k] += core.weight[core.row[e]];
    this.value = core.base;
  }
  add(k) {
    const { ptr, row, rowPtr, site, weight } = this.core;
    this.value += this.gain[k];
    for (let e = ptr[k]; e < ptr[k + 1]; e++) {
      const r = row[e];
      if (this.count[r]++ > 0) continue;
      for (let s = rowPtr[r]; s < rowPtr[r + 1]; s++) this.gain[site[s]] -= weight[r];
      this.work += rowPtr[r + 1] - rowPtr[r];
    }
    this.selection.put(k, 1);
  }
  remove(k) {
    const { ptr, row, rowPtr, site, weight } = this.core;
    for (let e = ptr[k]; e < ptr[k + 1]; e++) {
      const r = row[e];
      if (--this.count[r] > 0) continue;
      for (let s = rowPtr[r]; s < rowPtr[r + 1]; s++) this.gain[site[s]] += weight[r];
      this.work += rowPtr[r + 1] - rowPtr[r];
    }
    this.value -= this.gain[k];
    this.selection.put(k, -1);
  }
  // The best site that may join; -1 where none may. `not`: sites that may not.
  best(not = null) {
    let best = -1;
    for (let k = 0; k < this.gain.length; k++) {
      if (best >= 0 && this.gain[k] <= this.gain[best] + 1e-9) continue;
      if (not?.has(k) || !this.selection.admits(k)) continue;
      best = k;
    }
    this.work += this.gain.length / 8;
    return best;
  }
  fill(not = null) {
    const counted = this.selection.left.p !== null;
    for (;;) {
      const k = this.best(not);
      if (k < 0 || (!counted && this.gain[k] <= 1e-9 && this.selection.lacking.every((n) => n <= 0))) return;
      this.add(k);
    }
  }
  chosen() {
    const out = [];
    for (let k = 0; k < this.gain.length; k++) if (this.selection.inside[k]) out.push(k);
    return out;
  }
  // Each site against the best other in its place, until none is better.
  swaps(limit, among = null) {
    let moved = true;
    while (moved && this.work < limit) {
      moved = false;
      for (const k of among ? among.filter((i) => this.selection.inside[i]) : this.chosen()) {
        if (this.work >= limit) return;
        const before = this.value;
        this.remove(k);
        const other = this.best();
        if (other >= 0 && this.value + this.gain[other] > before + 1e-7 * Math.max(1, before)) {
          this.add(other);
          moved = true;
        } else this.add(k);
      }
    }
  }
}

// start: free candidates (positions in core.free) to begin from; limit: touches of rows.
export function planFrom(core, left, start, limit, seed = 1) {
  const cover = new Cover(core, left);
  const order = [...start].sort((a, b) => cover.gain[b] - cover.gain[a] || a - b);
  for (const k of order) if (cover.selection.admits(k)) cover.add(k);
  cover.fill();
  if (!cover.selection.complete) return null;
  cover.swaps(limit);
  const next = numbersFrom(seed);
  while (cover.work < limit && cover.selection.size > 1) {
    const before = { value: cover.value, chosen: cover.chosen() };
    const worked = cover.work;
    const out = neighbours(core, cover, before.chosen[next() % before.chosen.length], 2 + (next() % 3));
    for (const k of out) cover.remove(k);
    cover.fill(new Set([out[next() % out.length]]));
    cover.fill();
    if (cover.selection.complete) cover.swaps(Math.min(limit, cover.work + limit / 40), around(core, cover, out));
    if (cover.work === worked) break;
    if (cover.value > before.value + 1e-9 && cover.selection.complete) continue;
    const was = new Set(before.chosen);
    for (const k of cover.chosen()) if (!was.has(k)) cover.remove(k);
    for (const k of before.chosen) if (!cover.selection.inside[k]) cover.add(k);
  }
  return { chosen: cover.chosen(), value: cover.value };
}

// A chosen site and some of the chosen ones that share workers with it.
function neighbours(core, cover, k, most) {
  const shared = new Map();
  for (let e = core.ptr[k]; e < core.ptr[k + 1]; e++) {
    for (let s = core.rowPtr[core.row[e]]; s < core.rowPtr[core.row[e] + 1]; s++) {
      const other = core.site[s];
      if (other !== k && cover.selection.inside[other]) shared.set(other, (shared.get(other) ?? 0) + core.weight[core.row[e]]);
    }
  }
  return [k, ...[...shared].sort((a, b) => b[1] - a[1] || a[0] - b[0]).slice(0, most - 1).map(([other]) => other)];
}

// Chosen sites that share workers with any of these.
function around(core, cover, sites) {
  return [...new Set(sites.flatMap((k) => neighbours(core, cover, k, 8)))].filter((k) => cover.selection.inside[k]);
}
