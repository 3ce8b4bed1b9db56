// Reads { points, typed, entries, sounds, asked } and prints what the page's search makes of them.
import { readFileSync } from "node:fs";
import { coordinatesIn, wgsOf } from "../../planner/publish/page/assets/model/datums.mjs";
import { Finder } from "../../planner/publish/page/assets/model/finding.mjs";

const { points = [], typed = [], box, entries = [], sounds = {}, asked = [] } = JSON.parse(readFileSync(0, "utf-8"));
const finder = new Finder(entries, sounds);
console.log(
  JSON.stringify({
    points: points.map(([lng, lat, datum]) => wgsOf([lng, lat], datum)),
    typed: typed.map((text) => coordinatesIn(text, box)),
    found: asked.map((text) => finder.find(text).map((entry) => entry.id)),
  }),
);
