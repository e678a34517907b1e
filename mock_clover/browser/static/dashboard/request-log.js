// The newest thousand exchanges: for each, the values that the list shows, and its JSON for the search.
// The JSON is truncated, so that memory is bounded; the detail view loads the complete exchange.

import { shownText } from "./format.js";
import { paymentOf, paymentText } from "./payment.js";

export const LOG_MAX = 1000;
const TEXT_MAX = 16_384;

export const OUTCOMES = {
  ok: { sign: "●", word: "ok" },
  declined: { sign: "◆", word: "declined" },
  rejected: { sign: "▲", word: "rejected" },
  failed: { sign: "✕", word: "failed" },
  lost: { sign: "∅", word: "lost" },
};
export const FLAGS = {
  fault: { sign: "⚡", word: "fault" },
  replayed: { sign: "↺", word: "replayed" },
  unserved: { sign: "?", word: "not served" },
};

/** Return the outcome of an exchange, a key of OUTCOMES. */
export function outcomeOf(exchange) {
  if (exchange.outcome in OUTCOMES) return exchange.outcome;
  if (exchange.status === 402) return "declined";
  if (exchange.status < 100 || exchange.status >= 500) return "failed";
  return exchange.status >= 400 ? "rejected" : "ok";
}

/** Copy a string: a slice would keep the whole chunk of the stream in memory. */
const copyOf = (text) => ` ${text}`.slice(1);

/** Parse the JSON of an exchange; `timeAt` turns a time of the sandbox into one of this machine. */
export function parseEntry(text, timeAt) {
  const exchange = JSON.parse(text);
  const payment = paymentOf(exchange);
  return {
    id: exchange.id,
    at_ms: exchange.at_ms,
    receivedMs: timeAt(exchange.at_ms),
    method: exchange.method,
    path: exchange.path,
    status: exchange.status,
    lost: exchange.outcome === "lost",
    why: shownText(exchange.why),
    endpoint: exchange.endpoint,
    fault: exchange.fault ?? "",
    replayed: exchange.idempotency === "replayed",
    took_us: exchange.took_us ?? 0,
    delay_ms: exchange.delay_ms ?? 0,
    outcome: outcomeOf(exchange),
    text: copyOf(text.length > TEXT_MAX ? text.slice(0, TEXT_MAX) : text),
    isWhole: text.length <= TEXT_MAX,
    payment: paymentText(payment),
    about: payment.description,
    lower: null,
    plainAmount: payment.plainAmount,
  };
}

/** The newest exchanges, oldest first. */
export class RequestLog {
  constructor() {
    this.entries = [];
  }

  /** Add exchanges; return how many of the oldest were removed. */
  add(entries) {
    this.entries.push(...entries.slice(-LOG_MAX));
    const gone = this.entries.length - LOG_MAX;
    if (gone > 0) this.entries.splice(0, gone);
    return Math.max(gone, 0);
  }

  /** Find an entry by id; ids are ascending. */
  find(id) {
    const place = indexFrom(this.entries, id);
    return this.entries[place]?.id === id ? this.entries[place] : null;
  }
}

/** Return the index of the first entry with this id or a greater one. */
export function indexFrom(entries, id) {
  let low = 0;
  let high = entries.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (entries[middle].id < id) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The filter of the list: outcomes and flags, methods, one operation, words, a span of time. */
export class Filter {
  constructor({ shown = [], methods = [], operation = "", words = "", span = null } = {}) {
    this.shown = new Set(shown);
    this.methods = new Set(methods);
    this.operation = operation;
    this.words = words.toLowerCase().split(/\s+/).filter(Boolean);
    this.span = span;
    this.isAll = !this.shown.size && !this.methods.size && !operation && !this.words.length && !span?.isSet;
  }

  takes(entry) {
    if (this.isAll) return true;
    if (this.span && !this.span.has(entry.receivedMs)) return false;
    if (this.methods.size && !this.methods.has(entry.method)) return false;
    if (this.operation && entry.endpoint !== this.operation) return false;
    if (this.shown.size && !this.isShown(entry)) return false;
    if (!this.words.length) return true;
    entry.lower ??= `${entry.text} ${entry.why} ${entry.payment} ${entry.plainAmount}`.toLowerCase();
    return this.words.every((word) => entry.lower.includes(word));
  }

  isShown(entry) {
    return (
      this.shown.has(entry.outcome) ||
      (entry.fault !== "" && this.shown.has("fault")) ||
      (entry.replayed && this.shown.has("replayed")) ||
      (entry.endpoint === "" && this.shown.has("unserved"))
    );
  }
}
