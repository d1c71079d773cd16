// The small list of commands that opens while one is typed.

import { byId, el } from "./dom.js";

const list = byId("suggestions");
const text = byId("text");
let commands = [];
let matching = [];
let active = 0;

/** Set the commands there are. */
export function connect(session) {
  commands = session.commands;
}

/** Open the list for what is typed, or close it. */
export function update() {
  const typed = text.value.startsWith("/") ? text.value.slice(1).toLowerCase() : null;
  matching = typed === null ? [] : commands.filter(({ name }) => name.startsWith(typed) && name !== typed);
  active = 0;
  draw();
}

/** Let the list have a key if it is open; return whether it took it. */
export function key(event) {
  if (list.hidden) return false;
  if (event.key === "ArrowDown") move(1);
  else if (event.key === "ArrowUp") move(-1);
  else if (event.key === "Enter" || event.key === "Tab") choose(matching[active]);
  else if (event.key === "Escape") close();
  else return false;
  return true;
}

/** Close the list until something is typed. */
export function close() {
  matching = [];
  draw();
}

function move(by) {
  active = (active + by + matching.length) % matching.length;
  draw();
}

function choose(command) {
  text.value = `/${command.name} `;
  close();
  text.focus();
  text.dispatchEvent(new Event("input", { bubbles: true }));
}

function draw() {
  list.replaceChildren(...matching.map((command, index) => {
    const item = el("li", { id: `suggestion-${index}`, role: "option", "aria-selected": index === active },
      el("code", {}, command.usage), el("span", {}, command.description));
    item.addEventListener("mousedown", (event) => {
      event.preventDefault(); // keeps the focus in the box
      choose(command);
    });
    return item;
  }));
  list.hidden = matching.length === 0;
  list.children[active]?.scrollIntoView({ block: "nearest" });
  text.setAttribute("aria-expanded", !list.hidden);
  if (list.hidden) text.removeAttribute("aria-activedescendant");
  else text.setAttribute("aria-activedescendant", `suggestion-${active}`);
}
