// node count.mjs PAGE < [{ stations, candidates, state }]: figures of plans in states, as JSON.
import { readFileSync } from "node:fs";
import { figuresOf, stationsInReach, viewOf, workersOfCells } from "../../planner/publish/page/assets/model/counting.mjs";
import { opened } from "./island.mjs";

const { board } = await opened(process.argv[2]);
const asked = JSON.parse(readFileSync(0, "utf-8"));
const out = asked.map(({ stations, candidates, state }) => {
  const view = viewOf(board, { periods: "all", groups: "headline", cutoff_m: board.ownM, least: 1, ...state });
  const sites = [...stations, ...candidates.map((i) => board.nStations + i)];
  const found = figuresOf(board, stationsInReach(board, { sites }, view), view);
  return { ...found, cells: [...found.cells], cellWorkers: [...workersOfCells(board, view)] };
});
process.stdout.write(JSON.stringify(out));
