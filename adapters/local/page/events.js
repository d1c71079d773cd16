// The stream of what happens. It survives lost connections, restarts of the server and sleeping tabs.

const KINDS = ["message", "removed", "standing", "reset"];
const RETRY_MS = 1500;
const SLEEP_MS = 60_000; // a hidden page gives its connection back: browsers allow only a few to one server

/**
 * Listen until the page is closed. `hear(kind, data)` gets every event in order; `link(state)` hears "open", "lost"
 * or "locked"; `idle()` tells whether the page may sleep while it is hidden.
 */
export function listen({ hear, link, idle }) {
  let source = null;
  let last = "";
  let retry = 0;
  let sleep = 0;

  function open() {
    clearTimeout(retry);
    source?.close();
    source = new EventSource(last ? `/api/events?after=${encodeURIComponent(last)}` : "/api/events");
    source.onopen = () => link("open");
    source.onerror = lost;
    for (const kind of KINDS) {
      source.addEventListener(kind, (event) => {
        last = event.lastEventId || last;
        hear(kind, JSON.parse(event.data));
      });
    }
  }

  async function lost() {
    link("lost");
    source.close();
    retry = setTimeout(open, RETRY_MS);
    // An event source does not tell why; only a plain request sees that the cookie is no longer good.
    const answer = await fetch("/api/session").catch(() => null);
    if (answer?.status === 401) {
      clearTimeout(retry);
      link("locked");
    }
  }

  document.addEventListener("visibilitychange", () => {
    clearTimeout(sleep);
    if (!document.hidden) {
      if (source.readyState === EventSource.CLOSED) open();
    } else {
      sleep = setTimeout(function nap() {
        if (idle()) source.close();
        else sleep = setTimeout(nap, SLEEP_MS);
      }, SLEEP_MS);
    }
  });
  open();
}
