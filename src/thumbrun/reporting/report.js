"use strict";
// Filters the tiles by outcome, folder, format and words. Without this script the page shows everything, and the tools
// stay hidden.
(() => {
  const tools = document.querySelector(".tools");
  if (!tools) return;
  const search = tools.querySelector("[type=search]");
  const said = tools.querySelector("output");
  const tiles = Array.from(document.querySelectorAll(".sheet > li"), (tile) => ({
    tile,
    text: tile.textContent.toLowerCase() + tile.title.toLowerCase(),
  }));
  const folders = Array.from(document.querySelectorAll(".folder"));
  let waiting = false;

  function chosen(name) {
    const select = tools.querySelector("select[name=" + name + "]");
    return select ? select.value : "";
  }

  function apply() {
    waiting = false;
    const status = tools.querySelector("[name=status]:checked").value;
    const folder = chosen("folder");
    const format = chosen("format");
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const { tile, text } of tiles) {
      const fits =
        (!status || tile.className === status) &&
        (!folder || tile.dataset.folder === folder) &&
        (!format || tile.dataset.format === format) &&
        words.every((word) => text.includes(word));
      tile.hidden = !fits;
      shown += fits;
    }
    for (const section of folders) {
      section.hidden = !section.querySelector(".sheet > li:not([hidden])");
    }
    const all = !status && !folder && !format && !words.length;
    said.textContent = all ? "" : shown.toLocaleString("en") + " of " + tiles.length.toLocaleString("en");
  }

  tools.addEventListener("input", () => {
    if (!waiting) {
      waiting = true;
      requestAnimationFrame(apply);
    }
  });
  tools.addEventListener("submit", (event) => event.preventDefault());
  tools.hidden = false;
  apply(); // a browser that returns to the page keeps the chosen filter
})();
