// Hot spots as a list, the fullest first: how many stand there, on how much ground, when most.
function spotList(words, head, go) {
  const spots = head.hotspots;
  if (!spots) return null;
  const order = spots.name.map((_, i) => i).sort((a, b) => spots.workers[b] - spots.workers[a]);
  const total = spots.workers.reduce((sum, v) => sum + v, 0);
  const line = (i) => [spots.area[i] === null ? "" : `${words.n(spots.area[i])} km²`, spots.peak[i]].filter(Boolean).join(" · ");
  return el(
    "section",
    { class: "spots", "aria-label": words.t("layer_hotspots") },
    el("h2", {}, words.t("layer_hotspots")),
    el("p", { class: "unit-line" }, words.t("spot_sum", { n: words.n(order.length), workers: words.n(total, 0) })),
    el(
      "ol",
      { class: "sites spot-list" },
      order.slice(0, 100).map((i, k) =>
        el(
          "li",
          {},
          el(
            "button",
            { type: "button", "data-spot": i, onclick: () => go(i) },
            el("span", { class: "rank spot" }, k + 1),
            el("span", { class: "what" }, el("span", { class: "site-name" }, spots.name[i]), el("span", { class: "place" }, line(i))),
            el("span", { class: "gain" }, words.n(spots.workers[i], 0)),
          ),
        ),
      ),
    ),
  );
}
