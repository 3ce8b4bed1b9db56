// Gap areas of a state: connected cells of a district whose workers have no station. As planner/siting/gaps.py counts them.

// grid: { key, columns }; district per cell. Returns [{ cells, workers, district }], most workers first.
export function gapsOf(grid, district, workers, covered, leastWorkers = 10) {
  let sum = 0;
  let inhabited = 0;
  for (const v of workers) {
    if (v > 0) {
      sum += v;
      inhabited++;
    }
  }
  const floor = inhabited ? sum / inhabited : 0;
  const at = new Map();
  for (let i = 0; i < workers.length; i++) if (workers[i] - covered[i] > floor) at.set(grid.key[i], i);
  const seen = new Set();
  const found = [];
  for (const start of at.keys()) {
    if (seen.has(start)) continue;
    seen.add(start);
    const stack = [start];
    const cells = [];
    const home = district[at.get(start)];
    while (stack.length) {
      const key = stack.pop();
      cells.push(at.get(key));
      const c = key % grid.columns;
      for (let dr = -1; dr <= 1; dr++) {
        for (let dc = -1; dc <= 1; dc++) {
          const next = key + dr * grid.columns + dc;
          if (c + dc < 0 || c + dc >= grid.columns || seen.has(next) || !at.has(next) || district[at.get(next)] !== home) continue;
          seen.add(next);
          stack.push(next);
        }
      }
    }
    const missing = cells.reduce((total, i) => total + workers[i] - covered[i], 0);
    if (missing >= leastWorkers) found.push({ cells, workers: missing, district: home });
  }
  return found.sort((a, b) => b.workers - a.workers || a.cells[0] - b.cells[0]);
}

// Outline of some cells as segments of the lattice: [[c, r], [c, r]], straight runs joined along rows.
export function outlineOf(grid, cells) {
  const held = new Set(cells.map((i) => grid.key[i]));
  const n = grid.columns;
  const out = [];
  for (const key of held) {
    const c = key % n;
    const r = (key - c) / n;
    if (c === 0 || !held.has(key - 1)) out.push([[c, r], [c, r + 1]]);
    if (c === n - 1 || !held.has(key + 1)) out.push([[c + 1, r], [c + 1, r + 1]]);
    if (!held.has(key - n)) out.push([[c, r], [c + 1, r]]);
    if (!held.has(key + n)) out.push([[c, r + 1], [c + 1, r + 1]]);
  }
  return out;
}

// District of each cell: that of most of its workers.
export function districtOfCells(board) {
  const most = new Float64Array(board.nCells);
  const out = new Int16Array(board.nCells).fill(-1);
  const G = board.groups.length;
  const sum = new Map();
  for (let c = 0; c < board.nColumns; c++) {
    let own = 0;
    for (let g = 0; g < G; g++) own += board.weight[c * G + g];
    const key = board.cell[c] * 65_536 + board.district[c] + 1;
    const total = (sum.get(key) ?? 0) + own;
    sum.set(key, total);
    if (total > most[board.cell[c]]) {
      most[board.cell[c]] = total;
      out[board.cell[c]] = board.district[c];
    }
  }
  return out;
}
