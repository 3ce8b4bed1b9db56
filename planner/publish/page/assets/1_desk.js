// The desk of this page, and the names that others drive it by.

function makeDesk(head, blob, grid) {
  const part = head.board;
  if (!part || !grid) return null;
  const board = unpackBoard(part, blob, grid);
  const stations = Array.from({ length: board.nStations }, (_, i) => i);
  const closed = new Set(integers(blob, part.closed));
  const chosen = integers(blob, part.chosen).map((i) => board.nStations + i);
  const plans = { today: { sites: stations }, proposal: { sites: [...stations.filter((i) => !closed.has(i)), ...chosen] } };
  if (part.actions) {
    const gone = new Set(part.actions.closed);
    const hours = part.actions.hours.map(([i, text]) => [i, openPeriods(text, part.periods, part.need_open)]);
    plans.actions = { sites: [...stations.filter((i) => !gone.has(i)), ...part.actions.chosen.map((i) => board.nStations + i)], hours: new Map(hours) };
  }
  if (part.last) plans.last = { sites: [...stations, ...part.last.map((i) => board.nStations + i)] };
  const desk = new Desk(board, part, plans);
  let [lng, lat] = [0, 0];
  const flat = integers(blob, part.candidates.at);
  desk.at = part.candidates.id.map((_, k) => [(lat += flat[2 * k + 1]) / 1e6, (lng += flat[2 * k]) / 1e6]);
  const listed = (names, of) => integers(blob, of).map((i) => names[i]);
  desk.candidate = {
    name: part.candidates.name, host: listed(part.candidates.hosts, part.candidates.host),
    hours: listed(part.candidates.hours, part.candidates.hours_of), district: integers(blob, part.candidates.district),
  };
  desk.stationAt = integers(blob, part.stations.at); // in the page's list of stations
  desk.blob = blob;
  if (part.towns) {
    desk.candidate.town = integers(blob, part.towns.candidates);
    head.stations.town = integers(blob, part.towns.stations);
  }
  desk.networks = networksOf(part.networks, blob, workersOfCells(board, viewOf(board, desk.start())), part.towns?.workers.map((row) => row.reduce((a, b) => a + b, 0)));
  return desk;
}

// Weights and counts of the current state.
function countedNow(desk) {
  const found = desk.counted({ ...desk.now, network: "stations" });
  found.weights = desk.weights();
  return found;
}

// Whether the state is the headline's; then the printed figures of the study are shown.
function isHeadline(desk) {
  const start = desk.start();
  return FIELDS.every((f) => f === "plan" || JSON.stringify(desk.now[f]) === JSON.stringify(start[f]));
}

// window.planner: promises, of what the buttons use too.
function publicDoor(started) {
  const desk = (act) => async (...given) => {
    const page = await started;
    if (!page.desk) throw new Error("this page has nothing to count from");
    return act(page, ...given);
  };
  return {
    state: desk(({ desk: d }) => d.state()),
    setState: desk(({ desk: d }, changes) => d.setState(changes)),
    edit: desk(({ desk: d }, changes) => d.edit(changes)),
    figures: desk(({ desk: d }) => d.figures()),
    replan: desk(({ replanRest }, options) => replanRest(options)),
    undo: desk(({ desk: d }) => (d.undo(), d.state())),
    redo: desk(({ desk: d }) => (d.redo(), d.state())),
    file: desk(({ desk: d }, kind = "json") => {
      const { head } = __planner;
      return kind === "csv" ? planCsv(d, placeOf(d, head)) : planJson(d, placeOf(d, head), { study: head.about.title, key: d.part.key });
    }),
  };
}
