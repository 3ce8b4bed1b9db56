// The search box; what is found is not its business (8_finder.js).

function searchBox(find, words, go) {
  const list = el("ul", { role: "listbox", id: "search-list", hidden: true, "aria-label": words.t("search") });
  const input = el("input", {
    type: "search", role: "combobox", autocomplete: "off", spellcheck: "false", placeholder: words.t("search"),
    "aria-label": words.t("search"), "aria-controls": "search-list", "aria-expanded": "false", "aria-autocomplete": "list",
  });
  let shown = [];
  let current = -1;

  function close() {
    list.hidden = true;
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
    current = -1;
  }
  function mark(i) {
    current = i;
    [...list.children].forEach((item, k) => item.setAttribute("aria-selected", String(k === i)));
    if (i >= 0) {
      input.setAttribute("aria-activedescendant", `search-${i}`);
      list.children[i].scrollIntoView({ block: "nearest" });
    }
  }
  function take(i) {
    const entry = shown[i];
    input.value = entry.text;
    close();
    go(entry);
  }
  function look() {
    list.replaceChildren();
    if (!input.value.trim()) return close();
    shown = find(input.value);
    shown.forEach((entry, k) =>
      list.append(
        el(
          "li",
          { role: "option", id: `search-${k}`, "aria-selected": "false", onpointerdown: (e) => e.preventDefault(), onclick: () => take(k) },
          el("span", {}, entry.text),
          el("small", {}, entry.note),
        ),
      ),
    );
    if (!shown.length) list.append(el("li", { class: "none", role: "presentation" }, words.t("search_none")));
    list.hidden = false;
    input.setAttribute("aria-expanded", "true");
    current = -1;
  }
  input.addEventListener("input", look);
  input.addEventListener("blur", close);
  input.addEventListener("keydown", (event) => {
    if (event.key === "Escape") close();
    else if (event.key === "Enter" && shown.length && !list.hidden) take(Math.max(0, current));
    else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      if (list.hidden) look();
      if (!shown.length || list.hidden) return;
      mark((current + (event.key === "ArrowDown" ? 1 : -1) + shown.length) % shown.length);
    }
  });
  return el("div", { class: "search" }, input, list);
}
