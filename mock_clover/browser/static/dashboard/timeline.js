// The payment history of an object: each event with its time and amount, and the balance as a bar.

import { el } from "./dom.js";
import { dateOf, durationOf, moneyOf, stampOf } from "./format.js";
import { OUTCOMES } from "./request-log.js";

const IN = ["captured", "paid", "loaded", "tip added", "authorized", "refund canceled"];
const OUT = ["refunded", "voided", "released", "expired", "redeemed"];
const BAD = ["expired"];
const LATER_MS = 1000; // steps that follow at once need no duration

/** Draw the events, oldest first; a bar shows the balance relative to the largest one. */
export function timeline(events, currency, amount) {
  const most = Math.max(1, amount ?? 0, ...events.map((each) => each.balance ?? 0));
  const steps = events.map((each, place) => eventItem(each, events[place - 1], { most, currency }));
  return el("section", { "aria-label": "Payment history" },
    el("h3", {}, "Payment history"), el("ol", { class: "money" }, steps));
}

/** Draw one event; `more` is shown below its name. */
export function eventItem(event, previous, { most, currency }, more = null) {
  const kind = IN.includes(event.what) ? "in" : OUT.includes(event.what) ? "out"
    : BAD.includes(event.what) ? "bad" : "other";
  const outcome = event.what in OUTCOMES ? event.what : null; // a decline looks as in the list of requests
  const sign = outcome ? OUTCOMES[outcome].sign : { in: "+", out: "−", bad: "✕", other: "·" }[kind];
  const laterMs = previous ? event.at_ms - previous.at_ms : 0;
  const later = laterMs >= LATER_MS ? `${durationOf(laterMs)} later` : "";
  const has = event.balance !== undefined && event.balance !== null;
  const fill = el("span", { class: `fill ${kind}` });
  fill.style.width = `${has ? Math.max(0, Math.min(1, event.balance / most)) * 100 : 0}%`;
  return el("li", { class: `event ${outcome ? `is-${outcome}` : kind}` },
    el("span", { class: "dot", "aria-hidden": "true" }, sign),
    el("div", { class: "event-text" }, el("strong", {}, event.what),
      el("time", { datetime: stampOf(event.at_ms) }, dateOf(event.at_ms)),
      later ? el("span", { class: "soft" }, later) : null,
      event.by ? el("span", { class: "mono soft" }, event.by) : null, more),
    el("span", { class: "number" }, moneyOf(event.amount, currency)),
    has ? el("div", { class: "balance" }, el("span", { class: "track", "aria-hidden": "true" }, fill),
      el("span", { class: "number soft" }, `balance ${moneyOf(event.balance, currency)}`)) : null);
}
