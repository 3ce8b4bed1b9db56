// Small screens and every hand: the panel as a sheet at the bottom, a card below its marker, a view that follows
// the size of the window.

const SMALL = window.matchMedia("(max-width: 820px), (max-height: 480px)");
const LOW = window.matchMedia("(max-height: 480px)");
const COARSE = window.matchMedia("(pointer: coarse)");

// What kind of screen it is, said to the style sheet: before the map is first measured, and whenever it changes.
function sayScreen(sheet = LOW.matches ? "peek" : "half") {
  const root = document.documentElement;
  root.classList.toggle("sheet", SMALL.matches);
  root.classList.toggle("low", LOW.matches);
  root.classList.toggle("touch", SMALL.matches || COARSE.matches);
  root.dataset.sheet = sheet;
}
sayScreen();

// On a small screen a card is no balloon on the map but lies at the bottom, outside of what moves with the map.
const balloonPan = L.Popup.prototype._adjustPan;
L.Popup.include({
  getPane() {
    return this._map.getPane(isSheet() ? "cards" : "popupPane");
  },
  _adjustPan(...given) {
    this._map._panAnim?.stop(); // who waits for its end may open another card in the place of this one
    if (!this._map) return;
    if (isSheet()) clearOfCard(this._map, this);
    else balloonPan.apply(this, given);
  },
});

function isSheet() {
  return document.documentElement.classList.contains("sheet");
}

// The marker stands above the card, below the buttons at the top.
function clearOfCard(map, popup) {
  const size = map.getSize();
  const corner = map.getContainer().getBoundingClientRect();
  const card = popup.getElement().getBoundingClientRect();
  const at = map.latLngToContainerPoint(popup.getLatLng());
  const covered = Math.max(0, size.y - (card.top - corner.top));
  document.documentElement.style.setProperty("--card-over", `${covered}px`); // stamp and scale go up with it
  const top = 76;
  const bottom = Math.max(top, size.y - covered - (LOW.matches ? 34 : 76));
  const into = (v, low, high) => v - Math.min(Math.max(v, low), Math.max(low, high));
  const by = L.point(into(at.x, 24, size.x - 24), into(at.y, top, bottom));
  if (by.x || by.y) map.panBy(by, { animate: false });
}

// How much of the map's edge the buttons take.
function roomOf() {
  return isSheet() ? { paddingTopLeft: [12, 60], paddingBottomRight: [12, 44] } : { paddingTopLeft: [24, 14], paddingBottomRight: [244, 26] };
}

function hands(map, home, words, desk) {
  const root = document.documentElement;
  const cards = map.createPane("cards", map.getContainer());
  for (const kind of ["click", "dblclick", "mousedown", "touchstart", "wheel"]) cards.addEventListener(kind, (event) => event.stopPropagation());
  map.options.closePopupOnClick = true;
  const sheet = makeSheet(map, words, desk);
  const besideLayers = () => root.style.setProperty("--layers", `${map.getContainer().querySelector(".layer-title").offsetWidth}px`);
  besideLayers();

  // The whole stays whole when the window changes; another view keeps its centre.
  let fitted = null;
  const fit = (options) => {
    map.setMinZoom(1);
    map.fitBounds(home, { ...roomOf(), animate: false, ...options });
    map.setMinZoom(Math.max(1, map.getZoom() - 1));
    fitted = [map.getCenter(), map.getZoom()];
  };
  const asFitted = () => fitted && map.getZoom() === fitted[1] && map.project(map.getCenter()).distanceTo(map.project(fitted[0])) < 2; // px
  new ResizeObserver(() => {
    if (root.classList.contains("printing") || !map.getContainer().offsetHeight) return;
    const whole = asFitted();
    map.invalidateSize({ animate: false });
    if (whole) fit();
    root.style.setProperty("--map-height", `${map.getSize().y}px`);
  }).observe(map.getContainer());
  root.style.setProperty("--map-height", `${map.getSize().y}px`);

  const setKind = () => {
    if (root.classList.contains("printing")) return;
    map.closePopup();
    sayScreen();
    besideLayers();
    sheet.set(root.dataset.sheet);
  };
  for (const media of [SMALL, LOW, COARSE]) media.addEventListener("change", setKind);
  sheet.set(root.dataset.sheet);
  fit();
  map.on("popupopen", () => root.classList.add("has-card"));
  map.on("popupclose", () => root.classList.remove("has-card"));
  return { fit, sheet };
}

// The sheet: a line with the headline's figures, half the screen, or all of it.
function makeSheet(map, words, desk) {
  const root = document.documentElement;
  const panel = document.getElementById("planner-panel");
  const figures = el("b", {});
  const handle = el("button", { type: "button", class: "sheet-handle", "aria-controls": "planner-panel" }, el("span", {}, words.t("headline")), figures);
  const read = () => (figures.textContent = [...panel.querySelectorAll(".big span:not([hidden])")].map((node) => node.textContent).join(" "));
  const states = () => (LOW.matches ? ["peek", "full"] : ["peek", "half", "full"]);
  const set = (state) => {
    root.dataset.sheet = state;
    handle.setAttribute("aria-expanded", String(state !== "peek"));
  };
  const step = (by) => {
    const all = states();
    set(all[Math.min(all.length - 1, Math.max(0, all.indexOf(root.dataset.sheet) + by))]);
  };
  let from = null;
  let dragged = false;
  handle.addEventListener("pointerdown", (event) => {
    from = event.clientY;
    dragged = false;
    handle.setPointerCapture(event.pointerId);
  });
  handle.addEventListener("pointerup", (event) => {
    const by = from - event.clientY;
    dragged = Math.abs(by) > 24;
    if (dragged) step(Math.sign(by));
  });
  handle.addEventListener("click", () => {
    const all = states();
    if (!dragged) set(all[(all.indexOf(root.dataset.sheet) + 1) % all.length]);
    dragged = false;
  });
  handle.addEventListener("keydown", (event) => {
    const by = { ArrowUp: 1, ArrowDown: -1 }[event.key];
    if (!by) return;
    event.preventDefault();
    step(by);
  });
  panel.prepend(handle);
  read();
  desk?.subscribe(read);
  return {
    set, step, handle,
    // What is shown next is on the map.
    away: () => isSheet() && root.dataset.sheet === "full" && set(LOW.matches ? "peek" : "half"),
    open: () => isSheet() && root.dataset.sheet === "peek" && step(1),
  };
}

// On every map, whatever else is on it: for whom it is, and the number under which it may be shown.
function stampControl(head, words) {
  const control = L.control({ position: "bottomleft" });
  control.onAdd = () => el("div", { class: "stamp" }, el("b", {}, words.t("internal")), ` · ${approvalText(head, words)}`);
  return control;
}

function approvalText(head, words) {
  return `${words.t("approval")}${words.zh ? "：" : ": "}${head.about.approval || words.t("approval_none")}`;
}
