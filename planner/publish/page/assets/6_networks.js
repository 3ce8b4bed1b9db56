// A network of the union in place of the stations: its places on the map and in the lists.

// Draws the chosen network's places; returns whether one is chosen.
function drawNetwork(layers) {
  const { desk, map, words } = layers;
  const network = desk.networks.get(desk.now.network);
  layers.networkGroup ??= L.featureGroup();
  layers.networkGroup.clearLayers();
  if (!network) {
    layers.networkGroup.remove();
    return false;
  }
  const { places } = network;
  layers.networkSymbols = places.at.map((at, i) => {
    if (places.new[i] && desk.now.plan === "today") return null;
    const symbol = new Symbol_(at, {
      pane: "p-points", renderer: layers.canvas("points"), outline: 1.5, weight: 1.5, fillOpacity: 1, color: "#fff",
      fillColor: places.new[i] ? COLOURS.sites[0] : COLOURS.old, shape: places.new[i] ? "diamond" : "circle", radius: (places.new[i] ? 6 : 4) * symbolSize(map.getZoom()),
    });
    symbol.place = i;
    symbol.bindPopup(() => networkCard(layers, network, i), CARD);
    layers.networkGroup.addLayer(symbol);
    return symbol;
  });
  if (!layers.networkKnown) {
    layers.networkKnown = true;
    layers.symbols.push({ group: layers.networkGroup, radius: (s) => (s.options.shape === "diamond" ? 6 : 4) });
    layers.networkGroup.on("mouseover", ({ layer }) => layers.hover(layer, desk.networks.get(desk.now.network)?.places.name[layer.place]));
    layers.networkGroup.on("mouseout click", () => layers.hover(null));
  }
  layers.networkGroup.addTo(map);
  return true;
}

function networkCard({ words, head }, { label, places }, i) {
  const node = card(label, places.name[i], [
    [words.t("status"), words.t(places.new[i] ? "layer_sites" : "before")],
    [words.t("district"), districtName(head, places.district[i])],
    [words.t("reach"), people(words, places.workers[i])],
  ], null, places.new[i] ? "new" : "old");
  return withPaper(node, places.district[i], places.town?.[i]);
}

// Rows of the chosen network for the table of sites; `all`: those that are there too.
function networkRows(layers, desk, words, all) {
  const { places } = desk.networks.get(desk.now.network);
  const today = desk.now.plan === "today";
  return places.name.flatMap((name, i) => {
    if ((places.new[i] && today) || (!places.new[i] && !all)) return [];
    return [{
      layer: "network", order: i + 1, what: words.t(places.new[i] ? "layer_sites" : "table_old"), name, district: places.district[i], town: places.town?.[i], hours: "",
      workers: places.workers[i], symbol: layers.networkSymbols[i], brings: false,
    }];
  });
}

// How many places a district or town has: [today, new].
function networkPlaces(desk, d, kind = "district") {
  const { places } = desk.networks.get(desk.now.network);
  const own = places.new.filter((_, i) => places[kind][i] === d);
  return [own.filter((v) => !v).length, desk.now.plan === "today" ? 0 : own.filter((v) => v).length];
}

// Items of the list of new stations: the chosen network's new places.
function networkItems(layers, desk, words, head, visit) {
  return networkRows(layers, desk, words, false).map((row, k) =>
    el(
      "li",
      { "data-district": row.district, "data-network": desk.now.network },
      el(
        "button",
        { type: "button", onclick: () => visit(row.symbol.getLatLng(), row.symbol) },
        el("span", { class: "rank b1" }, k + 1),
        el("span", { class: "what" }, el("span", { class: "site-name" }, row.name || "–"), el("span", { class: "place" }, districtName(head, row.district))),
        el("span", { class: "gain" }, words.n(row.workers, 0)),
      ),
    ),
  );
}
