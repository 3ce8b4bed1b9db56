// The Lagrangean bound: no selection under the rules covers more. For any prices 0 ≤ λ ≤ w,
//   L(λ) = base + Σ (w − λ) + max { Σ s_i x_i : x within count and first partition }, s_i = Σ of λ over the rows of i.
// A budget is priced too; further partitions and spacing are left out, which can only raise the bound.

// The best selection by score within count, first partition and price of money: { chosen, value }.
function bestAt(score, left, price) {
  const q = left.partitions[0];
  const net = price > 0 ? score.map((s, k) => s - price * left.cost[k]) : score;
  const order = Int32Array.from(net.keys()).sort((a, b) => net[b] - net[a] || a - b);
  const load = new Int32Array(q.labels.length);
  const later = [];
  const chosen = [];
  let value = 0;
  for (const k of order) {
    const label = q.of[k];
    if (load[label] < q.least[label]) {
      load[label]++;
      chosen.push(k);
      value += net[k];
    } else later.push(k);
  }
  for (const k of later) {
    if (left.p !== null && chosen.length >= left.p) break;
    if (left.p === null && net[k] <= 0) break;
    const label = q.of[k];
    if (load[label] >= q.most[label]) continue;
    load[label]++;
    chosen.push(k);
    value += net[k];
  }
  return { chosen, value: price > 0 ? value + price * left.budget : value };
}

export function bestSites(score, left, hint = null) {
  let best = bestAt(score, left, 0);
  if (left.budget === Infinity) return { ...best, money: 0 };
  const spent = (found) => found.chosen.reduce((sum, k) => sum + left.cost[k], 0);
  if (spent(best) <= left.budget) return { ...best, money: 0 };
  let money = 0;
  let top = 0;
  for (let k = 0; k < score.length; k++) top = Math.max(top, score[k] / Math.max(left.cost[k], 1e-9));
  let [low, high] = hint ? [0.7 * hint, Math.min(top, 1.4 * hint)] : [0, top];
  for (let step = 0; step < (hint ? 8 : 30); step++) {
    const price = (low + high) / 2;
    const found = bestAt(score, left, price);
    if (found.value < best.value) [best, money] = [found, price];
    if (spent(found) > left.budget) low = price;
    else high = price;
  }
  return { ...best, money };
}

// The least bound over `steps` subgradient steps from the core's prices towards the value of a known plan.
export function boundOf(core, left, target, steps) {
  const { weight, ptr, row, number } = core;
  const price = core.price.map((v, r) => Math.min(Math.max(v, 0), weight[r]));
  const whole = weight.reduce((sum, w) => sum + w, 0);
  const n = ptr.length - 1;
  const score = new Float64Array(n);
  const count = new Int32Array(number);
  const average = new Float64Array(number);
  let best = whole;
  let bestPrice = price.slice();
  let [scale, stall, money] = [0.5, 0, null];
  const goal = target - core.base;
  for (let step = 0; step < steps && scale > 1e-3; step++) {
    let charged = 0;
    for (let r = 0; r < number; r++) charged += price[r];
    for (let k = 0; k < n; k++) {
      let sum = 0;
      for (let e = ptr[k]; e < ptr[k + 1]; e++) sum += price[row[e]];
      score[k] = sum;
    }
    const found = bestSites(score, left, money);
    money = found.money || null;
    const bound = whole - charged + found.value;
    if (bound < best - 1e-9 * Math.abs(best)) {
      best = bound;
      bestPrice.set(price);
      stall = 0;
    } else if (++stall >= 6) {
      scale *= 0.6;
      stall = 0;
      price.set(bestPrice);
      average.fill(0);
      continue;
    }
    count.fill(0);
    for (const k of found.chosen) for (let e = ptr[k]; e < ptr[k + 1]; e++) count[row[e]]++;
    let length = 0;
    const share = step === 0 ? 1 : 0.3;
    for (let r = 0; r < number; r++) {
      const g = count[r] - (price[r] < weight[r] ? 1 : 0);
      const d = share * g + (1 - share) * average[r];
      average[r] = d;
      if ((price[r] <= 0 && d > 0) || (price[r] >= weight[r] && d < 0)) continue;
      length += d * d;
    }
    if (length <= 0) break;
    const far = (scale * Math.max(bound - goal, 1e-6 * Math.abs(bound))) / length;
    for (let r = 0; r < number; r++) price[r] = Math.min(Math.max(price[r] - far * average[r], 0), weight[r]);
  }
  return core.base + best;
}
