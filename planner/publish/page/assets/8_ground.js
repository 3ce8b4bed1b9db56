// Maps of other houses below the plan: only where the study names them, and asked for only once somebody has switched one on.

const GROUNDS = {
  osm: { url: "https://tile.openstreetmap.org/{z}/{x}/{y}.png", credit: "© OpenStreetMap contributors", most: 19 },
  amap: { url: "https://webrd0{s}.is.autonavi.com/appmaptile?lang=zh_cn&size=1&scale=1&style=8&x={x}&y={y}&z={z}", of: "1234", credit: "© 高德地图", most: 18, gcj: true },
  tianditu: { url: "https://t{s}.tianditu.gov.cn/{layer}_w/wmts?SERVICE=WMTS&REQUEST=GetTile&VERSION=1.0.0&LAYER={layer}&STYLE=default&TILEMATRIXSET=w&FORMAT=tiles&TILEMATRIX={z}&TILEROW={y}&TILECOL={x}&tk={key}", of: "01234567", credit: "© 天地图", most: 18, layers: ["vec", "cva"] },
};

// Tiles drawn in GCJ-02 under a map in WGS-84: each is put where its middle lies, so that no data need be moved.
const ShiftedTiles = L.TileLayer.extend({
  _update(center) {
    const { lng, lat } = center ?? this._map.getCenter();
    const [x, y] = gcjOfWgs([lng, lat]);
    L.TileLayer.prototype._update.call(this, L.latLng(y, x));
  },
  _getTilePos(coords) {
    const middle = L.point(coords.x + 0.5, coords.y + 0.5).multiplyBy(this.getTileSize().x);
    const { lng, lat } = this._map.unproject(middle, coords.z);
    const [x, y] = wgsOf([lng, lat], "gcj02");
    const shift = this._map.project(L.latLng(y, x), coords.z).subtract(middle).round();
    return L.TileLayer.prototype._getTilePos.call(this, coords).add(shift);
  },
});

function groundOf(name, key) {
  const { url, of, credit, most, gcj, layers } = GROUNDS[name];
  const options = { attribution: credit, maxZoom: 19, maxNativeZoom: most, zIndex: 1, referrerPolicy: "no-referrer", key, ...(of ? { subdomains: of } : {}) };
  const make = (layer) => new (gcj ? ShiftedTiles : L.TileLayer)(url, { ...options, layer });
  return L.layerGroup((layers ?? [""]).map(make));
}

// The choice in the layer control; what the tiles show already (land, water, roads, names) gives way to them.
function groundControl(layers, words) {
  const { base_maps: names, tianditu_key: key } = layers.head.about;
  if (!names?.length) return null;
  const { map } = layers;
  const made = {};
  const OWN = ["water", "roads", "names"];
  let [now, hidden] = ["", []];
  const choice = el(
    "select",
    { "data-ground": "", "aria-label": words.t("ground"), onchange: () => show(choice.value) },
    el("option", { value: "" }, words.t("ground_none")),
    names.map((name) => el("option", { value: name }, words.t(`ground_${name}`))),
  );
  function show(name) {
    if (now) made[now].remove();
    if (name) {
      if (!now) hidden = OWN.filter((own) => layers.get(own) && map.hasLayer(layers.get(own).layer));
      for (const own of hidden) layers.show(own, false);
      (made[name] ??= groundOf(name, key)).addTo(map);
    } else for (const own of hidden) layers.show(own, true);
    now = name;
    map.getContainer().classList.toggle("on-ground", Boolean(name));
  }
  return el("div", { class: "layer ground" }, el("label", {}, words.t("ground"), " ", choice), el("p", { class: "unit" }, words.t("ground_note")));
}
