// Puts the page together: what the server tells goes into the timeline, what the person does goes to the server.

import * as api from "./api.js";
import * as composer from "./composer.js";
import { byId, el, newId } from "./dom.js";
import { listen } from "./events.js";
import * as files from "./files.js";
import { announce } from "./notice.js";
import * as scroll from "./scroll.js";
import * as timeline from "./timeline.js";
import { say, speak } from "./words.js";

const RETRY_MS = 1500;
const calm = matchMedia("(prefers-reduced-motion: reduce)");
const dark = matchMedia("(prefers-color-scheme: dark)");

let session = null;
let reloads = 0; // counts them: only the newest one matters
let loading = true; // what is shown is not yet what the server has
let missed = []; // events that came meanwhile
let more = false; // there are earlier messages
let wasLost = false;

// ── what the server tells ──

function hear(kind, data) {
  if (kind === "reset") reload();
  else if (loading) missed.push([kind, data]);
  else apply(kind, data);
}

function apply(kind, data) {
  if (kind === "standing") timeline.stand(data);
  else if (kind === "removed") {
    timeline.remove(data.id);
    composer.letGo(data.id);
  } else if (kind === "message" && timeline.upsert(data) && data.by === "easel") arrival(data);
}

function arrival(message) {
  const text = message.pictures.length ? say("arrived", { text: message.alt }) : "";
  announce([message.text, text].filter(Boolean).join(" "));
  scroll.arrived(message.pictures.length > 0);
  if (document.hidden) document.title = "● Easel";
}

/** Load everything anew; events that come meanwhile are applied afterwards, in their order. */
async function reload() {
  const mine = ++reloads;
  loading = true;
  missed = [];
  try {
    const [now, page] = await Promise.all([api.session(), api.messages()]);
    if (mine !== reloads) return;
    if (JSON.stringify(now) !== JSON.stringify(session)) begin(now);
    showEarlier(page.more);
    timeline.replaceAll(page.messages, page.standings);
  } catch (error) {
    if (mine === reloads) setTimeout(() => mine === reloads && reload(), RETRY_MS);
    if (!(error instanceof TypeError || error instanceof api.Refusal)) throw error;
    return;
  }
  loading = false;
  for (const [kind, data] of missed.splice(0)) apply(kind, data);
}

function showEarlier(there) {
  more = there;
  byId("earlier").hidden = !there;
}

function begin(now) {
  session = now;
  speak(session);
  composer.connect(session, { onSend: send, earlier: saidBefore });
  byId("examples").replaceChildren(...session.examples.map((prompt) => {
    const use = () => send({ id: newId(), text: prompt, files: [] });
    return el("li", {}, el("button", { type: "button", onclick: use }, prompt));
  }));
  timeline.retell();
}

function saidBefore() {
  return timeline.all().filter((message) => message.by === "other" && message.text).map((message) => message.text);
}

// ── what the person does ──

async function send(draft) {
  timeline.draft(draft);
  scroll.toBottom();
  try {
    timeline.upsert(await api.send(draft));
    files.release(draft);
  } catch (error) {
    timeline.draftFailed(draft, error, { again: () => send(draft), discard: () => discard(draft) });
  }
}

function discard(draft) {
  timeline.endDraft(draft.id);
  files.release(draft);
}

function go(id) {
  const node = document.querySelector(`[data-message="${id}"]`);
  node?.scrollIntoView({ block: "center", behavior: calm.matches ? "auto" : "smooth" });
  node?.classList.remove("pointed");
  void node?.offsetWidth; // lets the animation begin again
  node?.classList.add("pointed");
}

async function loadEarlier() {
  if (!more || loading) return;
  more = false; // one page at a time
  const page = await api.messages(timeline.oldest()).catch(() => null);
  if (page === null) more = true; // tried again at the next scroll
  else {
    scroll.keepingPlace(() => {
      timeline.prepend(page.messages);
      showEarlier(page.more);
    });
  }
}

/** Say when the server is out of reach, and when it is back. */
function link(state) {
  const note = byId("link");
  if (session === null || (state === "open" && !wasLost)) return;
  wasLost = state !== "open";
  note.textContent = say({ open: "found", lost: "lost", locked: "locked" }[state]);
  note.dataset.state = state;
  note.hidden = false;
  if (state === "open") setTimeout(() => (note.hidden = !wasLost), 3000);
}

byId("theme").addEventListener("click", () => {
  const root = document.documentElement;
  const isDark = root.dataset.theme ? root.dataset.theme === "dark" : dark.matches;
  root.dataset.theme = isDark ? "light" : "dark";
  localStorage.setItem("easel-theme", root.dataset.theme);
});

document.addEventListener("visibilitychange", () => {
  if (!document.hidden) document.title = "Easel";
});

timeline.connect({ edit: composer.change, go });
scroll.onTop(loadEarlier);
listen({ hear, link, idle: () => !timeline.busy() });
