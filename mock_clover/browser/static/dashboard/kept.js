// The exchanges that the page keeps: the newest thousand, and of each what a list shows and its text.
// A thousand long bodies stay bounded: a text is cut, and the whole of one exchange is asked for.

export const KEPT_MAX = 1000;
const TEXT_MAX = 16_384;

export const OUTCOMES = {
  ok: { sign: "●", word: "ok" },
  declined: { sign: "◆", word: "declined" },
  refused: { sign: "▲", word: "refused" },
  failed: { sign: "✕", word: "failed" },
};
export const MARKS = { fault: "fault", replayed: "replayed" };

/** How an exchange ended: each has a colour, a sign and a word. */
export function outcomeOf(exchange) {
  if (exchange.status === 402) return "declined";
  if (exchange.status < 100 || exchange.status >= 500) return "failed";
  return exchange.status >= 400 ? "refused" : "ok";
}

/** Return a text of its own: a slice would keep the whole piece of the stream that it came with. */
const copyOf = (text) => ` ${text}`.slice(1);

/** Read an exchange's JSON into what is kept of it. */
export function keep(text, heardMs) {
  const told = JSON.parse(text);
  return {
    id: told.id,
    at_ms: told.at_ms,
    heardMs,
    method: told.method,
    path: told.path,
    status: told.status,
    why: told.why,
    endpoint: told.endpoint,
    fault: told.fault ?? "",
    replayed: told.idempotency === "replayed",
    took_us: told.took_us ?? 0,
    outcome: outcomeOf(told),
    text: copyOf(text.length > TEXT_MAX ? text.slice(0, TEXT_MAX) : text),
    isWhole: text.length <= TEXT_MAX,
    lower: null,
  };
}

/** A ring of exchanges, oldest first. */
export class Kept {
  constructor() {
    this.entries = [];
  }

  /** Add exchanges; return how many of the oldest went. */
  add(entries) {
    this.entries.push(...entries.slice(-KEPT_MAX));
    const gone = this.entries.length - KEPT_MAX;
    if (gone > 0) this.entries.splice(0, gone);
    return Math.max(gone, 0);
  }

  /** Find by the id; ids rise. */
  find(id) {
    const place = placeOf(this.entries, id);
    return this.entries[place]?.id === id ? this.entries[place] : null;
  }
}

/** The place of the first exchange with this id or a greater one. */
export function placeOf(entries, id) {
  let low = 0;
  let high = entries.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (entries[middle].id < id) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** What a person asked to see: outcomes and marks, methods, one operation, words. */
export class Filter {
  constructor({ shown = [], methods = [], operation = "", words = "" } = {}) {
    this.shown = new Set(shown);
    this.methods = new Set(methods);
    this.operation = operation;
    this.words = words.toLowerCase().split(/\s+/).filter(Boolean);
    this.isAll = !this.shown.size && !this.methods.size && !operation && !this.words.length;
  }

  takes(entry) {
    if (this.isAll) return true;
    if (this.methods.size && !this.methods.has(entry.method)) return false;
    if (this.operation && entry.endpoint !== this.operation) return false;
    if (this.shown.size && !this.isShown(entry)) return false;
    if (!this.words.length) return true;
    entry.lower ??= entry.text.toLowerCase();
    return this.words.every((word) => entry.lower.includes(word));
  }

  isShown(entry) {
    return (
      this.shown.has(entry.outcome) ||
      (entry.fault !== "" && this.shown.has("fault")) ||
      (entry.replayed && this.shown.has("replayed"))
    );
  }
}
