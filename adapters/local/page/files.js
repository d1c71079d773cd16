// Pictures to send along: chosen, pasted or dropped, shown small, taken away again.

import { byId, el, icon } from "./dom.js";
import { tell } from "./notice.js";
import { label, say } from "./words.js";

let limits = { max_files: 1, max_file_mb: 1 };
let chosen = []; // { file, url }
let mask = null;
let changed = () => {};

/** Set what is allowed, and what to call when the choice changes. */
export function connect(session, onChange) {
  limits = session;
  changed = onChange;
}

/** Add files, as far as they are pictures and allowed; say what was left out. */
export function add(files) {
  const fitting = [...files].filter(fits);
  const room = limits.max_files - chosen.length;
  if (fitting.length > room) tell(say("too_many", { limit: limits.max_files }));
  chosen.push(...fitting.slice(0, room).map(entry));
  draw();
}

/** Take the files that are chosen, and be empty. */
export function take() {
  const taken = { files: chosen, mask };
  [chosen, mask] = [[], null];
  draw();
  return taken;
}

/** Forget what was taken, once it is stored. */
export function release(draft) {
  for (const each of [...draft.files, draft.mask]) if (each) URL.revokeObjectURL(each.url);
}

/** Tell how many pictures are chosen. */
export const count = () => chosen.length;

function fits(file) {
  if (!file.type.startsWith("image/")) tell(say("no_picture", { name: file.name }));
  else if (file.size > limits.max_file_mb * 1_000_000) tell(say("too_large", { name: file.name, limit: limits.max_file_mb }));
  else return true;
  return false;
}

function entry(file) {
  return { file, url: URL.createObjectURL(file) };
}

function draw() {
  const items = chosen.map((each) => thumbnail(each, () => (chosen = chosen.filter((other) => other !== each))));
  if (mask) items.push(thumbnail(mask, () => (mask = null), say("mask")));
  byId("files").replaceChildren(...items);
  byId("files").hidden = items.length === 0;
  changed();
}

function thumbnail(each, remove, caption = null) {
  const button = el("button", { type: "button", className: "round" }, icon("close"));
  label(button, say("remove", { name: caption ?? each.file.name }));
  button.addEventListener("click", () => {
    remove();
    URL.revokeObjectURL(each.url);
    draw();
    byId("text").focus();
  });
  const img = el("img", { src: each.url, alt: each.file.name });
  return el("li", {}, img, caption ? el("span", { className: "caption" }, caption) : null, button);
}

// ── choosing, pasting, dropping ──

byId("add").addEventListener("click", () => byId("pictures").click());
byId("add-mask").addEventListener("click", () => byId("mask").click());

byId("pictures").addEventListener("change", (event) => {
  add(event.target.files);
  event.target.value = "";
});

byId("mask").addEventListener("change", (event) => {
  const [file] = [...event.target.files].filter(fits);
  if (mask && file) URL.revokeObjectURL(mask.url);
  if (file) mask = entry(file);
  event.target.value = "";
  draw();
});

document.addEventListener("paste", (event) => {
  const { files, types } = event.clipboardData;
  if (!files.length || types.includes("text/plain")) return; // words are meant, even if a picture of them came along
  event.preventDefault();
  add(files);
});

let over = 0; // dragenter and dragleave come for every element on the way

const carriesFiles = (event) => event.dataTransfer.types.includes("Files");

document.addEventListener("dragenter", (event) => {
  if (carriesFiles(event)) byId("drop").hidden = ++over === 0;
});
document.addEventListener("dragleave", (event) => {
  if (carriesFiles(event)) byId("drop").hidden = --over === 0;
});
document.addEventListener("dragover", (event) => {
  if (carriesFiles(event)) event.preventDefault();
});
document.addEventListener("drop", (event) => {
  if (!carriesFiles(event)) return;
  event.preventDefault();
  over = 0;
  byId("drop").hidden = true;
  add(event.dataTransfer.files);
  byId("text").focus();
});
