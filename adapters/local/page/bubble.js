// One message as it is shown: quote, pictures, words, buttons, time.

import * as api from "./api.js";
import { byId, el, icon, newId } from "./dom.js";
import { gallery, image, thumbnail } from "./gallery.js";
import { tell } from "./notice.js";
import { clock, label, say } from "./words.js";

/**
 * Return the list item of a message. `quoted`: show what it answers. `edit(message, picture)` begins a change.
 */
export function bubble(message, { quoted, edit, go }) {
  const mine = message.by === "other";
  const body = el("div", { className: "body" });
  if (quoted && message.quote) body.append(quote(message.quote, go));
  if (message.pictures.length) {
    body.append(gallery(message.pictures, message.alt || message.text, (picture) => edit(message, picture)));
  }
  if (message.lost) body.append(el("p", { className: "gone", textContent: say("gone_picture") }));
  if (message.text) body.append(el("p", { className: "words", textContent: message.text }));
  const foot = el("div", { className: "foot" });
  if (message.buttons.length) foot.append(actions(message, edit));
  const time = el("time", { dateTime: new Date(message.created * 1000).toISOString() }, clock(message.created));
  foot.append(time);
  return item(mine, body, foot, { message: message.id });
}

/** Return the list item of a message that is on its way; its pictures are still only in the page. */
export function draftBubble(draft) {
  const body = el("div", { className: "body" });
  if (draft.target) body.append(quote({ text: draft.target.message.alt, picture: draft.target.picture }));
  if (draft.files.length) {
    const tiles = draft.files.map((each) => el("div", { className: "tile" }, image({}, each.file.name, each.url)));
    body.append(el("div", { className: "gallery drafted", data: { count: Math.min(tiles.length, 5) } }, ...tiles));
  }
  if (draft.text) body.append(el("p", { className: "words", textContent: draft.text }));
  const foot = el("div", { className: "foot" }, el("span", { className: "sending", textContent: say("sending") }));
  return item(true, body, foot, { draft: draft.id });
}

function item(mine, body, foot, data) {
  const author = el("span", { className: "unseen", textContent: say(mine ? "you" : "easel") });
  return el("li", { className: mine ? "mine" : "easel", data }, author, body, foot);
}

function quote({ message, text, picture }, go) {
  const words = text ?? say("gone_message");
  const line = el("span", { textContent: words });
  const node = el(go ? "button" : "div", { className: "quote" }, picture ? thumbnail(picture) : null, line);
  if (go) {
    node.type = "button";
    node.dataset.to = message;
    label(node, say("answers", { text: words }));
    node.title = say("to_answered");
    node.addEventListener("click", () => go(message));
  }
  return node;
}

// ── buttons ──

function actions(message, edit) {
  const row = el("div", { className: "actions" });
  const press = { edit: () => edit(message, message.pictures[0]), details: () => showDetails(message) };
  press.delete = () => confirmDelete(row, message);
  for (const name of ["again", "undo"]) {
    let id = newId(); // kept until it got through: pressed again because the answer was lost, it counts once
    press[name] = (button) => during(button, async () => {
      await api[name](message.id, id);
      id = newId();
    });
  }
  for (const name of message.buttons.filter((each) => each in press)) {
    row.append(action(name, say(name), (button) => press[name](button)));
  }
  return row;
}

function action(name, text, press) {
  const button = el("button", { type: "button", className: `quiet ${name}` }, icon(name), el("span", {}, text));
  button.addEventListener("click", () => press(button));
  return button;
}

/** Do something once at a time, and say so if it cannot be done. */
async function during(button, work) {
  if (button.ariaDisabled) return;
  button.ariaDisabled = true; // `disabled` would take the focus away
  try {
    await work();
  } catch (error) {
    tell(error);
  } finally {
    button.ariaDisabled = null;
  }
}

function confirmDelete(row, message) {
  const before = [...row.childNodes];
  const keep = action("close", say("keep"), () => {
    row.replaceChildren(...before);
    row.querySelector(".delete").focus();
  });
  const sure = action("delete", say("delete"), (button) => during(button, () => api.remove(message.id)));
  sure.classList.add("danger");
  const question = el("div", { className: "actions" }, el("span", { className: "ask" }, say("delete_sure")), sure, keep);
  question.addEventListener("keydown", (event) => {
    if (event.key === "Escape") keep.click();
  });
  row.replaceChildren(question);
  keep.focus();
}

async function showDetails(message) {
  const dialog = byId("facts");
  try {
    const { text } = await api.details(message.id);
    dialog.querySelector("p").textContent = text;
    dialog.showModal();
  } catch (error) {
    tell(error);
  }
}

byId("facts").querySelector("button").addEventListener("click", () => byId("facts").close());
byId("facts").addEventListener("click", (event) => {
  if (event.target === event.currentTarget) event.currentTarget.close();
});
