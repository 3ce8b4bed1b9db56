// The study's rules on new sites, less what is kept: how many, per label, for how much money, not side by side.

// rules: { p, budget, partitions: [{ name, labels, of, least, most }], cost, conflicts: [[a, b]] } on candidates; kept, free: positions of candidates.
export function rulesLeft(rules, kept, free) {
  const p = rules.p === null ? null : rules.p - kept.length;
  const money = kept.reduce((sum, i) => sum + rules.cost[i], 0);
  const partitions = rules.partitions.map((q) => {
    const load = q.labels.map(() => 0);
    for (const i of kept) load[q.of[i]]++;
    const size = q.labels.map(() => 0);
    for (const i of free) size[q.of[i]]++;
    return {
      name: q.name, labels: q.labels, of: Int32Array.from(free, (i) => q.of[i]),
      least: q.least.map((n, k) => Math.max(0, n - load[k])), most: q.most.map((n, k) => Math.min(n - load[k], size[k])),
    };
  });
  const side = rules.conflicts.filter(([a, b]) => kept.includes(a) && kept.includes(b)).length;
  const place = new Map(free.map((i, k) => [i, k]));
  const apart = free.map(() => []);
  for (const [a, b] of rules.conflicts) {
    if (!place.has(a) || !place.has(b)) continue;
    apart[place.get(a)].push(place.get(b));
    apart[place.get(b)].push(place.get(a));
  }
  return {
    p, partitions, apart, side, cost: Float64Array.from(free, (i) => (rules.budget === null ? 0 : rules.cost[i])),
    budget: rules.budget === null ? Infinity : rules.budget - money,
  };
}

// Why nothing can be chosen under these rules, as [word, values]; null where something can.
export function clashOf(left) {
  if (left.p !== null && left.p < 0) return ["clash_many", { n: -left.p }];
  if (left.budget < 0) return ["clash_budget", {}];
  if (left.side) return ["clash_near", { n: left.side }];
  for (const q of left.partitions) {
    for (let k = 0; k < q.labels.length; k++) {
      if (q.most[k] < 0) return ["clash_most", { label: q.labels[k] }];
      if (q.least[k] > q.most[k]) return ["clash_least", { label: q.labels[k] }];
    }
    const least = q.least.reduce((sum, n) => sum + n, 0);
    const most = q.most.reduce((sum, n) => sum + n, 0);
    if (left.p !== null && least > left.p) return ["clash_quotas", {}];
    if (left.p !== null && most < left.p) return ["clash_few", { n: most }];
  }
  return null;
}

// A selection under the rules as it is built: what may join, what may leave.
export class Selection {
  constructor(left) {
    Object.assign(this, { left, inside: new Uint8Array(left.cost.length), size: 0, spent: 0 });
    this.near = new Uint16Array(left.cost.length); // chosen sites that exclude this one
    this.load = left.partitions.map((q) => new Int32Array(q.labels.length));
    this.lacking = left.partitions.map((q) => q.least.reduce((sum, n) => sum + n, 0));
  }
  put(k, sign) {
    const { left } = this;
    this.inside[k] = sign > 0 ? 1 : 0;
    this.size += sign;
    this.spent += sign * left.cost[k];
    for (const other of left.apart[k]) this.near[other] += sign;
    left.partitions.forEach((q, i) => {
      const label = q.of[k];
      const before = Math.max(0, q.least[label] - this.load[i][label]);
      this.load[i][label] += sign;
      this.lacking[i] += Math.max(0, q.least[label] - this.load[i][label]) - before;
    });
  }
  // Whether k may join so that the least of every label can still be met.
  admits(k) {
    const { left } = this;
    if (this.inside[k] || this.near[k] || this.spent + left.cost[k] > left.budget * (1 + 1e-12)) return false;
    const room = left.p === null ? Infinity : left.p - this.size;
    if (room < 1) return false;
    return left.partitions.every((q, i) => {
      const label = q.of[k];
      const fills = this.load[i][label] < q.least[label] ? 1 : 0;
      return this.load[i][label] < q.most[label] && this.lacking[i] - fills <= room - 1;
    });
  }
  // Whether every least is met and the number is right.
  get complete() {
    return (this.left.p === null || this.size === this.left.p) && this.lacking.every((n) => n <= 0);
  }
}
