// The list of requests: entries are logged immediately and drawn in the next animation frame.

import { Buckets } from "./buckets.js";
import { Chart } from "./chart.js";
import { byId, debounced, el, replaceContent, setText } from "./dom.js";
import { announce } from "./dialogs.js";
import { closeDetail, openDetail } from "./detail.js";
import { count, countOf } from "./format.js";
import { Filter, FLAGS, indexFrom, OUTCOMES, parseEntry, RequestLog } from "./request-log.js";
import { LongList } from "./list.js";
import { fillRow, makeRow, withLines } from "./rows.js";
import { jumpsOf, realTimes } from "./times.js";
import { go, here, to } from "./routes.js";
import { Span } from "./span.js";

const METHODS_MAX = 9;
const ADDRESS_MS = 200;
const MOVE_MS = 90; // while a key is held, load only the request on which the cursor rests

const log = new RequestLog();
const buckets = new Buckets();
const state = {
  filter: new Filter(), items: [], held: null, heldCount: 0, clearedId: 0, openId: null,
  isDue: false, isStale: true, operations: new Set(), arrived: 0, isStarted: false, isDrawn: false, isConnected: false,
  moves: [], realTime: Date.now, isFrozen: false,
};
let list;
let chart;
let span;
let writeFilter; // to the URL: browsers limit how often it may change

/** Create the dynamic parts of the view; the static ones are in the page. */
export function startExchanges() {
  const view = byId("exchanges");
  list = new LongList(byId("list"), { make: makeRow, fill: fillRow, onMove: debounced(view, MOVE_MS, cursorMoved) });
  writeFilter = debounced(view, ADDRESS_MS, () => go(addressOf(here().parts[1] ?? null), true));
  span = new Span(filtered);
  chart = new Chart(buckets, span);
  for (const [name, { sign, word }] of Object.entries(OUTCOMES)) {
    const made = chip(name, word, sign);
    made.lastChild.append(" ", el("b", { id: `sum-${name}` }, "0"));
    byId("chips-shown").append(made);
  }
  for (const [name, { sign, word }] of Object.entries(FLAGS)) byId("chips-flags").append(chip(name, word, sign));
  byId("operation").addEventListener("change", filtered);
  byId("search").addEventListener("input", filtered);
  byId("search").addEventListener("keydown", leaveSearch);
  byId("pause").addEventListener("click", pause);
  byId("clear").addEventListener("click", clear);
  byId("newer").addEventListener("click", () => { list.toTop(); draw(); });
  byId("unfilter").addEventListener("click", () => { readQuery(new URLSearchParams()); filtered(); });
  const scroller = byId("list");
  scroller.addEventListener("click", clicked);
  scroller.addEventListener("keydown", pressed);
  scroller.addEventListener("scroll", updateNewerButton, { passive: true });
}

function chip(name, word, sign) {
  const box = el("input", {
    type: "checkbox", id: `chip-${name}`, value: name, on: { change: filtered },
  });
  const shown = sign ? el("span", { class: `sign ${name}`, "aria-hidden": "true" }, sign) : null;
  return el("span", { class: "chip" }, box, el("label", { for: box.id }, shown, word));
}

/** Show the request and the filter of the URL. */
export function openExchanges(parts, query) {
  readQuery(query);
  refilter();
  const id = Number(parts[0]);
  if (Number.isInteger(id) && id > 0) open(id);
  else closeExchange();
}

/**
 * Add new exchanges; with `isReset`, discard the old ones, which belong to another journal. With `clock`, they
 * are older. While a clock stands still, only the arrival of a request tells when it was.
 */
export function receive(events, isReset, clock = null) {
  if (isReset) {
    log.entries = [];
    checkedId = 0;
    buckets.clear();
    list.reset();
    Object.assign(state, { held: state.held && [], heldCount: 0, clearedId: 0, isStale: true, isConnected: false });
    state.realTime = Date.now;
    closeExchange();
    announce(() => "The list was reset.");
  }
  const isInitial = !state.isStarted || isReset;
  if (clock) markJumps(clock);
  const timeAt = clock || !state.isFrozen ? state.realTime : Date.now;
  const entries = events.map(([, text]) => parseEntry(text, timeAt));
  state.isStarted = true;
  buckets.add(entries);
  if (state.held) queueWhilePaused(entries);
  else if (entries.length) addEntries(entries);
  if (entries.some((entry) => entry.id === state.openId)) open(state.openId);
  if (!isInitial && entries.length) announceNew(entries.length);
  scheduleDraw();
}

function addEntries(entries) {
  const gone = log.add(entries);
  const fresh = entries.filter((entry) => state.filter.takes(entry));
  if (state.isStale) return;
  state.items.push(...fresh);
  if (gone && state.items.length) {
    const first = indexFrom(state.items, log.entries[0].id);
    if (first) state.items.splice(0, first);
  }
}

function queueWhilePaused(entries) {
  state.heldCount += entries.length;
  state.held.push(...entries);
  if (state.held.length > 1000) state.held.splice(0, state.held.length - 1000);
}

function announceNew(n) {
  state.arrived += n;
  announce(() => {
    const words = `${countOf(state.arrived, "new request")}; latest: ${describeLatest()}`;
    state.arrived = 0;
    return words;
  });
}

function describeLatest() {
  const last = log.entries.at(-1);
  return last ? `${last.method} ${last.path}, ${last.lost ? "lost" : last.status}` : "none";
}

/** Draw in the next animation frame. */
function scheduleDraw() {
  if (state.isDue) return;
  state.isDue = true;
  requestAnimationFrame(() => {
    state.isDue = false;
    draw();
  });
}

function draw() {
  let isSame = true;
  if (state.isStale) {
    state.items = log.entries.filter((each) => each.id > state.clearedId && state.filter.takes(each));
    isSame = false;
    state.isStale = false;
  }
  list.show(withLines(state.items, state.filter.isAll ? state.moves : []), isSame);
  if (!state.isDrawn && state.items.length) {
    state.isDrawn = true;
    performance.mark("exchanges drawn"); // read by tests/bench/dashboard.py
  }
  if (state.openId !== null && list.cursorId === null) list.moveTo(state.openId, false);
  const all = drawCounts();
  const n = state.items.length;
  setText(byId("shown-count"), n === all ? countOf(n, "request") : `${count(n)} of ${countOf(all, "request")}`);
  byId("none").hidden = n > 0;
  setText(byId("none-words"), all ? "No matching requests."
    : state.isConnected ? "Waiting for the next request." : "Not connected.");
  drawStart();
  byId("unfilter").hidden = state.filter.isAll;
  setText(byId("pause-count"), state.held ? `${count(state.heldCount)} new` : "");
  updateNewerButton();
  if (log.entries.length) addOperationFilters();
}

/** Show the number of requests of each outcome in its filter; return that of all requests. */
function drawCounts() {
  const sums = {};
  const first = indexFrom(log.entries, state.clearedId + 1);
  for (let place = first; place < log.entries.length; place += 1) {
    const { outcome } = log.entries[place];
    sums[outcome] = (sums[outcome] ?? 0) + 1;
  }
  for (const name of Object.keys(OUTCOMES)) setText(byId(`sum-${name}`), count(sums[name] ?? 0));
  return log.entries.length - first;
}

/** Show how to get started instead of an empty list. */
function drawStart() {
  const isEmpty = state.isConnected && !log.entries.length && state.openId === null && !state.held && isShown();
  const place = byId("start-here");
  if (place.hidden !== isEmpty) return;
  const hadFocus = place.contains(document.activeElement);
  place.hidden = !isEmpty;
  byId("exchanges").classList.toggle("is-empty", isEmpty);
  const body = byId("start-here-body");
  if (isEmpty) import("./start.js").then((start) => place.hidden || start.open(body)).catch(() => {});
  else replaceContent(body);
  if (hadFocus) byId("list").focus();
}

/** Draw the list once the journal was read, even if it is empty. */
export function connected() {
  state.isConnected = true;
  scheduleDraw();
}

function updateNewerButton() {
  const above = list.hiddenAbove;
  const newer = byId("newer");
  newer.hidden = above === 0;
  if (above) setText(newer, `▲ ${count(above)} newer`);
}

let checkedId = 0;

/** Add a filter for a method. */
function addMethodFilter(method) {
  const chips = byId("chips-methods");
  if (byId(`chip-${method}`) || chips.children.length >= METHODS_MAX || !method) return;
  const made = chip(method, method, "");
  const after = [...chips.children].find((each) => each.textContent > method);
  chips.insertBefore(made, after ?? null);
}

/** Add filters for the methods and operations of new entries. */
function addOperationFilters() {
  for (let place = indexFrom(log.entries, checkedId + 1); place < log.entries.length; place += 1) {
    const { endpoint, id, method } = log.entries[place];
    checkedId = id;
    addMethodFilter(method);
    if (!endpoint || state.operations.has(endpoint)) continue;
    state.operations.add(endpoint);
    const options = [...byId("operation").options];
    const next = options.find((option) => option.value && option.value > endpoint);
    byId("operation").add(el("option", { value: endpoint }, endpoint), next ?? null);
  }
}

function clicked(event) {
  if (event.target.closest(".is-jump")) go(`${to("faults")}?clock`);
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

/** Go from the search to its results. */
function leaveSearch(event) {
  if ((event.key !== "Enter" && event.key !== "ArrowDown") || !state.items.length) return;
  event.preventDefault();
  draw(); // the filter may be newer than the list
  stepBy(0);
}

/** Open the request at the cursor, or focus its details. */
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

/** Let the details follow the cursor, unless the user has closed or left them in the meantime. */
function cursorMoved() {
  const id = list.cursorId;
  if (id === null || id === state.openId || !isShown() || Number(here().parts[1]) !== state.openId) return;
  go(addressOf(id), true);
  open(id);
}

function open(id) {
  state.openId = id;
  if (list.placeOf(id) >= 0) list.moveTo(id, false);
  else list.cursorId = null; // not in the list yet: draw() moves the cursor to it
  byId("exchanges").classList.add("is-split");
  const openReplay = (made) => state.openId === id && isShown() && go(addressOf(made));
  openDetail(id, log.find(id), { onClose: backToList, onReplayed: openReplay });
  if (state.entering) byId("detail-title").focus();
  state.entering = false;
}

function closeExchange() {
  state.openId = null;
  byId("exchanges").classList.remove("is-split");
  closeDetail();
}

function backToList() {
  go(addressOf(null));
  byId("list").focus();
}

/** Handle Escape: empty the search, close the details, leave the search, or return to the newest request. */
export function escape() {
  if (document.activeElement === byId("search") && byId("search").value) {
    byId("search").value = "";
    filtered();
    return true;
  }
  if (state.openId !== null) backToList();
  else if (document.activeElement === byId("search")) byId("list").focus();
  else if (list.cursorId !== null || list.hiddenAbove) { list.toTop(); scheduleDraw(); }
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
    if (held.length) addEntries(held);
  } else state.held = [];
  button.setAttribute("aria-pressed", state.held !== null);
  setText(button, state.held ? "Resume" : "Pause");
  scheduleDraw();
}

function clear() {
  state.clearedId = log.entries.at(-1)?.id ?? 0;
  refilter();
  announce(() => "List cleared.");
}

function filtered() {
  refilter();
  writeFilter();
}

function refilter() {
  const checked = (id) => [...byId(id).querySelectorAll("input:checked")].map((box) => box.value);
  state.filter = new Filter({
    shown: [...checked("chips-shown"), ...checked("chips-flags")], methods: checked("chips-methods"),
    operation: byId("operation").value, words: byId("search").value, span,
  });
  state.isStale = true;
  scheduleDraw();
}

/** Return the URL of a request, or of the list, with the current filter. */
function addressOf(id) {
  const query = new URLSearchParams();
  if (state.filter.shown.size) query.set("show", [...state.filter.shown].join(","));
  if (state.filter.methods.size) query.set("method", [...state.filter.methods].join(","));
  if (state.filter.operation) query.set("op", state.filter.operation);
  if (byId("search").value) query.set("q", byId("search").value);
  span.write(query);
  const asked = query.toString();
  return to("exchanges", ...(id === null ? [] : [id])) + (asked ? `?${asked}` : "");
}

function readQuery(query) {
  const listed = (name) => new Set((query.get(name) ?? "").split(",").filter(Boolean));
  const [shown, methods] = [listed("show"), listed("method")];
  for (const method of methods) addMethodFilter(method);
  for (const box of document.querySelectorAll(":is(#chips-shown, #chips-flags) input")) {
    box.checked = shown.has(box.value);
  }
  for (const box of byId("chips-methods").querySelectorAll("input")) box.checked = methods.has(box.value);
  const operation = query.get("op") ?? "";
  const known = byId("operation");
  if (operation && ![...known.options].some((option) => option.value === operation)) {
    known.add(el("option", { value: operation }, operation));
    state.operations.add(operation);
  }
  known.value = operation;
  span.read(query);
  const words = query.get("q") ?? "";
  if (byId("search").value !== words) byId("search").value = words;
}

/** Mark the jumps of the sandbox's clock; `clock` is the response of clock/moves. */
export function markJumps(clock) {
  chart.jumps = jumpsOf(clock);
  Object.assign(state, { realTime: realTimes(clock), isFrozen: clock.frozen });
  const moves = clock.data.filter((move) => move.to_ms > move.from_ms);
  const isNew = JSON.stringify(moves) !== JSON.stringify(state.moves);
  state.moves = moves;
  if (isNew) scheduleDraw();
}

/** Return whether this view is shown. */
export const isShown = () => here().parts[0] === "exchanges";
