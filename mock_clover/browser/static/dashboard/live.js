// The stream of exchanges, by fetch, because the control token is a header. It resumes without gaps
// after a disconnect, and detects when the journal has been replaced: by a new server or sandbox.

import { ask, get, RequestError, SANDBOX } from "./api.js";

const WAIT_MS = 500;
const WAIT_MS_MAX = 8000;
const JOURNAL_MAX = 1000;
const SILENCE_MS_MAX = 40_000; // the server sends a comment every fifteen seconds

/**
 * Follow the journal. `onEvents(list of [id, json], isReset, clock)` receives the new exchanges; with
 * `clock`, the response of clock/moves, they are older: the page was not connected.
 * `onState(state, message)` receives one of live, lost, locked, deleted.
 */
export function follow(onEvents, onState) {
  const self = { last: null, waker: null, control: null };
  run(self, onEvents, onState);
  self.retry = () => self.waker?.();
  self.restart = () => { // for another merchant
    self.last = null;
    onEvents([], true);
    self.control?.abort();
    self.retry();
  };
  window.addEventListener("online", self.retry);
  return self;
}

async function run(self, onEvents, onState) {
  let waitMs = WAIT_MS;
  for (;;) {
    let isLive = false;
    try {
      await read(self, onEvents, () => {
        isLive = true;
        waitMs = WAIT_MS;
        onState("live", "");
      });
      if (isLive && (await isDeleted())) {
        onState("deleted", "");
        await waitUntilRecreated();
        self.last = null;
        onEvents([], true);
        continue;
      }
      onState("lost", "");
    } catch (error) {
      const isRejected = error instanceof RequestError && error.status > 0;
      onState(isRejected ? "locked" : "lost", isRejected ? error.message : "");
      if (isRejected) waitMs = 86_400_000; // until the user retries
    }
    await new Promise((resolve) => {
      self.waker = resolve;
      setTimeout(resolve, waitMs);
    });
    waitMs = Math.min(waitMs * 2, WAIT_MS_MAX);
  }
}

/** Read the journal, then the stream to its end; read a replaced journal from its start. */
async function read(self, onEvents, onLive) {
  const control = (self.control = new AbortController());
  let guard = setTimeout(() => control.abort(), SILENCE_MS_MAX);
  try {
    const isResumed = self.last !== null;
    if (!isResumed) await readAll(self, onEvents);
    let toVerify = self.last;
    let missed = isResumed ? await get("clock/moves", { creates: true }) : null;
    const reply = await ask("journal", {
      creates: true,
      headers: { accept: "text/event-stream", "last-event-id": String(toVerify ? toVerify.id - 1 : 0) },
      signal: control.signal,
    });
    if (!reply.ok) throw new Error(`the stream returned status ${reply.status}`);
    if (!toVerify) onLive(); // not before the server records changes for this page
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
      if (toVerify) {
        if (!texts.length || fingerprintOf(JSON.parse(texts[0][1])) !== toVerify.fingerprint) {
          self.last = null;
          onEvents([], true);
          control.abort();
          return read(self, onEvents, onLive);
        }
        texts = texts.slice(1);
        toVerify = null;
      }
      onLive();
      deliver(self, texts, onEvents, missed);
      missed = null;
    }
  } finally {
    clearTimeout(guard);
    control.abort();
  }
}

/** Load the whole journal with one request, which is faster than the stream. */
async function readAll(self, onEvents) {
  const [{ data }, clock] = await Promise.all([
    get(`journal?limit=${JOURNAL_MAX}`, { creates: true }), get("clock/moves"),
  ]);
  deliver(self, data.map((each) => [each.id, JSON.stringify(each)]), onEvents, clock);
}

function deliver(self, texts, onEvents, clock = null) {
  if (texts.length) {
    const [id, text] = texts.at(-1);
    self.last = { id, fingerprint: fingerprintOf(JSON.parse(text)) };
  }
  if (texts.length || clock) onEvents(texts, false, clock);
}

/** Return a string that distinguishes an exchange from one with the same id in another journal. */
const fingerprintOf = ({ id, at_ms: at, path, took_us: took }) => `${id} ${at} ${took} ${path}`;

/** Parse a chunk of the stream into events, as [id, json]; skip comments. */
function eventsOf(piece) {
  const events = [];
  for (const block of piece.split("\n\n")) {
    if (!block.startsWith("id: ")) continue;
    const end = block.indexOf("\n");
    events.push([Number(block.slice(4, end)), block.slice(end + 7)]);
  }
  return events;
}

/** Return whether the sandbox was deleted; a request under its own path would recreate it. */
async function isDeleted() {
  if (SANDBOX === "default") return false;
  try {
    await get(`sandboxes/${encodeURIComponent(SANDBOX)}`, { root: true });
    return false;
  } catch (error) {
    return error.status === 404;
  }
}

async function waitUntilRecreated() {
  do await new Promise((resolve) => setTimeout(resolve, 2000));
  while (await isDeleted());
}
