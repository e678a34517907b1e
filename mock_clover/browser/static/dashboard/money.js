// The life of a thing's money: each step with its time and amount, and what stands after it as a bar.

import { el } from "./dom.js";
import { dateOf, moneyOf, spanOf, stampOf } from "./format.js";

const IN = ["captured", "paid", "loaded", "tip added", "authorized", "refund canceled"];
const OUT = ["refunded", "voided", "released", "expired", "redeemed"];
const BAD = ["declined", "expired"];

/** Draw the steps, from the first; a bar is as long as what stands then, of the most there was. */
export function timeline(moments, currency, amount) {
  const most = Math.max(1, amount ?? 0, ...moments.map((each) => each.balance ?? 0));
  const steps = moments.map((each, place) => step(each, moments[place - 1], most, currency));
  return el("section", { "aria-label": "What became of it" },
    el("h3", {}, "What became of it"), el("ol", { class: "money" }, steps));
}

function step(each, before, most, currency) {
  const kind = IN.includes(each.what) ? "in" : OUT.includes(each.what) ? "out"
    : BAD.includes(each.what) ? "bad" : "plain";
  const sign = { in: "+", out: "−", bad: "✕", plain: "·" }[kind];
  const later = before && each.at_ms > before.at_ms ? `${spanOf(each.at_ms - before.at_ms)} later` : "";
  const has = each.balance !== undefined && each.balance !== null;
  const fill = el("span", { class: `fill ${kind}` });
  fill.style.width = `${has ? Math.max(0, Math.min(1, each.balance / most)) * 100 : 0}%`;
  return el("li", { class: `moment ${kind}` },
    el("span", { class: "dot", "aria-hidden": "true" }, sign),
    el("div", { class: "told" }, el("strong", {}, each.what),
      el("time", { datetime: stampOf(each.at_ms) }, dateOf(each.at_ms)),
      later ? el("span", { class: "soft" }, later) : null,
      each.by ? el("span", { class: "mono soft" }, each.by) : null),
    el("span", { class: "number" }, moneyOf(each.amount, currency)),
    has ? el("div", { class: "stands" }, el("span", { class: "track", "aria-hidden": "true" }, fill),
      el("span", { class: "number soft" }, `${moneyOf(each.balance, currency)} stands`)) : null);
}
