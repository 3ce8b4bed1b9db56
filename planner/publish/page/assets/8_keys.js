// The page by keyboard: links past the lists, focus that goes where something opens and back where it came from,
// Escape, and the symbols of the map as a list.

const HERE_MOST = 30; // symbols told at once

function keys(map, layers, words, sheet) {
  const box = map.getContainer();
  const panel = document.getElementById("planner-panel");
  const skip = (key, go) => el("a", { href: "#", onclick: (event) => (event.preventDefault(), go()) }, words.t(key));
  const toMap = () => (sheet.away(), box.focus());
  const toList = () => (sheet.open(), panel.querySelector('[role="tab"][aria-selected="true"]').focus());
  const toSearch = () => (sheet.open(), panel.querySelector('[role="combobox"]').focus());
  document.body.prepend(el("nav", { class: "skips", "aria-label": words.t("skips") }, skip("skip_map", toMap), skip("skip_search", toSearch), skip("skip_list", toList)));
  panel.setAttribute("aria-label", words.t("panel"));

  cardFocus(map, words);
  const escape = () => {
    if (map._popup?.isOpen()) return map.closePopup();
    const title = box.querySelector('.layer-title[aria-expanded="true"]');
    if (title && isSheet()) {
      title.click();
      title.focus();
    } else sheet.away();
  };
  document.addEventListener("keydown", (event) => {
    const { target } = event;
    if (event.key === "Escape" && target.getAttribute?.("aria-expanded") !== "true") escape();
    else if (event.key === " " && target.matches?.('a[role="button"]')) {
      event.preventDefault();
      target.click();
    } else if (event.key === "Enter" && target === box) {
      event.preventDefault();
      openHere(map, layers, words);
    }
  });
}

// A card takes the focus when it opens and gives it back when it closes.
function cardFocus(map, words) {
  let opener = null;
  map.on("popupopen", ({ popup }) => {
    const card = popup.getElement();
    opener = document.activeElement === document.body ? null : document.activeElement;
    card.onclick = (event) => event.stopPropagation(); // a button that is gone after its click is no click on the map
    card.tabIndex = -1;
    card.setAttribute("role", "dialog");
    card.setAttribute("aria-label", card.querySelector(".name")?.textContent || words.t("map"));
    card.querySelector(".leaflet-popup-close-button")?.setAttribute("aria-label", words.t("close"));
    card.querySelector(".leaflet-popup-close-button")?.setAttribute("title", words.t("close"));
    card.focus({ preventScroll: true });
  });
  map.on("popupclose", ({ popup }) => {
    const now = document.activeElement;
    if (now !== document.body && !popup.getElement()?.contains(now)) return;
    const back = opener?.isConnected && opener.checkVisibility?.({ visibilityProperty: true }) !== false ? opener : map.getContainer();
    back.focus({ preventScroll: true });
  });
}

// The symbols within the map, the nearest to its middle first, as a card of buttons.
function openHere(map, layers, words) {
  const middle = map.getCenter();
  const found = [];
  for (const { group } of layers.symbols ?? []) {
    if (!map.hasLayer(group)) continue;
    group.eachLayer((symbol) => {
      const at = symbol.getLatLng();
      if (symbol.getPopup() && !symbol.options.hidden && map.getBounds().contains(at)) found.push([map.distance(middle, at), symbol]);
    });
  }
  found.sort((a, b) => a[0] - b[0]);
  const buttons = found.slice(0, HERE_MOST).map(([far, symbol]) => {
    const content = symbol.getPopup()._content;
    const node = typeof content === "function" ? content(symbol) : content;
    const [kicker, name] = [".kicker", ".name"].map((part) => node.querySelector(part).textContent);
    return el(
      "button",
      { type: "button", class: "stand-in", onclick: () => symbol.openPopup() },
      el("span", {}, name),
      el("small", {}, `${kicker} · ${words.n(Math.round(far))} m`),
    );
  });
  const node = card(words.t("here"), words.t("here_count", { n: words.n(found.length) }), []);
  node.append(el("div", { class: "stand-ins" }, buttons));
  L.popup(CARD).setLatLng(middle).setContent(node).openOn(map);
}
