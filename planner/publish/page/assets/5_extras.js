// Further layers of places, lines and areas, as the study tells them, and where a place lies.

function addExtra(layers, part) {
  const values = part.width?.values ?? [];
  const most = Math.max(1e-9, ...values.map((v) => v ?? 0));
  const [thin, thick] = part.width?.px ?? [part.kind === "point" ? 5 : 2, 8];
  const px = (i) => (part.width ? thin + ((thick - thin) * (values[i] ?? 0)) / most : thin);
  const { colour, opacity, outline, dashed, shape } = part.style;
  const dashArray = dashed ? "5 4" : null;
  const popup = (i) => extraCard(part, i, layers.words);
  let layer;
  if (part.kind === "point") {
    layer = layers.points(points(layers.blob, part.at), {
      make: () => ({ fillColor: colour, color: outline, outline: 1.4, fillOpacity: opacity, shape }),
      name: (i) => part.name[i] || part.label,
      note: () => part.label,
      radius: (i) => px(i),
      popup,
      searchable: part.searchable,
    }).group;
  } else {
    const parts = shapes(layers.blob, part.shapes);
    const style = (i) =>
      part.kind === "line"
        ? { color: colour, weight: px(i), opacity, dashArray, lineCap: "round" }
        : { color: colour, weight: 1.4, dashArray, fillColor: colour, fillOpacity: opacity };
    const draw = part.kind === "line" ? (p, o) => L.polyline(p.flat(), o) : L.polygon;
    const made = parts.map((p, i) => draw(p, layers.style("marks", style(i))));
    layer = L.featureGroup(made);
    (layers.extraShapes ??= []).push({ made, popup, layer });
  }
  const kind = { point: "point", line: "line", polygon: "area" }[part.kind];
  const look = { fill: kind === "line" ? null : colour, stroke: kind === "point" ? outline : colour, shape, opacity, dash: dashed ? [5, 4] : null };
  const swatches = part.width && kind === "line"
    ? [0.25, 1].map((f) => [swatch(kind, { ...look, weight: thin + (thick - thin) * f }), `${layers.words.n(nice(most * f))} ${part.width.unit}`])
    : [[swatch(kind, { ...look, weight: kind === "line" ? thin : 1.4 }), ""]];
  layers.add(`extra-${part.key}`, part.label, layer, { swatches, shown: part.shown, order: 7 });
}

// The rings of a shape, whatever it is nested in.
function ringsOf(latlngs) {
  return latlngs.length && latlngs[0].lat !== undefined ? [latlngs] : latlngs.flatMap(ringsOf);
}

// Whether a shape holds a place.
function within(shape, { lat, lng }) {
  return ringsOf(shape.getLatLngs()).reduce((inside, ring) => inside !== crossed(ring, lat, lng), false);
}

// Whether a line from a place to the east crosses a ring an odd number of times.
function crossed(ring, lat, lng) {
  let odd = false;
  for (let i = 0, j = ring.length - 1; i < ring.length; j = i++) {
    const [a, b] = [ring[i], ring[j]];
    if (a.lat > lat !== b.lat > lat && lng < ((b.lng - a.lng) * (lat - a.lat)) / (b.lat - a.lat) + a.lng) odd = !odd;
  }
  return odd;
}
