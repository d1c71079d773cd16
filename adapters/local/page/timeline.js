// The conversation: messages in their order, days between them, drafts and running jobs below.

import { bubble, draftBubble } from "./bubble.js";
import { byId, el } from "./dom.js";
import { jobCard } from "./job-card.js";
import { reason } from "./notice.js";
import { day, say } from "./words.js";

const list = byId("messages");
const messages = new Map(); // id → message
const nodes = new Map(); // id → { key, node }
const drafts = new Map(); // id → node
const jobs = new Map(); // job → card
const previews = new Map(); // job → its last preview, shown until the picture is there
let hooks = {};

/** Set what the buttons of messages call: `edit(message, picture)` and `go(id)`. */
export function connect(callbacks) {
  hooks = callbacks;
}

/** Show exactly these messages and jobs; earlier messages that were loaded before stay if they join up. */
export function replaceAll(page, standings) {
  const first = page[0]?.id ?? Infinity;
  const joins = page.some((message) => messages.has(message.id));
  for (const id of messages.keys()) if (id >= first || !joins) messages.delete(id);
  for (const message of page) keep(message);
  for (const id of jobs.keys()) if (!standings.some((standing) => standing.job === id)) endJob(id);
  standings.forEach(stand);
  render();
}

/** Add earlier messages. */
export function prepend(page) {
  page.forEach(keep);
  render();
}

/** Add a message or show it anew; return whether it was not there before. */
export function upsert(message) {
  const isNew = !messages.has(message.id);
  keep(message);
  render();
  return isNew;
}

/** Take a message away. */
export function remove(id) {
  messages.delete(id);
  for (const message of messages.values()) {
    if (message.quote?.message === id) message.quote = { message: id, text: null, picture: null };
  }
  render();
}

function keep(message) {
  messages.set(message.id, message);
  if (message.client) endDraft(message.client);
  const preview = jobs.get(message.job)?.preview;
  if (message.pictures.length === 1 && preview && !preview.hidden) previews.set(message.job, preview);
  if (message.job) endJob(message.job);
}

// ── drafts ──

/** Show a message that is being sent. */
export function draft(what) {
  const node = draftBubble(what);
  drafts.get(what.id)?.remove();
  drafts.set(what.id, node);
  byId("drafts").append(node);
  welcome();
}

/** Say that a draft was not sent, and why; offer to do what `again` and `discard` do. */
export function draftFailed(what, error, { again, discard }) {
  const foot = drafts.get(what.id)?.querySelector(".foot");
  if (!foot) return; // it arrived after all, only the answer was lost
  const why = el("span", { className: "failed", role: "alert" }, `${say("not_sent")} ${reason(error)}`);
  const button = (name, onclick) => el("button", { type: "button", className: "quiet", onclick }, say(name));
  foot.replaceChildren(why, button("try_again", again), button("discard", discard));
}

/** Take a draft away. */
export function endDraft(id) {
  takeAway(drafts.get(id));
  drafts.delete(id);
  welcome();
}

// ── jobs ──

/** Show how a job stands. */
export function stand(standing) {
  if ([...messages.values()].some((message) => message.job === standing.job)) return; // its end was told already
  let card = jobs.get(standing.job);
  if (!card) {
    card = jobCard(standing);
    jobs.set(standing.job, card);
    byId("jobs").append(card.node);
    welcome();
  }
  card.update(standing);
}

function endJob(id) {
  takeAway(jobs.get(id)?.node);
  jobs.delete(id);
}

// ── showing ──

/** Remove a node; who was in it with the keyboard goes on in the box. */
function takeAway(node) {
  if (node?.contains(document.activeElement)) byId("text").focus();
  node?.remove();
}

/** Return the messages, oldest first. */
export const all = () => [...messages.values()].sort((a, b) => a.id - b.id);

/** Return the id of the oldest message that is loaded. */
export const oldest = () => Math.min(...messages.keys());

/** Tell whether something is being sent or drawn. */
export const busy = () => drafts.size + jobs.size > 0;

/** Show everything anew, in a language that changed. */
export function retell() {
  nodes.clear();
  list.replaceChildren();
  render();
}

function render() {
  const wanted = [];
  let previous = null;
  for (const message of all()) {
    const today = day(message.created);
    if (today !== (previous && day(previous.created))) wanted.push(divider(today));
    wanted.push(nodeOf(message, previous));
    previous = message;
  }
  for (const [id, { node }] of nodes) {
    if (messages.has(id)) continue;
    takeAway(node);
    nodes.delete(id);
  }
  wanted.forEach((node, index) => {
    if (list.children[index] !== node) list.insertBefore(node, list.children[index] ?? null);
  });
  while (list.children.length > wanted.length) list.lastChild.remove();
  welcome();
}

function nodeOf(message, previous) {
  // What stands right above needs no quote, except where one picture of several is meant.
  const quoted = Boolean(message.quote) && (message.by === "other" || message.quote.message !== previous?.id);
  const key = JSON.stringify([message, quoted]);
  const known = nodes.get(message.id);
  if (known?.key === key) return known.node;
  const node = bubble(message, { quoted, ...hooks });
  if (previews.has(message.job)) node.querySelector(".open")?.prepend(previews.get(message.job));
  previews.delete(message.job);
  known?.node.remove();
  nodes.set(message.id, { key, node });
  return node;
}

const dividers = new Map();

function divider(text) {
  if (!dividers.has(text)) dividers.set(text, el("li", { className: "day", textContent: text }));
  return dividers.get(text);
}

function welcome() {
  byId("welcome").hidden = messages.size + drafts.size + jobs.size > 0;
}
