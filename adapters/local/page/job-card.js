// A job that is waiting or being drawn: its picture coming into focus, how far it is, and a way to stop it.

import * as api from "./api.js";
import { el, icon } from "./dom.js";
import { tell } from "./notice.js";
import { label, say } from "./words.js";

/** Return the card of a job: `node` to show, `update(standing)` to call when it moves, and its `preview` picture. */
export function jobCard(first) {
  const preview = el("img", { className: "preview", alt: "", hidden: true });
  const canvas = el("div", { className: "canvas" }, preview);
  const text = el("p", { className: "standing" });
  const bar = el("div", { className: "progress", role: "progressbar", "aria-valuemin": 0, "aria-valuemax": 100 });
  const stop = el("button", { type: "button", className: "quiet" }, icon("close"), el("span", {}, say("cancel")));
  const about = el("p", { className: "about", textContent: first.prompt });
  const body = el("div", { className: "body" }, canvas, bar, el("div", { className: "row" }, el("div", {}, about, text), stop));
  const author = el("span", { className: "unseen", textContent: say("easel") });
  const node = el("li", { className: "easel job", data: { job: first.job } }, author, body);
  let loading = 0;

  node.style.setProperty("--ratio", first.width && first.height ? first.width / first.height : 1);
  label(bar, first.prompt);

  stop.addEventListener("click", async () => {
    if (stop.ariaDisabled) return;
    stop.ariaDisabled = true; // `disabled` would take the focus away
    stop.lastChild.textContent = say("cancelling");
    try {
      await api.cancel(first.job);
    } catch (error) {
      tell(error);
      stop.ariaDisabled = null;
      stop.lastChild.textContent = say("cancel");
    }
  });

  /** Show a preview once it is there, never one older than what is shown. */
  function look(number) {
    if (number <= loading) return;
    loading = number;
    const next = new Image();
    next.onload = () => {
      if (number !== loading && !preview.hidden) return;
      preview.src = next.src;
      preview.hidden = false;
    };
    next.src = api.previewUrl(first.job, number);
  }

  function update(standing) {
    text.textContent = standing.text || say("starting");
    const known = standing.progress !== null;
    node.classList.toggle("waiting", standing.place !== null);
    node.style.setProperty("--done", standing.progress ?? 0);
    bar.classList.toggle("unknown", !known && standing.place === null);
    if (known) bar.setAttribute("aria-valuenow", Math.round(standing.progress * 100));
    else bar.removeAttribute("aria-valuenow");
    bar.setAttribute("aria-valuetext", text.textContent);
    if (standing.preview !== null) look(standing.preview);
  }

  return { node, update, preview };
}
