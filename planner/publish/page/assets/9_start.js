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
  const narrow = window.matchMedia("(max-width: 760px)").matches;
  const room = narrow ? { padding: [10, 10] } : { paddingTopLeft: [24, 14], paddingBottomRight: [244, 26] };
  map.fitBounds(home, { ...room, animate: false });
  map.setMinZoom(Math.max(1, map.getZoom() - 1));
  map.setMaxZoom(18); // closer there is nothing more to see

  const grid = head.cells ? new Grid(head.cells, blob) : null;
  const desk = makeDesk(head, blob, grid);
  const layers = new Layers(map, head, blob, words, desk, grid);
  window.__planner = { map, layers, head, desk };
  layers.build();
  addNames(layers);
  for (const entry of layers.list) entry.shown = map.hasLayer(entry.layer);
  const calm = window.matchMedia("(prefers-reduced-motion: reduce)").matches;

  function visit(latlng, symbol, then) {
    if (narrow) document.getElementById("map_planner").scrollIntoView({ block: "start" });
    const zoom = Math.max(map.getZoom(), 15);
    const open = () => (symbol ? symbol.openPopup() : then?.());
    if (symbol) for (const entry of layers.list) if (entry.layer.hasLayer?.(symbol) && !map.hasLayer(entry.layer)) layers.show(entry.key, true);
    if (calm || map.distance(map.getCenter(), latlng) < 1) {
      map.setView(latlng, zoom, { animate: false });
      open();
    } else {
      map.once("moveend", open);
      map.flyTo(latlng, zoom, { duration: 0.9 });
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
    district: (i) => i >= 0 && map.fitBounds(layers.districtShapes[i].getBounds(), { animate: !calm }),
  };
  const go = (entry) => {
    if (entry.symbol) visit(entry.latlng, entry.symbol);
    else if (entry.bounds) map.fitBounds(entry.bounds, { animate: !calm });
    else if (entry.site !== undefined) actions.site(null, entry.site);
    else visit(entry.latlng, null, () => entry.place && foundPlace(map, layers, entry));
  };

  map.getContainer().setAttribute("aria-label", words.t("map"));
  map.getContainer().setAttribute("role", "region");
  L.control.zoom({ position: "topleft", zoomInTitle: words.t("zoom_in"), zoomOutTitle: words.t("zoom_out") }).addTo(map);
  homeButton(map, home, room, words).addTo(map);
  viewControl(layers, words, desk).addTo(map);
  layerControl(layers, words, !narrow).addTo(map);
  L.control.scale({ imperial: false, maxWidth: 120 }).addTo(map);
  L.control.attribution({ prefix: "Leaflet" }).addAttribution(words.t("attribution")).addTo(map);
  const replanRest = desk ? makeReplan(desk) : null;
  const table = desk ? mineTable(desk, head, words, replanRest, actions) : null;
  document.getElementById("planner-panel").replaceChildren(...panel(head, words, licence, searchBox(makeFinder(head, layers, desk, words), words, go), actions, desk, layers, table));
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
  printing(map, home);
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

function homeButton(map, home, room, words) {
  const button = el("a", { href: "#", role: "button", title: words.t("home"), "aria-label": words.t("home") }, "⌂");
  L.DomEvent.disableClickPropagation(button);
  L.DomEvent.on(button, "click", (event) => {
    L.DomEvent.stop(event);
    map.fitBounds(home, room);
  });
  const control = L.control({ position: "topleft" });
  control.onAdd = () => el("div", { class: "leaflet-bar home" }, button);
  return control;
}

// Paper has another size than the screen: lay out for it first, then make the map one picture, because
// browsers do not print stacked canvases reliably.
function printing(map, home) {
  const root = document.documentElement;
  const picture = el("img", { id: "planner-print", alt: "" });
  let before = null;

  function layOut(on) {
    L.Browser.retina = on || window.devicePixelRatio > 1;
    root.classList.toggle("printing", on);
    map.invalidateSize({ animate: false });
  }
  window.addEventListener("beforeprint", () => {
    if (before) return;
    before = { centre: map.getCenter(), zoom: map.getZoom(), snap: map.options.zoomSnap };
    const whole = map.getBounds().contains(home);
    map.closePopup();
    layOut(true);
    if (whole) map.fitBounds(home, { paddingTopLeft: [12, 12], paddingBottomRight: [12, 24], animate: false });
    const legend = document.querySelector(".layer-control");
    before.legend = [legend, legend.parentElement];
    document.querySelector("#planner-panel .headline").after(legend);
    picture.src = composite(map);
    map.getContainer().append(picture);
  });
  window.addEventListener("afterprint", () => {
    if (!before) return;
    picture.remove();
    before.legend[1].append(before.legend[0]);
    layOut(false);
    map.setView(before.centre, before.zoom, { animate: false });
    before = null;
  });
}

// The map's canvases, lowest first, drawn onto one of twice the size on screen.
function composite(map) {
  const size = map.getSize();
  const sheet = document.createElement("canvas");
  sheet.width = 2 * size.x;
  sheet.height = 2 * size.y;
  const ctx = sheet.getContext("2d");
  ctx.fillStyle = "#e9e7e1";
  ctx.fillRect(0, 0, sheet.width, sheet.height);
  const corner = map.getContainer().getBoundingClientRect();
  const height = (canvas) => Number(canvas.parentElement.style.zIndex);
  const canvases = [...map.getPane("mapPane").querySelectorAll("canvas")].sort((a, b) => height(a) - height(b));
  for (const canvas of canvases) {
    const box = canvas.getBoundingClientRect();
    ctx.drawImage(canvas, 2 * (box.left - corner.left - 1), 2 * (box.top - corner.top - 1), 2 * box.width, 2 * box.height);
  }
  return sheet.toDataURL("image/png");
}

const started = start();
window.planner = publicDoor(started);
started.catch((error) => {
  document.documentElement.classList.add("failed");
  throw error;
});
