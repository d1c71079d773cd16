// Keeps the newest in sight while the person looks at the newest, and leaves them alone while they look further up.

import { byId, icon, el } from "./dom.js";
import { say } from "./words.js";

const scroller = byId("scroller");
const chip = byId("arrival");
const NEAR = 80; // pixels
let sticking = true;
let top = 0;

/** Go to the newest message. */
export function toBottom() {
  sticking = true;
  chip.hidden = true;
  scroller.scrollTop = scroller.scrollHeight;
}

/** Something arrived at the bottom: offer to go there if it is out of sight. */
export function arrived(withPicture) {
  if (sticking) return;
  chip.replaceChildren(el("span", {}, say(withPicture ? "new_picture" : "new_message")), icon("down"));
  chip.hidden = false;
}

/** Do something that adds above what is seen, without moving what is seen. */
export function keepingPlace(work) {
  const below = scroller.scrollHeight - scroller.scrollTop;
  work();
  scroller.scrollTop = scroller.scrollHeight - below;
}

/** Call `load` whenever the person comes near the beginning of what is loaded. */
export function onTop(load) {
  new IntersectionObserver((entries) => entries.some((entry) => entry.isIntersecting) && load(), {
    root: scroller,
    rootMargin: "400px 0px 0px",
  }).observe(byId("earlier"));
}

scroller.addEventListener("scroll", () => {
  // Only going up leaves the newest: what just grew is out of sight, too, until it has settled.
  if (scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight < NEAR) sticking = true;
  else if (scroller.scrollTop < top) sticking = false;
  top = scroller.scrollTop;
  if (sticking) chip.hidden = true;
}, { passive: true });

// Whatever changes height, above or below: a growing box, a picture that arrives, a turned phone.
const settle = new ResizeObserver(() => sticking && toBottom());
settle.observe(scroller);
settle.observe(scroller.firstElementChild);

chip.addEventListener("click", toBottom);
