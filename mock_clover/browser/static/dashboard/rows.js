// The rows of the list of requests, and the lines between them: days, and jumps of the clock.

import { add, el } from "./dom.js";
import { withoutEvidence } from "./evidence.js";
import { dayOf, dayText, delayText, jumpText, latencyText, timeOf } from "./format.js";
import { OUTCOMES } from "./request-log.js";
import { dueText } from "./times.js";

const CELLS = ["time", "status", "method", "path", "payment", "why", "op", "took", "line"];

/**
 * Return the items of the list, oldest first: the entries, and above each day and each jump a line.
 * The days have lines only if there are several. A line above an entry has the id of the entry and a
 * fraction, so that ids are ascending. The result is a new list.
 */
export function withLines(entries, jumps) {
  for (const entry of entries) entry.day ??= dayOf(entry.at_ms);
  const hasDays = entries.length > 0 && entries[0].day !== entries.at(-1).day;
  let next = jumps.findIndex((jump) => jump.from_ms >= entries[0]?.at_ms);
  if (next < 0) next = jumps.length;
  if (!hasDays && next === jumps.length) return [...entries];
  const items = [];
  entries.forEach((entry, place) => {
    items.push(entry);
    const newer = entries[place + 1];
    if (hasDays && newer?.day !== entry.day) items.push({ id: entry.id + 0.01, line: dayText(entry.at_ms) });
    for (let id = entry.id + 0.02; next < jumps.length && !(jumps[next].from_ms >= newer?.at_ms); id += 0.01) {
      const jump = jumps[next];
      items.push({ id, line: `◷ ${jumpText(jump.to_ms - jump.from_ms)}`, more: dueText(jump), isJump: true });
      next += 1;
    }
  });
  return items;
}

export const makeRow = () => el("div", { class: "row" }, CELLS.map((name) => el("span", { class: `c-${name}` })));

export function fillRow(row, item) {
  if (item.line) fillLine(row, item);
  else fillEntry(row, item);
}

function fillLine(row, { line, more, isJump }) {
  row.className = `row line${isJump ? " is-jump" : ""}`;
  row.lastChild.replaceChildren();
  add(row.lastChild, [el("b", {}, line), more ? ` ${more}` : ""]);
}

function fillEntry(row, entry) {
  const [time, status, method, path, payment, why, op, took] = row.children;
  const { sign, word } = OUTCOMES[entry.outcome];
  row.className = `row is-${entry.outcome}`;
  time.textContent = timeOf(entry.at_ms);
  status.textContent = `${sign} ${entry.lost ? "lost" : entry.status}`;
  payment.textContent = entry.payment;
  if (entry.payment && entry.about) payment.append(el("span", { class: "about" }, ` · ${entry.about}`));
  payment.setAttribute("title", payment.textContent); // long ones are cut
  why.setAttribute("title", entry.why);
  path.setAttribute("title", entry.endpoint);
  status.setAttribute("title", entry.lost ? "lost: the client got no complete response" : word);
  method.textContent = entry.method;
  path.textContent = entry.path;
  op.textContent = entry.endpoint;
  took.textContent = latencyText(entry.took_us || null);
  if (entry.delay_ms) took.setAttribute("title", delayText(entry.delay_ms));
  else took.removeAttribute("title");
  why.replaceChildren();
  add(why, [
    entry.fault && el("span", { class: "badge fault" }, "⚡ fault"),
    entry.replayed && el("span", { class: "badge replayed" }, "↺ replayed"),
    withoutEvidence(entry.fault ? entry.why.replace(/^fault: /, "") : entry.why),
  ]);
}
