// The address after "#" is the state; "mine" is kept in the page's own storage too.

function storage() {
  try {
    return window.localStorage;
  } catch {
    return null; // a frame without storage of its own
  }
}

// What lists are sifted by, and its value; "" where it is not.
const valueOf = (node) => (node.type === "checkbox" ? (node.checked ? "1" : "") : node.value.replace(/[,~]/g, " "));
const filtersOf = () => [...document.querySelectorAll("[data-filter]")].filter((node) => valueOf(node) !== "");

function keepState(desk, map, layers, words) {
  const key = `planner-mine-${desk.part.key}`;
  const store = storage();
  let site = "";
  const address = () => {
    const c = map.getCenter();
    const view = `${map.getZoom().toFixed(1)}/${c.lat.toFixed(4)}/${c.lng.toFixed(4)}`;
    const off = layers.list.filter((entry) => map.hasLayer(entry.layer) !== entry.shown).map((entry) => entry.key).join(",");
    const filters = filtersOf().map((node) => `${node.dataset.filter}~${valueOf(node)}`).join(",");
    return toHash(desk.now, desk.start(), desk.changed ? desk.kept() : null, { view: moved ? view : "", layers: off, filters, site });
  };
  const own = location.protocol !== "about:"; // a frame in a notebook has no address of its own
  let closing = false; // going back to where no card was open: the address there is older than the state
  let moved = false;
  let wait = null;
  const write = () => {
    if (!own) return;
    clearTimeout(wait);
    wait = setTimeout(() => {
      const hash = `#${address()}`;
      if (hash !== (location.hash || "#")) history.replaceState(history.state, "", hash === "#" ? location.pathname + location.search : hash);
    }, 120);
  };
  const read = (text) => {
    const { state, own: plan, more } = fromHash(text);
    if (plan) desk.restore(plan);
    try {
      desk.setState({ ...desk.start(), ...state });
    } catch {
      // a part of an old or mistyped link: the rest holds
    }
    for (const name of (more.layers ?? "").split(",")) {
      const entry = layers.get(name);
      if (entry) layers.show(name, !entry.shown);
    }
    const told = Object.fromEntries((more.filters ?? "").split(",").map((pair) => pair.split("~")));
    for (const node of document.querySelectorAll("[data-filter]")) {
      const value = told[node.dataset.filter] ?? "";
      if (value === valueOf(node)) continue;
      if (node.type === "checkbox") node.checked = Boolean(value);
      else node.value = value;
      node.dispatchEvent(new Event(node.type === "search" ? "input" : "change"));
    }
    const [zoom, lat, lng] = (more.view ?? "").split("/").map(Number);
    if (Number.isFinite(lng)) map.setView([lat, lng], zoom, { animate: false });
    return more.site;
  };
  map.on("popupopen", ({ popup }) => {
    site = popup.getElement()?.querySelector("[data-card]")?.dataset.card ?? "";
    if (own && !history.state?.card) history.pushState({ card: true }, "", location.href);
    write();
  });
  map.on("popupclose", () => {
    site = "";
    if (own && history.state?.card && !map._popup?.isOpen()) {
      leave();
      history.back();
    } else write();
  });
  const leave = () => {
    closing = true;
    setTimeout(() => (closing = false), 150);
  };
  if (own) {
    window.addEventListener("popstate", () => {
      if (map._popup?.isOpen()) leave();
      map.closePopup();
    });
  }
  window.addEventListener("hashchange", () => {
    if (closing) write();
    else read(location.hash); // a link pasted into the open page
  });
  map.on("moveend", () => {
    moved = true;
    write();
  });
  map.on("planner:layer", write);
  for (const kind of ["input", "change"]) document.getElementById("planner-panel").addEventListener(kind, ({ target }) => target.dataset.filter && write());
  desk.subscribe(() => {
    write();
    try {
      if (desk.changed) store?.setItem(key, JSON.stringify(desk.kept()));
      else store?.removeItem(key);
    } catch {
      // no room: the file and the link remain
    }
  });
  const opened = location.hash.length > 1 ? read(location.hash) : "";
  if (!desk.changed && !location.hash.includes("mine=")) {
    try {
      const kept = store?.getItem(key);
      if (kept) {
        const { now } = desk;
        desk.restore(JSON.parse(kept));
        desk.past = [];
        desk.setState({ plan: now.plan });
      }
    } catch {
      store?.removeItem(key);
    }
  }
  return {
    opened,
    link: async () => {
      const url = `${location.href.split("#")[0]}#${address()}`;
      try {
        await navigator.clipboard.writeText(url);
        return words.t("link_copied");
      } catch {
        return url;
      }
    },
  };
}

// A short word at the foot of the map.
function toast(text) {
  document.querySelector(".toast")?.remove();
  const node = el("div", { class: "toast", role: "status" }, text);
  document.getElementById("map_planner").append(node);
  setTimeout(() => node.remove(), 6000);
}
