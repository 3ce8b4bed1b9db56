// The three datums of Chinese maps, as planner/inputs/places/datum.py has them, and coordinates that somebody typed.

const [WEST, SOUTH, EAST, NORTH] = [72.004, 0.8293, 137.8347, 55.8271];
const [AXIS_M, ECC2] = [6378245.0, 0.00669342162296594323]; // Krasovsky 1940
const rad = (degrees) => (degrees * Math.PI) / 180;
const inChina = ([lng, lat]) => lng >= WEST && lng <= EAST && lat >= SOUTH && lat <= NORTH;

export function gcjOfWgs([lng, lat]) {
  if (!inChina([lng, lat])) return [lng, lat];
  const { sin, sqrt, abs, PI } = Math;
  const [x, y] = [lng - 105, lat - 35];
  const root = sqrt(abs(x));
  const wave = 2 * sin(6 * PI * x) + 2 * sin(2 * PI * x);
  let north = -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * root;
  north += (wave + 2 * sin(PI * y) + 4 * sin((PI / 3) * y)) * (20 / 3);
  north += (16 * sin((PI / 12) * y) + 32 * sin((PI / 30) * y)) * (20 / 3);
  let east = 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root;
  east += (wave + 2 * sin(PI * x) + 4 * sin((PI / 3) * x)) * (20 / 3);
  east += (15 * sin((PI / 12) * x) + 30 * sin((PI / 30) * x)) * (20 / 3);
  const magic = 1 - ECC2 * sin(rad(lat)) ** 2;
  const latM = rad((AXIS_M * (1 - ECC2)) / magic ** 1.5);
  const lngM = rad((AXIS_M * Math.cos(rad(lat))) / sqrt(magic));
  return [lng + east / lngM, lat + north / latM];
}

export function bdOfGcj([lng, lat]) {
  const r = Math.hypot(lng, lat) + 0.00002 * Math.sin(rad(lat) * 3000);
  const theta = Math.atan2(lat, lng) + 0.000003 * Math.cos(rad(lng) * 3000);
  return [r * Math.cos(theta) + 0.0065, r * Math.sin(theta) + 0.006];
}

// The point that `step` sends to the one given.
function inverse(step, [lng, lat]) {
  let [x, y] = [lng, lat];
  for (let i = 0; i < 8; i++) {
    const [fx, fy] = step([x, y]);
    [x, y] = [x - (fx - lng), y - (fy - lat)];
  }
  return [x, y];
}

export function wgsOf(point, datum) {
  if (datum === "wgs84" || !inChina(point)) return point;
  return inverse(gcjOfWgs, datum === "bd09" ? inverse(bdOfGcj, point) : point);
}

export const DATUMS = ["wgs84", "gcj02", "bd09"];
const NAMED = [
  ["gcj02", /gcj-?0?2|高德|腾讯|火星|amap|gaode|tencent/iu],
  ["bd09", /bd-?0?9|百度|baidu/iu],
  ["wgs84", /wgs-?84|gps|cgcs-?2000|天地图|国家2000/iu],
];

// [{ datum, lng, lat }] (WGS84) of a text with two numbers, in either order, in the datum it names or in each; `box`: west, south,
// east, north of the study, which tells the order where both could be. Nothing where the text is something else.
export function coordinatesIn(text, box) {
  let rest = text.normalize("NFKC");
  const named = NAMED.find(([, word]) => word.test(rest));
  if (named) rest = rest.replace(named[1], " ");
  const numbers = rest.match(/[-+]?\d+(?:\.\d+)?/g) ?? [];
  const words = rest.replace(/[-+]?\d+(?:\.\d+)?/g, "").replace(/经度|纬度|东经|北纬|坐标|lng|lon|lat|long|[ensw\s,;，、°:=()|/]/giu, "");
  if (numbers.length !== 2 || words || !numbers.some((n) => n.includes("."))) return [];
  const [a, b] = numbers.map(Number);
  const away = ([lng, lat]) => Math.max(box[0] - lng, 0, lng - box[2]) + Math.max(box[1] - lat, 0, lat - box[3]);
  const able = [[a, b], [b, a]].filter(([lng, lat]) => Math.abs(lng) <= 180 && Math.abs(lat) <= 90);
  if (!able.length) return [];
  const point = able.reduce((best, other) => (away(other) < away(best) ? other : best));
  const datums = named ? [named[0]] : inChina(point) ? DATUMS : ["wgs84"];
  return datums.map((datum) => {
    const [lng, lat] = wgsOf(point, datum);
    return { datum, lng, lat };
  });
}
