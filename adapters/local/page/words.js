// What the page says, in the person's language. The sentences come from the server's catalogues.

let words = {};
let language = "en";

/** Take the words of a session and put them where index.html asks for them. */
export function speak(session) {
  words = session.words;
  language = session.language;
  document.documentElement.lang = language;
  for (const node of document.querySelectorAll("[data-word]")) node.textContent = say(node.dataset.word);
  for (const node of document.querySelectorAll("[data-label]")) label(node, say(node.dataset.label));
}

/** Return a sentence with its {placeholders} filled. */
export function say(name, values = {}) {
  return (words[name] ?? name).replace(/\{(\w+)\}/g, (whole, key) => values[key] ?? whole);
}

/** Name a control for those who see it and those who hear it. */
export function label(node, text) {
  node.setAttribute("aria-label", text);
  if (node.matches("button, select")) node.title = text;
}

/** Return the time of day of a moment given in seconds since the epoch. */
export const clock = (seconds) => format({ hour: "numeric", minute: "2-digit" }, seconds);

/** Return the day of a moment: today and yesterday by name. */
export function day(seconds) {
  const midnight = (date) => new Date(date).setHours(0, 0, 0, 0);
  const ago = Math.round((midnight(Date.now()) - midnight(seconds * 1000)) / 86_400_000);
  if (ago > 1) return format({ weekday: "long", day: "numeric", month: "long", year: "numeric" }, seconds);
  return new Intl.RelativeTimeFormat(language, { numeric: "auto" }).format(-ago, "day");
}

function format(options, seconds) {
  return new Intl.DateTimeFormat(language, options).format(new Date(seconds * 1000));
}
