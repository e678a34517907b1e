// The exchanges: what came is kept at once and drawn with the next frame, however much it was.

import { Buckets } from "./buckets.js";
import { Chart } from "./chart.js";
import { add, byId, el, say } from "./dom.js";
import { announce } from "./dialogs.js";
import { closeDetail, openDetail } from "./detail.js";
import { count, some, timeOf, tookOf } from "./format.js";
import { Filter, keep, Kept, MARKS, OUTCOMES, placeOf } from "./kept.js";
import { LongList } from "./list.js";
import { go, here, to } from "./routes.js";

const METHODS_MAX = 9;
const ADDRESS_MS = 200;
const MOVE_MS = 90; // a held key passes over many: only where it rests is asked for

const kept = new Kept();
const buckets = new Buckets();
const state = {
  filter: new Filter(), items: [], held: null, heldCount: 0, clearedId: 0, openId: null,
  isDue: false, isStale: true, operations: new Set(), arrived: 0, isStarted: false, isDrawn: false, moving: 0,
};
let list;
let chart;

/** Make the parts of the view; those that do not change stand in the page already. */
export function startExchanges() {
  list = new LongList(byId("list"), { make: makeRow, fill: fillRow, onMove: moved });
  chart = new Chart(buckets);
  const chips = byId("chips-shown");
  for (const [name, { sign, word }] of Object.entries(OUTCOMES)) chips.append(chip(name, word, sign));
  for (const [name, word] of Object.entries(MARKS)) chips.append(chip(name, word, name === "fault" ? "⚡" : "↺"));
  byId("operation").addEventListener("change", filtered);
  byId("search").addEventListener("input", filtered);
  byId("pause").addEventListener("click", pause);
  byId("clear").addEventListener("click", clear);
  byId("newer").addEventListener("click", () => { list.toTop(); draw(); });
  byId("unfilter").addEventListener("click", () => { readQuery(new URLSearchParams()); filtered(); });
  const scroller = byId("list");
  scroller.addEventListener("click", clicked);
  scroller.addEventListener("keydown", pressed);
  scroller.addEventListener("scroll", tellNewer, { passive: true });
}

function chip(name, word, sign) {
  const box = el("input", {
    type: "checkbox", id: `chip-${name}`, value: name, on: { change: filtered },
  });
  const shown = sign ? el("span", { class: `sign ${name}`, "aria-hidden": "true" }, sign) : null;
  return el("span", { class: "chip" }, box, el("label", { for: box.id }, shown, word));
}

/** Show what the address says: an exchange, a filter. */
export function openExchanges(parts, query) {
  readQuery(query);
  refilter();
  const id = Number(parts[0]);
  if (Number.isInteger(id) && id > 0) open(id);
  else shut();
}

/** Take exchanges as they come; `afresh`: those of before are of another journal. */
export function receive(events, afresh) {
  if (afresh) {
    kept.entries = [];
    checkedId = 0;
    buckets.clear();
    list.reset();
    Object.assign(state, { held: state.held && [], heldCount: 0, clearedId: 0, isStale: true });
    shut();
    announce(() => "The list begins afresh.");
  }
  const nowMs = Date.now();
  const newestMs = events.length ? JSON.parse(events.at(-1)[1]).at_ms : 0;
  const isFirst = !state.isStarted || afresh;
  const entries = events.map(([, text]) => keep(text, nowMs));
  // What happened before the page was opened lies back as far as the sandbox's clock says.
  if (isFirst) for (const entry of entries) entry.heardMs = nowMs - Math.max(0, newestMs - entry.at_ms);
  state.isStarted ||= true;
  buckets.add(entries);
  if (state.held) hold(entries);
  else if (entries.length) take(entries);
  if (!isFirst && entries.length) tell(entries.length);
  later();
}

function take(entries) {
  const gone = kept.add(entries);
  const fresh = entries.filter((entry) => state.filter.takes(entry));
  if (state.isStale) return;
  state.items.push(...fresh);
  if (gone && state.items.length) {
    const first = placeOf(state.items, kept.entries[0].id);
    if (first) state.items.splice(0, first);
  }
}

function hold(entries) {
  state.heldCount += entries.length;
  state.held.push(...entries);
  if (state.held.length > 1000) state.held.splice(0, state.held.length - 1000);
}

function tell(n) {
  state.arrived += n;
  announce(() => {
    const words = `${some(state.arrived, "new exchange")}, the last: ${lastWords()}`;
    state.arrived = 0;
    return words;
  });
}

function lastWords() {
  const last = kept.entries.at(-1);
  return last ? `${last.method} ${last.path}, ${last.status}` : "none";
}

/** Draw with the next frame. */
function later() {
  if (state.isDue) return;
  state.isDue = true;
  requestAnimationFrame(() => {
    state.isDue = false;
    draw();
  });
}

function draw() {
  if (state.isStale) {
    state.items = kept.entries.filter((each) => each.id > state.clearedId && state.filter.takes(each));
    state.isStale = false;
    list.topId = null;
  }
  list.show(state.items);
  if (!state.isDrawn && state.items.length) {
    state.isDrawn = true;
    performance.mark("exchanges drawn"); // for those who measure how quickly the page opens
  }
  if (state.openId !== null && list.cursorId === null) list.moveTo(state.openId, false);
  const all = kept.entries.length - placeOf(kept.entries, state.clearedId + 1);
  const n = state.items.length;
  say(byId("shown-count"), n === all ? some(n, "exchange") : `${count(n)} of ${some(all, "exchange")}`);
  byId("none").hidden = n > 0;
  say(byId("none-words"), all ? "Nothing of what is kept is like that." : "Waiting for the first call.");
  byId("none-help").hidden = all > 0;
  byId("unfilter").hidden = state.filter.isAll;
  say(byId("pause-count"), state.held ? `${count(state.heldCount)} waiting` : "");
  tellNewer();
  if (kept.entries.length) knowOperations();
}

function tellNewer() {
  const above = list.hiddenAbove;
  const newer = byId("newer");
  newer.hidden = above === 0;
  if (above) say(newer, `▲ ${count(above)} newer`);
}

let checkedId = 0;

/** Offer a method that was used. */
function knowMethod(method) {
  const chips = byId("chips-methods");
  if (byId(`chip-${method}`) || chips.children.length >= METHODS_MAX || !method) return;
  const made = chip(method, method, "");
  const after = [...chips.children].find((each) => each.textContent > method);
  chips.insertBefore(made, after ?? null);
}

/** Offer the operations that were called. */
function knowOperations() {
  for (let place = placeOf(kept.entries, checkedId + 1); place < kept.entries.length; place += 1) {
    const { endpoint, id, method } = kept.entries[place];
    checkedId = id;
    knowMethod(method);
    if (!endpoint || state.operations.has(endpoint)) continue;
    state.operations.add(endpoint);
    const options = [...byId("operation").options];
    const next = options.find((option) => option.value && option.value > endpoint);
    byId("operation").add(el("option", { value: endpoint }, endpoint), next ?? null);
  }
}

function makeRow() {
  const cells = ["time", "status", "method", "path", "why", "op", "took"].map((name) =>
    el("span", { class: `c-${name}` }));
  return el("div", { role: "option", class: "row" }, cells);
}

function fillRow(row, entry) {
  const [time, status, method, path, why, op, took] = row.children;
  const { sign, word } = OUTCOMES[entry.outcome];
  row.className = `row is-${entry.outcome}`;
  time.textContent = timeOf(entry.at_ms);
  status.textContent = `${sign} ${entry.status || "–"}`;
  status.setAttribute("title", word);
  method.textContent = entry.method;
  path.textContent = entry.path;
  op.textContent = entry.endpoint;
  took.textContent = tookOf(entry.took_us || null);
  why.replaceChildren();
  add(why, [
    entry.fault && el("span", { class: "badge fault" }, "⚡ fault"),
    entry.replayed && el("span", { class: "badge replayed" }, "↺ replayed"),
    entry.why,
  ]);
}

function clicked(event) {
  const row = event.target.closest("[role=option]");
  if (row) list.moveTo(Number(row.id.slice(2)), false);
  if (row) go(addressOf(list.cursorId));
}

const MOVES = {
  ArrowDown: () => list.step(1), ArrowUp: () => list.step(-1),
  PageDown: () => list.step(list.pageRows), PageUp: () => list.step(-list.pageRows),
  Home: () => list.step(-1e9), End: () => list.step(1e9),
  Enter: () => enter(),
};

function pressed(event) {
  const act = MOVES[event.key];
  if (!act || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  act();
}

/** Go into the exchange at the cursor. */
function enter() {
  if (list.cursorId === null) list.step(0);
  if (list.cursorId === null) return;
  if (state.openId === list.cursorId) {
    byId("detail-title").focus();
    return;
  }
  state.entering = true;
  go(addressOf(list.cursorId));
}

function moved(entry) {
  clearTimeout(state.moving);
  if (state.openId === null) return;
  state.moving = setTimeout(() => go(addressOf(entry.id), true) ?? open(entry.id), MOVE_MS);
}

function open(id) {
  state.openId = id;
  if (list.placeOf(id) >= 0) list.moveTo(id, false);
  else list.cursorId = null; // it is on its way: the cursor comes with it
  byId("exchanges").classList.add("is-split");
  openDetail(id, kept.find(id), { onShut: leave, onReplayed: (made) => go(addressOf(made)) });
  if (state.entering) byId("detail-title").focus();
  state.entering = false;
}

function shut() {
  state.openId = null;
  byId("exchanges").classList.remove("is-split");
  closeDetail();
}

function leave() {
  go(addressOf(null));
  byId("list").focus();
}

/** What Escape means, from within to without. */
export function escape() {
  if (state.openId !== null) leave();
  else if (document.activeElement === byId("search")) byId("list").focus();
  else if (list.cursorId !== null || list.hiddenAbove) { list.toTop(); later(); }
  else return false;
  return true;
}

export function stepBy(by) {
  byId("list").focus({ preventScroll: true });
  list.step(by);
}

export function pause() {
  const button = byId("pause");
  if (state.held) {
    const held = state.held;
    Object.assign(state, { held: null, heldCount: 0 });
    if (held.length) take(held);
  } else state.held = [];
  button.setAttribute("aria-pressed", state.held !== null);
  say(button, state.held ? "Go on" : "Pause");
  later();
}

function clear() {
  state.clearedId = kept.entries.at(-1)?.id ?? 0;
  refilter();
  announce(() => "The view is cleared.");
}

function filtered() {
  refilter();
  clearTimeout(state.telling); // browsers refuse an address that changes with every letter
  state.telling = setTimeout(() => isShown() && go(addressOf(state.openId), true), ADDRESS_MS);
}

function refilter() {
  const checked = (id) => [...byId(id).querySelectorAll("input:checked")].map((box) => box.value);
  state.filter = new Filter({
    shown: checked("chips-shown"), methods: checked("chips-methods"),
    operation: byId("operation").value, words: byId("search").value,
  });
  state.isStale = true;
  later();
}

/** The address of an exchange, or of the list, as it is filtered now. */
function addressOf(id) {
  const query = new URLSearchParams();
  if (state.filter.shown.size) query.set("show", [...state.filter.shown].join(","));
  if (state.filter.methods.size) query.set("method", [...state.filter.methods].join(","));
  if (state.filter.operation) query.set("op", state.filter.operation);
  if (byId("search").value) query.set("q", byId("search").value);
  const asked = query.toString();
  return to("exchanges", ...(id === null ? [] : [id])) + (asked ? `?${asked}` : "");
}

function readQuery(query) {
  const listed = (name) => new Set((query.get(name) ?? "").split(",").filter(Boolean));
  const [shown, methods] = [listed("show"), listed("method")];
  for (const method of methods) knowMethod(method);
  for (const box of byId("chips-shown").querySelectorAll("input")) box.checked = shown.has(box.value);
  for (const box of byId("chips-methods").querySelectorAll("input")) box.checked = methods.has(box.value);
  const operation = query.get("op") ?? "";
  const known = byId("operation");
  if (operation && ![...known.options].some((option) => option.value === operation)) {
    known.add(el("option", { value: operation }, operation));
    state.operations.add(operation);
  }
  known.value = operation;
  const words = query.get("q") ?? "";
  if (byId("search").value !== words) byId("search").value = words;
}

/** Tell whether the view is the one that is shown. */
export const isShown = () => here().parts[0] === "exchanges";
