// Opening hours as the canonical text "08:00-12:00;22:00-06:00", and the periods a site is then open for.

// Spans of minutes of the day; null where the text cannot be read.
export function spansOf(text) {
  if (text === "closed") return [];
  const out = [];
  for (const part of text.split(";")) {
    const found = part.trim().match(/^(\d{1,2}):(\d{2})-(\d{1,2}):(\d{2})$/);
    if (!found) return null;
    const [from, to] = [60 * found[1] + Number(found[2]), 60 * found[3] + Number(found[4])];
    if (from > 1440 || to > 1440 || Number(found[2]) > 59 || Number(found[4]) > 59) return null;
    if (from < to) out.push([from, to]);
    else if (from > to) out.push([from, 1440], [0, to]);
    else return null;
  }
  return out;
}

// Bits of the periods (with from and to, hours of the day) of which at least `needOpen` is open.
export function openPeriods(text, periods, needOpen) {
  const open = new Uint8Array(1440);
  for (const [from, to] of spansOf(text) ?? []) open.fill(1, from, to);
  let bits = 0;
  periods.forEach((t, k) => {
    const length = Math.round(60 * (t.to > t.from ? t.to - t.from : t.to + 24 - t.from));
    let sum = 0;
    for (let m = 0; m < length; m++) sum += open[(Math.round(60 * t.from) + m) % 1440];
    if (sum >= needOpen * length - 1e-9) bits |= 1 << k;
  });
  return bits;
}
