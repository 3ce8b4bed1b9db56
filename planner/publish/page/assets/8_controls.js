// What is switched on the map: layers with their legend and meaning, the plan that is shown, the rest of the state.

// A button that opens what a layer shows, in the register's words.
function definitionOf(entry, words) {
  const id = `means-${entry.key}`;
  const text = el("p", { class: "unit means", id, hidden: true }, entry.definition);
  const label = words.t("what_is", { name: entry.label });
  const button = el("button", { type: "button", class: "what-is", "aria-expanded": "false", "aria-controls": id, "aria-label": label, title: label, onclick: () => {
    text.hidden = !text.hidden;
    button.setAttribute("aria-expanded", String(!text.hidden));
  } }, "?");
  return [button, text];
}

// The layer control is the legend too: every layer's check box stands beside what it looks like.
function layerControl(layers, words, open) {
  const body = el("div", { class: "layer-body", id: "layer-body", hidden: !open });
  const button = el(
    "button",
    {
      type: "button", class: "layer-title", "aria-expanded": String(open), "aria-controls": "layer-body",
      onclick: () => {
        body.hidden = !body.hidden;
        button.setAttribute("aria-expanded", String(!body.hidden));
      },
    },
    words.t("layers"),
  );
  for (const entry of [...layers.list].sort((a, b) => a.order - b.order)) {
    const box = el("input", { type: "checkbox", "data-layer": entry.key, onchange: () => layers.show(entry.key, box.checked) });
    box.checked = layers.map.hasLayer(entry.layer);
    layers.map.on("planner:layer", ({ key, on }) => key === entry.key && (box.checked = on));
    const single = entry.swatches.length === 1;
    const label = el("label", {}, box, single ? entry.swatches[0][0] : null, el("span", {}, entry.label));
    const lines = (swatches) => swatches.map(([picture, text]) => el("li", {}, picture, el("span", {}, text)));
    const what = entry.definition ? definitionOf(entry, words) : [];
    const rows = single ? [] : el("ul", {}, lines(entry.legend ? entry.legend() : entry.swatches));
    if (entry.legend) layers.map.on("planner:legend", () => rows.replaceChildren(...lines(entry.legend())));
    body.append(
      el(
        "div",
        { class: `layer ${entry.key === "cells" ? "classes" : ""}`, "data-entry": entry.key },
        what.length ? el("div", { class: "layer-row" }, label, what[0]) : label,
        what[1],
        entry.note ? el("p", { class: "unit" }, entry.note) : null,
        single ? null : rows,
      ),
    );
  }
  body.append(...[groundControl(layers, words)].filter(Boolean));
  const root = el("section", { class: "layer-control leaflet-bar", "data-layers": true, "aria-label": words.t("layers") }, button, body);
  L.DomEvent.disableClickPropagation(root);
  L.DomEvent.disableScrollPropagation(root);
  const control = L.control({ position: "topright" });
  control.onAdd = () => root;
  return control;
}

// Today, with the new stations, or with somebody's own changes.
function viewControl(layers, words, desk) {
  const set = (value) => {
    if (desk) desk.setState({ plan: { before: "today", after: "proposal" }[value] ?? value });
    else ["sites", "added"].forEach((key) => layers.show(key, value === "after"));
  };
  const inputs = [];
  const option = (value, text, checked) => {
    const input = el("input", { type: "radio", name: "view", value, onchange: () => set(value) });
    input.checked = checked;
    inputs.push(input);
    return el("label", {}, input, el("span", {}, text));
  };
  const options = [option("before", words.t("before"), false), option("after", words.t("after"), true)];
  if (desk) {
    for (const plan of ["actions", "last"]) if (desk.plans[plan]) options.push(option(plan, words.t(`plan_${plan}`), false));
    options.push(option("mine", words.t("plan_mine"), false));
    desk.subscribe(() => {
      const shown = { today: "before", proposal: "after" }[desk.now.plan] ?? desk.now.plan;
      for (const input of inputs) input.checked = input.value === shown;
    });
  }
  const root = el("fieldset", { class: "view leaflet-bar" }, el("legend", {}, words.t("view")), options);
  L.DomEvent.disableClickPropagation(root);
  const control = L.control({ position: "topleft" });
  control.onAdd = () => root;
  return control;
}

// When, who, how far, how many: the rest of the state.
function stateControls(desk, words) {
  const { part } = desk;
  const labelled = (rows) => rows.map((row) => [row.name, row.label]);
  const fields = {
    periods: [["all", words.t("periods_all")], ["any_hour", words.t("periods_any_hour")], ...(part.night.length ? [["night", words.t("periods_night")]] : []), ...labelled(part.periods)],
    groups: [["headline", words.t("groups_headline")], ...labelled(part.groups)],
    cutoff_m: part.cutoffs_m.map((m) => [m, `${words.n(m)} m`]),
    least: [1, 2, 3].map((n) => [n, words.t("least_line", { n })]),
    ...(desk.networks.size ? { network: [["stations", words.t("network_stations")], ...[...desk.networks].map(([name, { label }]) => [name, label])] } : {}),
  };
  const selects = Object.entries(fields).map(([field, options]) => {
    const select = el(
      "select",
      { "data-state": field, "aria-label": words.t(`state_${field}`), onchange: () => desk.setState({ [field]: select.value }) },
      options.map(([value, text]) => el("option", { value }, text)),
    );
    desk.subscribe(() => {
      const value = desk.now[field];
      select.disabled = field !== "network" && desk.now.network !== "stations"; // a network is counted in one state
      select.value = Array.isArray(value) ? "" : String(value).replace(/^own:/, "");
      select.classList.toggle("set", JSON.stringify(value) !== JSON.stringify(desk.start()[field]));
    });
    select.value = String(desk.now[field]);
    return el("label", {}, el("span", {}, words.t(`state_${field}`)), select);
  });
  return el("section", { class: "state", "aria-label": words.t("state") }, selects);
}
