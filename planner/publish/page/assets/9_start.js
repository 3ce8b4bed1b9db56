// From the island to the finished page. `map_planner` is the map that folium made.

async function start() {
  const map = window.map_planner;
  const { head, blob } = await readIsland(document.getElementById("planner-data").textContent);
  const words = new Words(head.about, head.words);
  const licence = document.getElementById("planner-licence").textContent.trim();
  document.title = head.about.title;
  const [west, south, east, north] = head.bounds;
  const home = L.latLngBounds([south, west], [north, east]);
  map.invalidateSize();
  map.fitBounds(home, { ...roomOf(), animate: false });
  map.setMaxZoom(18); // closer there is nothing more to see

  const grid = head.cells ? new Grid(head.cells, blob) : null;
  const desk = makeDesk(head, blob, grid);
  const layers = new Layers(map, head, blob, words, desk, grid);
  window.__planner = { map, layers, head, desk };
  layers.build();
  addNames(layers);
  addRings(layers);
  if (desk) window.__planner.lit = new Lit(layers, desk);
  for (const entry of layers.list) entry.shown = map.hasLayer(entry.layer);
  const calm = window.matchMedia("(prefers-reduced-motion: reduce)").matches;

  let going = null; // what the last visit opens once the map is there
  function visit(latlng, symbol, then) {
    hand.sheet.away();
    const zoom = Math.max(map.getZoom(), 15);
    const open = () => (symbol ? symbol.openPopup() : then?.());
    if (symbol) for (const entry of layers.list) if (entry.layer.hasLayer?.(symbol) && !map.hasLayer(entry.layer)) layers.show(entry.key, true);
    if (calm || map.distance(map.getCenter(), latlng) < 1) {
      map.setView(latlng, zoom, { animate: false });
      open();
    } else {
      if (going) map.off("moveend", going);
      going = () => {
        map.off("moveend", going);
        going = null;
        open();
      };
      map.flyTo(latlng, zoom, { duration: 0.9 }); // which first ends the way that the map was on
      map.on("moveend", going);
    }
  }
  const actions = {
    visit,
    site: (i, position) => {
      const symbol = i === null ? layers.symbolOf(position) : layers.siteSymbols[i];
      if (symbol) visit(symbol.getLatLng(), symbol);
      else visit(layers.placeOf(position), null, () => layers.openCandidate(position));
    },
    gap: (gap) => {
      layers.show("gaps", true);
      visit(L.latLng(gap.latlng), null);
    },
    spot: (i) => {
      layers.show("hotspots", true);
      map.fitBounds(layers.hotspotShapes[i].getBounds(), { animate: !calm, maxZoom: 15 });
      hand.sheet.away();
    },
    open: async (file) => {
      try {
        const { kept, unknown } = readPlan(await file.text(), desk);
        desk.restore(kept);
        toast(words.t(unknown ? "file_some" : "file_read", { n: words.n(unknown) }));
      } catch {
        toast(words.t("file_refused"));
      }
    },
    link: async () => toast(await link.link()),
    town: (i) => map.fitBounds(layers.towns.shapes[i].getBounds(), { animate: !calm }),
    district: (i) => i >= 0 && map.fitBounds(layers.districtShapes[i].getBounds(), { animate: !calm }),
  };
  const go = (entry) => {
    if (entry.symbol) visit(entry.latlng, entry.symbol);
    else if (entry.bounds) map.fitBounds(entry.bounds, { animate: !calm });
    else if (entry.site !== undefined) actions.site(null, entry.site);
    else visit(entry.latlng, null, () => entry.place && foundPlace(map, layers, entry));
  };

  map.getContainer().setAttribute("aria-label", words.t("map"));
  map.getContainer().setAttribute("role", "main");
  L.control.zoom({ position: "topleft", zoomInTitle: words.t("zoom_in"), zoomOutTitle: words.t("zoom_out") }).addTo(map);
  const homeBar = homeButton(words, () => hand.fit()).addTo(map).getContainer();
  viewControl(layers, words, desk).addTo(map);
  layerControl(layers, words, !SMALL.matches).addTo(map);
  L.control.scale({ imperial: false, maxWidth: 120 }).addTo(map);
  stampControl(head, words).addTo(map);
  L.control.attribution({ prefix: "Leaflet" }).addAttribution(words.t("attribution")).addTo(map);
  const replanRest = desk ? makeReplan(desk) : null;
  const table = desk ? mineTable(desk, head, words, replanRest, actions) : null;
  document.getElementById("planner-panel").replaceChildren(...panel(head, words, licence, searchBox(makeFinder(head, layers, desk, words), words, go), actions, desk, layers, table));
  const hand = hands(map, home, words, desk);
  keys(map, layers, words, hand.sheet);
  const link = desk ? keepState(desk, map, layers, words) : null;
  if (desk) takeFiles(actions.open);

  map.on("click", (event) => {
    const content = layers.at(event.latlng);
    if (content) L.popup(CARD).setLatLng(event.latlng).setContent(content).openOn(map);
  });
  if (link?.opened && desk.site.has(link.opened)) {
    const i = head.sites.id.indexOf(link.opened);
    actions.site(i < 0 ? null : i, desk.site.get(link.opened));
  }
  printing(map, home, head, words);
  homeBar.append(pictureButton(map, layers, head, words));
  await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
  window.__ready = true;
  return { desk, replanRest };
}

// A plan's file dropped anywhere on the page.
function takeFiles(open) {
  window.addEventListener("dragover", (event) => event.preventDefault());
  window.addEventListener("drop", (event) => {
    event.preventDefault();
    if (event.dataTransfer.files[0]) open(event.dataTransfer.files[0]);
  });
}

function homeButton(words, go) {
  const button = el("a", { href: "#", role: "button", title: words.t("home"), "aria-label": words.t("home") }, "⌂");
  L.DomEvent.disableClickPropagation(button);
  L.DomEvent.on(button, "click", (event) => {
    L.DomEvent.stop(event);
    go();
  });
  const control = L.control({ position: "topleft" });
  control.onAdd = () => el("div", { class: "leaflet-bar home" }, button);
  return control;
}

const started = start();
window.planner = publicDoor(started);
started.catch((error) => {
  document.documentElement.classList.add("failed");
  throw error;
});
