// Reading the data island: letters → gzip → header (JSON) and streams of zigzag varints.
// See planner/publish/page/pack.py for the other side.

export const SCALE = 1e5;

export async function readIsland(text) {
  const bytes = bytesOf(text.trim());
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  const whole = new Uint8Array(await new Response(stream).arrayBuffer());
  const size = new DataView(whole.buffer).getUint32(0, true);
  const head = JSON.parse(new TextDecoder().decode(whole.subarray(4, 4 + size)));
  return { head, blob: whole.subarray(4 + size) };
}

const LETTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz!#.%,()*+-;/=>?@^_:[|]~";

// Five letters are four bytes; the last group may be shorter.
function bytesOf(text) {
  const value = new Uint8Array(128);
  for (let k = 0; k < LETTERS.length; k++) value[LETTERS.charCodeAt(k)] = k;
  const n = text.length;
  const bytes = new Uint8Array(4 * Math.ceil(n / 5));
  for (let i = 0, at = 0; i < n; i += 5) {
    let whole = 0;
    for (let k = i; k < i + 5; k++) whole = 85 * whole + (k < n ? value[text.charCodeAt(k)] : 84);
    for (let shift = 24; shift >= 0; shift -= 8) bytes[at++] = whole >>> shift;
  }
  return bytes.subarray(0, Math.floor((4 * n) / 5));
}

// Signed integers of a stream; multiplication instead of shifts, which stop at 32 bits.
export function integers(blob, [start, length]) {
  const out = [];
  for (let at = start, end = start + length; at < end; ) {
    let value = 0;
    let unit = 1;
    let byte;
    do {
      byte = blob[at++];
      value += (byte & 127) * unit;
      unit *= 128;
    } while (byte > 127);
    out.push(value % 2 ? -(value + 1) / 2 : value / 2);
  }
  return out;
}

// The same into a typed array whose length is known.
export function stream(blob, [start, length], out) {
  let at = start;
  for (let i = 0; i < out.length; i++) {
    let value = 0;
    let unit = 1;
    let byte;
    do {
      byte = blob[at++];
      value += (byte & 127) * unit;
      unit *= 128;
    } while (byte > 127);
    out[i] = value % 2 ? -(value + 1) / 2 : value / 2;
  }
  if (at !== start + length) throw new Error("a stream has another length than was told");
  return out;
}

export function summed(values) {
  let sum = 0;
  return values.map((v) => (sum += v));
}

// [lat, lng] pairs of a point stream.
export function points(blob, ref) {
  const flat = integers(blob, ref);
  const out = new Array(flat.length / 2);
  let x = 0;
  let y = 0;
  for (let i = 0; i < out.length; i++) {
    x += flat[2 * i];
    y += flat[2 * i + 1];
    out[i] = [y / SCALE, x / SCALE];
  }
  return out;
}

// For every geometry its parts, for every part its rings, for every ring its [lat, lng] pairs.
export function shapes(blob, packed) {
  const shape = integers(blob, packed.shape);
  const xy = points(blob, packed.xy);
  const out = [];
  let at = 0;
  for (let i = 0; i < shape.length; ) {
    const parts = [];
    for (let p = shape[i++]; p > 0; p--) {
      const rings = [];
      for (let r = shape[i++]; r > 0; r--) {
        const n = shape[i++];
        rings.push(xy.slice(at, at + n));
        at += n;
      }
      parts.push(rings);
    }
    out.push(parts);
  }
  return out;
}
