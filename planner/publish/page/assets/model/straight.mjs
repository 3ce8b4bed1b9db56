// A place that is no candidate. Whom it reaches is told by straight line to the middles of cells: an estimate from above, no
// street is straighter. It stands in the board behind the candidates.

const ID = /^point@(-?\d+\.\d+)_(-?\d+\.\d+)$/;
export const placeId = (lat, lng) => `point@${lng.toFixed(6)}_${lat.toFixed(6)}`;

// { lat, lng } that an id is made of; null: it is none of a place.
export function placeOfId(id) {
  const found = String(id).match(ID);
  return found && { lng: Number(found[1]), lat: Number(found[2]) };
}

// far: metres from a place to the middle of each cell. Columns in reach, and how many of their way's cutoffs they are within.
export function straightReach(board, far) {
  const [column, level] = [[], []];
  for (const way of board.ways) {
    for (let c = way.from; c < way.to; c++) {
      const rings = way.metres.filter((m) => far[board.cell[c]] <= m).length;
      if (!rings) continue;
      column.push(c);
      level.push(rings);
    }
  }
  return { column, level };
}

// A board of that place alone (its site 0), to ask what it would bring; open: its periods.
export function boardOfPlace(board, { column, level }, open) {
  return { ...board, ptr: [0, column.length], column, level, open: [open] };
}

// The place as one more site of the board; its position.
export function addPlace(board, { column, level }, open, cost) {
  const longer = (kind, old, more) => {
    const out = new kind(old.length + more.length);
    out.set(old);
    out.set(more, old.length);
    return out;
  };
  board.column = longer(Int32Array, board.column, column);
  board.level = longer(Uint8Array, board.level, level);
  board.ptr = longer(Int32Array, board.ptr, [board.column.length]);
  board.open = longer(Int32Array, board.open, [open]);
  board.cost.push(cost);
  return board.ptr.length - 2;
}
