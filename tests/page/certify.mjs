// node certify.mjs < [{ board, rules, prices, requests }]: plans and bounds, as JSON.
import { readFileSync } from "node:fs";
import { replan } from "../../planner/publish/page/assets/model/replan.mjs";

const typed = (b) => ({
  ...b, cell: Int32Array.from(b.cell), district: Int16Array.from(b.district), weight: Float64Array.from(b.weight),
  ptr: Int32Array.from(b.ptr), column: Int32Array.from(b.column), level: Uint8Array.from(b.level), open: Int32Array.from(b.open),
});
const cities = JSON.parse(readFileSync(0, "utf-8"));
const out = cities.map(({ board, rules, prices, requests }) => {
  const ground = typed(board);
  return requests.map((request) => replan(ground, rules, prices, { hours: new Map(), ...request }));
});
process.stdout.write(JSON.stringify(out));
