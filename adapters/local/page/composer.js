// The box at the bottom: words, pictures, what they change, and sending it.

import { byId, el, icon, newId } from "./dom.js";
import * as files from "./files.js";
import { thumbnail } from "./gallery.js";
import * as suggestions from "./suggestions.js";
import { label, say } from "./words.js";

const text = byId("text");
const size = byId("size");
const count = byId("count");
const DRAWING = /^\/(imagine|edit)\b/;
let engines = [];
let target = null; // { message, picture }: what is changed
let said = () => [];
let recalled = 0;
let send = () => {};

/** Set up the box: `onSend(draft)` gets what is written, `earlier()` returns what was said before, oldest first. */
export function connect(session, { onSend, earlier }) {
  [send, said, engines] = [onSend, earlier, session.engines];
  if (text.disabled) {
    text.disabled = false;
    if (matchMedia("(pointer: fine)").matches) text.focus(); // on a phone it would open the keyboard
  }
  files.connect(session, show);
  suggestions.connect(session);
  options(size, [["", say("size_auto")], ...["square", "portrait", "landscape"].map((name) => [name, say(`size_${name}`)])]);
  const most = Math.min(session.max_count, 10);
  const counts = Array.from({ length: most }, (_, index) => [`${index + 1}`, `× ${index + 1}`]);
  const usual = Math.min(session.defaults.count, most);
  options(count, counts.map(([number, name]) => [Number(number) === usual ? "" : number, name]));
  show();
}

function options(select, pairs) {
  select.replaceChildren(...pairs.map(([value, name]) => el("option", { value, textContent: name })));
  select.value = "";
}

/** Begin to change a picture of a message. */
export function change(message, picture) {
  target = { message, picture };
  show();
  text.focus();
}

/** Forget what is being changed, should it be in this message. */
export function letGo(message) {
  if (target?.message.id === message) stopChanging();
}

function write(words) {
  text.value = words;
  text.dispatchEvent(new Event("input"));
  text.focus();
}

function stopChanging() {
  target = null;
  show();
  text.focus();
}

function show() {
  const changing = Boolean(target) || files.count() > 0;
  text.placeholder = say(changing ? "prompt_edit" : "prompt");
  byId("add-mask").hidden = !changing || !engines.some((engine) => engine.mask);
  size.hidden = changing; // a changed picture keeps its size
  if (changing) size.value = "";
  drawTarget();
  grow();
}

function drawTarget() {
  const bar = byId("target");
  bar.hidden = !target;
  if (!target) return bar.replaceChildren();
  const { message, picture } = target;
  const several = message.pictures.length > 1;
  const choices = several ? message.pictures.map((each, index) => choice(message, each, index)) : [thumbnail(picture)];
  const stop = el("button", { type: "button", className: "quiet round" }, icon("close"));
  label(stop, say("stop_changing"));
  stop.addEventListener("click", stopChanging);
  const words = el("span", {}, say(several ? "which_picture" : "changing"));
  return bar.replaceChildren(el("div", { className: "choices" }, ...choices), words, stop);
}

function choice(message, picture, index) {
  const button = el("button", { type: "button", className: "choice" }, thumbnail(picture));
  label(button, say("edit_this", { n: index + 1, all: message.pictures.length }));
  button.setAttribute("aria-pressed", picture.id === target.picture.id);
  button.addEventListener("click", () => change(message, picture));
  return button;
}

/** Make the box as high as its words, up to what the style sheet allows. */
function grow() {
  text.style.height = "auto";
  text.style.height = `${text.scrollHeight}px`;
  byId("send").disabled = !text.value.trim(); // pictures alone do not say what to change
}

function submit() {
  const words = text.value.trim();
  if (!words) return;
  const draws = !words.startsWith("/") || DRAWING.test(words);
  const picks = draws ? [flag("size", size.value, words), flag("count", count.value, words)] : [];
  const draft = { id: newId(), text: [words, ...picks].filter(Boolean).join(" "), target, ...files.take() };
  [text.value, size.value, count.value, target, recalled] = ["", "", "", null, 0];
  suggestions.close();
  show();
  send(draft);
}

function flag(name, value, words) {
  return value && !new RegExp(`--${name}\\b`).test(words) ? `--${name} ${value}` : "";
}

/** Go through what was said before; only while nothing else is in the box. */
function recall(by) {
  const earlier = said();
  const now = recalled ? earlier.at(-recalled) : "";
  if (text.value !== now || recalled + by < 0 || recalled + by > earlier.length) return false;
  recalled += by;
  write(recalled ? earlier.at(-recalled) : "");
  return true;
}

text.addEventListener("input", () => {
  grow();
  suggestions.update();
});

text.addEventListener("keydown", (event) => {
  if (event.isComposing) return; // Enter chooses a word of an input method
  const plain = !event.shiftKey && !event.ctrlKey && !event.altKey && !event.metaKey;
  const taken =
    (plain && suggestions.key(event)) ||
    (plain && event.key === "ArrowUp" && recall(1)) ||
    (plain && event.key === "ArrowDown" && recall(-1));
  if (taken) event.preventDefault();
  else if (event.key === "Enter" && !event.shiftKey) {
    event.preventDefault();
    submit();
  }
});

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && target && !event.defaultPrevented && !document.querySelector("dialog[open]")) stopChanging();
});

byId("form").addEventListener("submit", (event) => {
  event.preventDefault();
  submit();
});
