// What the search box finds: sites, stations, candidates, districts, towns, streets, and coordinates in any datum.

const ORDER = { site: 0, station: 1, district: 2, other: 3, candidate: 4, name: 5 };

function entriesOf(head, layers, desk, words) {
  const of = new Map(); // what the map has a symbol for, by symbol
  head.sites.id.forEach((id, i) => of.set(layers.siteSymbols[i], { keys: [id], rank: head.sites.rank[i], order: ORDER.site }));
  layers.stationSymbols.forEach((symbol, k) => {
    const i = desk ? desk.stationAt.indexOf(k) : -1;
    of.set(symbol, { keys: i < 0 ? [] : [desk.ids[i]], order: ORDER.station });
  });
  const entries = layers.found.map((entry) => ({ ...entry, order: entry.bounds ? ORDER.district : ORDER.other, ...of.get(entry.symbol) }));
  if (desk) {
    const proposed = new Set(head.sites.id);
    const { name, host } = desk.candidate;
    name.forEach((text, k) => {
      const id = desk.ids[k + desk.board.nStations];
      if (!proposed.has(id)) entries.push({ text: text || id, keys: [id], note: host[k] || words.t("candidate"), site: k + desk.board.nStations, order: ORDER.candidate });
    });
  }
  for (const { text, note, latlng } of layers.names?.places() ?? []) entries.push({ text, note, latlng, order: ORDER.name });
  return entries;
}

// text → what it may mean, best first; the entries are made when somebody begins to search.
function makeFinder(head, layers, desk, words) {
  let finder = null;
  return (text) => {
    const places = coordinatesIn(text, head.bounds).map(({ datum, lng, lat }) => ({
      text: `${words.n(lng, 5)}, ${words.n(lat, 5)}`, note: words.t(`datum_${datum}`), latlng: L.latLng(lat, lng), place: true,
    }));
    if (places.length) return places;
    finder ??= new Finder(entriesOf(head, layers, desk, words), head.sounds);
    return finder.find(text);
  };
}

// A place that somebody named by its coordinates: what stands there, under the coordinates and their datum.
function foundPlace(map, layers, { latlng, text, note }) {
  const body = layers.at(latlng) ?? el("div", {});
  L.popup(CARD).setLatLng(latlng).setContent(el("div", {}, el("p", { class: "kicker" }, `${text} · ${note}`), body)).openOn(map);
}
