// What the tests read out of a written page: its head, its board, and its model's functions.
import { readFileSync } from "node:fs";
import { readIsland, integers, summed } from "../../planner/publish/page/assets/model/read.mjs";
import { unpackBoard, unpackPrices } from "../../planner/publish/page/assets/model/board.mjs";

export async function opened(path) {
  const page = readFileSync(path, "utf-8");
  const { head, blob } = await readIsland(page.match(/id="planner-data">([^<]*)</)[1]);
  const grid = { key: summed(integers(blob, head.cells.key)), columns: head.cells.columns, rows: head.cells.rows };
  const board = head.board ? unpackBoard(head.board, blob, grid) : null;
  return { head, blob, grid, board, prices: board && unpackPrices(head.board, blob) };
}
