// What the page asks of the server.

/** An answer that says no, with a sentence for the person. */
export class Refusal extends Error {
  constructor(status, sentence) {
    super(sentence);
    this.status = status;
  }
}

/** Ask, and return the JSON answer. Throws Refusal, and TypeError when the server cannot be reached. */
async function ask(method, path, body) {
  const options = { method };
  if (body instanceof FormData) options.body = body;
  else if (body) Object.assign(options, { body: JSON.stringify(body), headers: { "Content-Type": "application/json" } });
  const response = await fetch(path, options);
  const answer = await response.json().catch(() => ({}));
  if (!response.ok) throw new Refusal(response.status, answer.error ?? "");
  return answer;
}

export const session = () => ask("GET", "/api/session");
export const messages = (before) => ask("GET", before ? `/api/messages?before=${before}` : "/api/messages");
export const again = (message, press) => ask("POST", `/api/messages/${message}/again`, { id: press });
export const undo = (message, press) => ask("POST", `/api/messages/${message}/undo`, { id: press });
export const details = (message) => ask("GET", `/api/messages/${message}/details`);
export const remove = (message) => ask("DELETE", `/api/messages/${message}`);
export const cancel = (job) => ask("POST", `/api/jobs/${job}/cancel`, {});
export const pictureUrl = (id) => `/api/pictures/${id}`;
export const previewUrl = (job, number) => `/api/jobs/${job}/preview?n=${number}`;

/** Send a message. The same draft may be sent again: the server takes it once. */
export function send(draft) {
  const form = new FormData();
  form.append("id", draft.id);
  form.append("text", draft.text);
  if (draft.target) {
    form.append("reply_to", draft.target.message.id);
    form.append("picture", draft.target.picture.id);
  }
  for (const each of draft.files) form.append("file", each.file, each.file.name);
  if (draft.mask) form.append("mask", draft.mask.file, draft.mask.file.name);
  return ask("POST", "/api/messages", form);
}
