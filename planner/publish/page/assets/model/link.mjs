// The state as the part of an address after "#", and back. Unknown parts are left out.

import { FIELDS } from "./desk.mjs";

const numbers = (list) => [...list].map((i) => i.toString(36)).join(".");
const read = (text) => (text ? text.split(".").map((v) => parseInt(v, 36)) : []);

// state of the desk; own: what `desk.kept()` gives, or null; more: { site, view, off … } of the views.
export function toHash(state, start, own, more = {}) {
  const out = new URLSearchParams();
  for (const field of FIELDS) {
    const value = state[field];
    if (JSON.stringify(value) !== JSON.stringify(start[field])) out.set(field, [].concat(value).join(","));
  }
  if (own) {
    out.set("mine", [own.add, own.drop, ...(own.base ? [own.base] : [])].map(numbers).join("_"));
    if (own.points) out.set("points", own.points.map((id) => id.replace("point@", "")).join(","));
    if (own.hours.length) out.set("hours", own.hours.map(([i, text]) => `${i.toString(36)}~${text}`).join(","));
  }
  for (const [key, value] of Object.entries(more)) if (value) out.set(key, value);
  return out.toString().replaceAll("%2C", ",").replaceAll("%3A", ":").replaceAll("%7E", "~").replaceAll("%2F", "/");
}

export function fromHash(text) {
  const given = new URLSearchParams(text.replace(/^#/, ""));
  const state = {};
  const more = {};
  let own = null;
  for (const [key, value] of given) {
    if (key === "mine") {
      const [add, drop, base] = value.split("_").map(read);
      own = { add, drop: drop ?? [], hours: [], rejected: [], ...(base ? { base } : {}) };
    } else if (FIELDS.includes(key)) state[key] = value.includes(",") ? value.split(",") : value;
    else if (key !== "hours" && key !== "points") more[key] = value;
  }
  if (own && given.get("hours")) {
    own.hours = given.get("hours").split(",").map((pair) => pair.split("~")).map(([i, hours]) => [parseInt(i, 36), hours ?? ""]);
  }
  if (own && given.get("points")) own.points = given.get("points").split(",").map((at) => `point@${at}`);
  return { state, own, more };
}
