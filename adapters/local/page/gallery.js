// Pictures in a message, and one of them in full size.

import * as api from "./api.js";
import { byId, el, icon } from "./dom.js";
import { label, say } from "./words.js";

const RETRY_MS = 3000;

/** Return the pictures of a message side by side; `edit(picture)` is offered on each when there are several. */
export function gallery(pictures, alt, edit) {
  const tiles = pictures.map((picture, index) => {
    const place = { n: index + 1, all: pictures.length };
    const open = el("button", { type: "button", className: "open" }, image(picture, alt));
    label(open, say("view", place));
    open.addEventListener("click", () => show(pictures, index, alt));
    const tile = el("div", { className: "tile" }, open);
    if (edit && pictures.length > 1) {
      const change = el("button", { type: "button", className: "quiet round change" }, icon("edit"));
      label(change, say("edit_this", place));
      change.addEventListener("click", () => edit(picture));
      tile.append(change);
    }
    return tile;
  });
  const grid = el("div", { className: "gallery", data: { count: Math.min(pictures.length, 5) } }, ...tiles);
  grid.style.setProperty("--ratio", pictures[0].width / pictures[0].height);
  return grid;
}

/** Return a picture that keeps its room while it loads; `url` for one that is not stored yet. */
export function image(picture, alt, url = api.pictureUrl(picture.id)) {
  const img = el("img", { alt, decoding: "async", draggable: false });
  if (picture.width) Object.assign(img, { width: picture.width, height: picture.height });
  img.addEventListener("load", () => img.classList.add("loaded"), { once: true });
  if (picture.id) {
    img.loading = "lazy";
    const retry = () => img.isConnected && (img.src = url);
    img.addEventListener("error", () => setTimeout(retry, RETRY_MS)); // Easel may be restarting
  }
  img.src = url;
  return img;
}

/** Return a picture as small as a word. */
export function thumbnail(picture, alt = "") {
  return el("img", { className: "thumbnail", src: api.pictureUrl(picture.id), alt, draggable: false });
}

// ── full size ──

const viewer = byId("viewer");
const shown = { pictures: [], index: 0, alt: "" };

function show(pictures, index, alt) {
  Object.assign(shown, { pictures, index, alt });
  step(0);
  viewer.showModal();
}

function step(by) {
  const all = shown.pictures.length;
  shown.index = (shown.index + by + all) % all;
  const { id } = shown.pictures[shown.index];
  Object.assign(viewer.querySelector("img"), { src: api.pictureUrl(id), alt: shown.alt });
  viewer.querySelector(".save").href = api.pictureUrl(id);
  label(viewer, shown.alt);
  for (const button of viewer.querySelectorAll(".back, .on")) button.hidden = all < 2;
}

viewer.querySelector(".back").addEventListener("click", () => step(-1));
viewer.querySelector(".on").addEventListener("click", () => step(1));
viewer.querySelector(".shut").addEventListener("click", () => viewer.close());
viewer.addEventListener("click", (event) => {
  if (event.target === viewer) viewer.close();
});
viewer.addEventListener("keydown", (event) => {
  if (event.key === "ArrowLeft") step(-1);
  if (event.key === "ArrowRight") step(1);
});
