// Words that do not belong to the conversation: what a button could not do, and what arrived, for those who listen.

import { Refusal } from "./api.js";
import { byId } from "./dom.js";
import { say } from "./words.js";

const SHOWN_MS = 8000;
let timer = 0;

/** Show a sentence, or why something failed, for a while. */
export function tell(problem) {
  const words = problem instanceof Error ? reason(problem) || say("failed") : problem;
  const notice = byId("notice");
  notice.textContent = words;
  notice.hidden = false;
  clearTimeout(timer);
  timer = setTimeout(() => (notice.hidden = true), SHOWN_MS);
}

/** Return what the server said about an error; nothing when it could not be reached. */
export function reason(error) {
  if (error instanceof Refusal) return error.message;
  if (error instanceof TypeError) return ""; // what fetch throws without a connection
  throw error;
}

/** Have a screen reader say something when it is done with what it says now. */
export function announce(text) {
  byId("live").textContent = text;
}
