// The stream of exchanges: by fetch, since a control token is a header. It goes on without a gap
// after a break, and tells when the journal is another one: of a new server, or of a new sandbox.

import { ask, CallError, get, SANDBOX } from "./api.js";

const WAIT_MS = 500;
const WAIT_MS_MAX = 8000;
const JOURNAL_MAX = 1000;
const SILENCE_MS_MAX = 40_000; // the server says something every fifteen seconds

/**
 * Follow the journal. `onTexts(list of [id, text], afresh)` gets what came, each exchange as its
 * JSON; `onState(state, words)` one of live, lost, locked, dropped.
 */
export function follow(onTexts, onState) {
  const self = { last: null, waker: null, control: null };
  run(self, onTexts, onState);
  self.retry = () => self.waker?.();
  self.anew = () => { // as of another merchant
    self.last = null;
    onTexts([], true);
    self.control?.abort();
    self.retry();
  };
  window.addEventListener("online", self.retry);
  return self;
}

async function run(self, onTexts, onState) {
  let waitMs = WAIT_MS;
  for (;;) {
    let isLive = false;
    try {
      await read(self, onTexts, () => {
        isLive = true;
        waitMs = WAIT_MS;
        onState("live", "");
      });
      if (isLive && (await isDropped())) {
        onState("dropped", "");
        await untilBack();
        self.last = null;
        onTexts([], true);
        continue;
      }
      onState("lost", "");
    } catch (error) {
      const isRefused = error instanceof CallError && error.status > 0;
      onState(isRefused ? "locked" : "lost", isRefused ? error.message : "");
      if (isRefused) waitMs = 86_400_000; // until somebody wants to try again
    }
    await new Promise((resolve) => {
      self.waker = resolve;
      setTimeout(resolve, waitMs);
    });
    waitMs = Math.min(waitMs * 2, WAIT_MS_MAX);
  }
}

/** Read what the journal has, then the stream to its end; another journal is read from its start. */
async function read(self, onTexts, onLive) {
  const control = (self.control = new AbortController());
  let guard = setTimeout(() => control.abort(), SILENCE_MS_MAX);
  try {
    if (!self.last) await readAll(self, onTexts, onLive);
    let toCheck = self.last;
    const reply = await ask("journal", {
      headers: { accept: "text/event-stream", "last-event-id": String(toCheck ? toCheck.id - 1 : 0) },
      signal: control.signal,
    });
    if (!reply.ok) throw new Error(`the stream answered ${reply.status}`);
    const reader = reply.body.pipeThrough(new TextDecoderStream()).getReader();
    let rest = "";
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      clearTimeout(guard);
      guard = setTimeout(() => control.abort(), SILENCE_MS_MAX);
      const cut = (rest += value).lastIndexOf("\n\n");
      if (cut < 0) continue;
      let texts = eventsOf(rest.slice(0, cut));
      rest = rest.slice(cut + 2);
      if (toCheck) {
        if (!texts.length || markOf(JSON.parse(texts[0][1])) !== toCheck.mark) {
          self.last = null;
          onTexts([], true);
          control.abort();
          return read(self, onTexts, onLive);
        }
        texts = texts.slice(1);
        toCheck = null;
      }
      onLive();
      take(self, texts, onTexts);
    }
  } finally {
    clearTimeout(guard);
    control.abort();
  }
}

/** Take all that the journal has, in one answer: it is there sooner than by the stream. */
async function readAll(self, onTexts, onLive) {
  const { data } = await get(`journal?limit=${JOURNAL_MAX}`);
  onLive();
  take(self, data.map((each) => [each.id, JSON.stringify(each)]), onTexts);
}

function take(self, texts, onTexts) {
  if (!texts.length) return;
  const [id, text] = texts.at(-1);
  self.last = { id, mark: markOf(JSON.parse(text)) };
  onTexts(texts, false);
}

/** What one exchange has that another with its number, of another journal, has not. */
const markOf = ({ id, at_ms: at, path, took_us: took }) => `${id} ${at} ${took} ${path}`;

/** Return the events of a piece of the stream, as [id, text]; comments are none. */
function eventsOf(piece) {
  const events = [];
  for (const block of piece.split("\n\n")) {
    if (!block.startsWith("id: ")) continue;
    const end = block.indexOf("\n");
    events.push([Number(block.slice(4, end)), block.slice(end + 7)]);
  }
  return events;
}

/** Tell whether the sandbox is no more: to ask by its own path would make it anew. */
async function isDropped() {
  if (SANDBOX === "default") return false;
  try {
    await get(`sandboxes/${encodeURIComponent(SANDBOX)}`, { root: true });
    return false;
  } catch (error) {
    return error.status === 404;
  }
}

async function untilBack() {
  do await new Promise((resolve) => setTimeout(resolve, 2000));
  while (await isDropped());
}
