// Elements and numbers. Text only ever becomes textContent: names come from files and are not trusted.

function el(tag, attributes, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (name === "class") node.className = value;
    else node.setAttribute(name, value === true ? "" : value);
  }
  for (const child of children.flat()) {
    if (child === null || child === undefined || child === false) continue;
    node.append(child instanceof Node ? child : document.createTextNode(String(child)));
  }
  return node;
}

class Words {
  constructor(about, words) {
    this.zh = about.language === "zh";
    this.words = words;
    this.plain = new Intl.NumberFormat(this.zh ? "zh-CN" : "en-GB", { maximumFractionDigits: 2 });
  }
  // The label, its {places} filled.
  t(key, values) {
    const text = this.words[key] ?? key;
    return values ? text.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole) : text;
  }
  n(value, digits) {
    if (value === null || value === undefined) return "–";
    return digits === undefined
      ? this.plain.format(value)
      : value.toLocaleString(this.zh ? "zh-CN" : "en-GB", { minimumFractionDigits: digits, maximumFractionDigits: digits });
  }
  percent(share, digits = 1) {
    return share === null || share === undefined ? "–" : `${this.n(100 * share, digits)}%`;
  }
  // A gap is a promise: rounded up, never down.
  gap(share) {
    if (share === null || share === undefined) return "–";
    if (share <= 1e-9) return "0%";
    const percent = Math.ceil(share * 1e5 - 1e-6) / 1e3;
    return `≤ ${percent.toLocaleString(undefined, { maximumFractionDigits: 3 })}%`;
  }
  points(difference) {
    return this.t("points", { n: this.n(difference, 1) });
  }
}

// A popup: small heading, name, lines of label and value, a closing sentence.
function card(kicker, name, rows, sentence, tone) {
  const list = el("dl", {});
  for (const [label, value, hint] of rows) {
    if (value === "" || value === null || value === undefined || value === "–") continue;
    list.append(el("div", {}, el("dt", hint ? { title: hint, class: "hinted" } : {}, label), el("dd", {}, value)));
  }
  return el(
    "article",
    { class: tone ? `card tone-${tone}` : "card" },
    el("p", { class: "kicker" }, kicker),
    el("h2", { class: "name" }, name || "–"),
    list,
    sentence ? el("p", { class: "reason" }, sentence) : null,
  );
}
