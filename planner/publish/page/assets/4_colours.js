// The page's colours (tests/page/test_palette.py looks at them with other eyes).

const COLOURS = {
  ramp: ["#f6f6f5", "#e9e9e8", "#d9d9d9", "#c4c5c6", "#a8a9ac", "#87898d", "#64666b"],
  land: "#fdfcf9",
  water: "#cddfe9",
  shore: "#a9c4d3",
  border: "#5f5d68",
  old: "#1f4e8c",
  circle: { before: "#85b4e6", added: "#f28f9f" },
  sites: ["#b5152f", "#8b2f78", "#c9540f", "#5a4636"],
  gap: "#3d3a44",
  hotspot: "#6a2c91",
  // Density is lightness, who is covered is hue, and darker than who is not; added cells are hatched, lost ones dotted: told apart
  // by every kind of sight and on grey paper (tests/page/test_palette.py).
  status: {
    none: ["#f8f8f6", "#efefed", "#e5e5e3", "#dbdbda", "#cfd0d0", "#c4c5c7", "#b8b9bc"],
    now: ["#dde6f0", "#c3d4e5", "#a4beda", "#82a8ce", "#6091c2", "#4079b3", "#2663a1"],
    more: ["#ffeede", "#fbdcbd", "#f7c595", "#f4ac6a", "#ed9348", "#e17b2e", "#cd681f"],
    less: ["#e3d6e2", "#d2bacf", "#c299be", "#b378ad", "#a35a9f", "#8f428a", "#762e73"],
  },
  mine: "#0b7a6f",
  roads: { motorway: "#7d7a78", trunk: "#96928e", primary: "#aca8a3", secondary: "#c3bfb9" },
};

// As many colours as there are classes, from the whole ramp.
function pick(ramp, n) {
  return Array.from({ length: n }, (_, i) => ramp[n === 1 ? 3 : Math.round((i * (ramp.length - 1)) / (n - 1))]);
}

// Two leading digits, for a legend.
function nice(value) {
  const unit = 10 ** Math.max(0, Math.floor(Math.log10(Math.max(value, 1))) - 1);
  return Math.round(value / unit) * unit;
}
