// The map on paper and as a picture.

// Paper has another size than the screen: lay out for it first, then make the map one picture, because
// browsers do not print stacked canvases reliably.
function printing(map, home, head, words) {
  const root = document.documentElement;
  const picture = el("img", { id: "planner-print", alt: "" });
  const foot = el("p", { class: "print-foot" }, el("b", {}, words.t("internal")), ` · ${approvalText(head, words)} · ${head.about.title}`);
  document.body.append(foot); // fixed: on every page, along its edge
  const lists = document.querySelector("#planner-panel > .lists");
  let before = null;

  function layOut(on) {
    L.Browser.retina = on || window.devicePixelRatio > 1;
    root.classList.toggle("printing", on);
    if (on) root.classList.remove("sheet", "low", "touch");
    else sayScreen(root.dataset.sheet);
    map.invalidateSize({ animate: false });
  }
  window.addEventListener("beforeprint", () => {
    if (before || printPaper(true)) return;
    before = { centre: map.getCenter(), zoom: map.getZoom(), snap: map.options.zoomSnap };
    const whole = map.getBounds().contains(home);
    map.closePopup();
    layOut(true);
    if (whole) map.fitBounds(home, { paddingTopLeft: [12, 12], paddingBottomRight: [12, 24], animate: false });
    const legend = document.querySelector(".layer-control");
    before.legend = [legend, legend.parentElement];
    document.querySelector("#planner-panel .headline").after(legend);
    fitLegend(legend.querySelector(".layer-body"));
    lists.append(document.querySelector("#planner-panel > .credits"));
    picture.src = compositeCanvas(map, !map.getContainer().classList.contains("on-ground")).toDataURL("image/png");
    map.getContainer().append(picture);
  });
  window.addEventListener("afterprint", () => {
    printPaper(false);
    if (!before) return;
    picture.remove();
    before.legend[1].append(before.legend[0]);
    before.legend[0].querySelector(".layer-body").removeAttribute("style");
    lists.after(lists.querySelector(".credits"));
    layOut(false);
    map.setView(before.centre, before.zoom, { animate: false });
    before = null;
  });
}

// The legend below the map, in columns of its room's height, as small as it asks: it never runs over to a page of its own.
function fitLegend(body) {
  const room = body.clientHeight;
  for (let zoom = 1; zoom > 0.4; zoom -= 0.05) {
    body.style.zoom = zoom;
    body.style.height = `${Math.floor(room / zoom)}px`;
    if (body.scrollWidth <= body.clientWidth + 1) return;
  }
}

// The map's canvases, lowest first, drawn onto one of twice the size on screen.
function compositeCanvas(map, filled = true) {
  const size = map.getSize();
  const sheet = document.createElement("canvas");
  sheet.width = 2 * size.x;
  sheet.height = 2 * size.y;
  const ctx = sheet.getContext("2d");
  ctx.fillStyle = "#e9e7e1";
  if (filled) ctx.fillRect(0, 0, sheet.width, sheet.height);
  const corner = map.getContainer().getBoundingClientRect();
  const height = (canvas) => Number(canvas.parentElement.style.zIndex);
  const canvases = [...map.getPane("mapPane").querySelectorAll("canvas")].sort((a, b) => height(a) - height(b));
  for (const canvas of canvases) {
    const box = canvas.getBoundingClientRect();
    const { span } = canvas.parentElement; // of a pane that a swipe cuts
    ctx.save();
    if (span) {
      ctx.beginPath();
      ctx.rect(2 * span[0], 0, 2 * (span[1] - span[0]), sheet.height);
      ctx.clip();
    }
    ctx.drawImage(canvas, 2 * (box.left - corner.left - 1), 2 * (box.top - corner.top - 1), 2 * box.width, 2 * box.height);
    ctx.restore();
  }
  return sheet;
}

// The map as it is seen, with title, labels, legend, scale and stamp in the picture itself.
function mapPicture(map, layers, head, words) {
  const { x: width, y: height } = map.getSize();
  const [top, side, edge] = [46, 250, 14];
  const shown = layers.list.filter((entry) => map.hasLayer(entry.layer)).sort((a, b) => a.order - b.order);
  const lines = shown.flatMap((entry) => {
    const swatches = entry.legend ? entry.legend() : entry.swatches;
    if (swatches.length === 1) return [{ swatch: swatches[0][0], text: entry.label }];
    return [{ text: entry.label, bold: true }, ...swatches.map(([swatch, text]) => ({ swatch, text }))];
  });
  const body = Math.max(height, lines.length * 20 + 90);
  const sheet = el("canvas", { width: 2 * (width + side), height: 2 * (top + body + 28) });
  const ctx = sheet.getContext("2d");
  const font = getComputedStyle(document.documentElement).fontFamily;
  const write = (text, x, y, style, colour = "#23252b", room = undefined) => {
    ctx.font = `${style} ${font}`;
    ctx.fillStyle = colour;
    ctx.fillText(text, x, y, room);
  };
  ctx.scale(2, 2);
  ctx.fillStyle = "#fff";
  ctx.fillRect(0, 0, width + side, top + body + 28);
  ctx.drawImage(compositeCanvas(map), 0, top, width, height);
  ctx.textBaseline = "middle";
  write(head.about.title, edge, top / 2, "700 19px", undefined, width + side - 2 * edge);
  burnLabels(ctx, map, layers, top, font);
  burnSwipe(ctx, map, top, height, write);
  lines.forEach(({ swatch, text, bold }, k) => {
    const y = top + 16 + 20 * k;
    if (swatch) ctx.drawImage(swatch, width + edge, y - 8, 26, 16);
    write(text, width + edge + (swatch ? 34 : 0), y, bold ? "600 13px" : "13px", undefined, side - 2 * edge - (swatch ? 34 : 0));
  });
  burnScale(ctx, map, width + edge, top + body - 30, write);
  const state = document.querySelector(".state-line")?.textContent ?? "";
  write(`${words.t("internal")} · ${approvalText(head, words)}`, edge, top + body + 14, "600 12px", "#8d1025");
  ctx.textAlign = "right";
  write([state, words.t("attribution")].filter(Boolean).join("  ·  "), width + side - edge, top + body + 14, "12px", "#63656e", width + side - 330);
  return sheet;
}

// Names on the map are elements above the canvases: drawn again where they stand.
function burnLabels(ctx, map, layers, top, font) {
  const corner = map.getContainer().getBoundingClientRect();
  ctx.textAlign = "center";
  for (const marker of layers.labels ?? []) {
    const span = marker.getElement()?.firstChild;
    if (!span || span.style.visibility === "hidden") continue;
    const box = span.getBoundingClientRect();
    const [x, y] = [(box.left + box.right) / 2 - corner.left, (box.top + box.bottom) / 2 - corner.top];
    if (x < 0 || y < 0 || x > corner.width || y > corner.height) continue;
    const style = getComputedStyle(span);
    ctx.font = `${style.fontStyle} ${style.fontWeight} ${style.fontSize} ${font}`;
    ctx.lineWidth = 3;
    ctx.strokeStyle = "rgba(255, 255, 255, .9)";
    ctx.strokeText(span.textContent, x, y + top);
    ctx.fillStyle = style.color;
    ctx.fillText(span.textContent, x, y + top);
  }
  ctx.textAlign = "left";
}

// Which plan lies on which side, where two are shown.
function burnSwipe(ctx, map, top, height, write) {
  const swipe = map.getContainer().querySelector(".swipe");
  if (!swipe) return;
  const x = parseFloat(swipe.style.left);
  ctx.fillStyle = "#23252b";
  ctx.fillRect(x - 1, top, 2, height);
  [...swipe.querySelectorAll(".swipe-name")].forEach((name, k) => {
    ctx.textAlign = k ? "left" : "right";
    ctx.lineWidth = 4;
    ctx.strokeStyle = "#fff";
    ctx.font = `700 14px ${getComputedStyle(document.documentElement).fontFamily}`;
    ctx.strokeText(name.textContent, x + (k ? 10 : -10), top + height - 24);
    write(name.textContent, x + (k ? 10 : -10), top + height - 24, "700 14px");
  });
  ctx.textAlign = "left";
}

// The scale bar as Leaflet draws it: as long, with its text.
function burnScale(ctx, map, x, y, write) {
  const line = map.getContainer().querySelector(".leaflet-control-scale-line");
  const length = line.getBoundingClientRect().width;
  write(line.textContent, x, y - 12, "12px");
  ctx.strokeStyle = "#23252b";
  ctx.lineWidth = 1.5;
  ctx.beginPath();
  for (const [dx, dy] of [[0, -5], [0, 0], [length, 0], [length, -5]]) ctx.lineTo(x + dx, y + dy);
  ctx.stroke();
}

function pictureButton(map, layers, head, words) {
  const button = el("a", { href: "#", role: "button", class: "picture", title: words.t("picture"), "aria-label": words.t("picture") }, "⤓");
  L.DomEvent.on(button, "click", (event) => {
    L.DomEvent.stop(event);
    mapPicture(map, layers, head, words).toBlob((blob) => save("map.png", blob, "image/png"));
  });
  L.DomEvent.disableClickPropagation(button);
  return button;
}
