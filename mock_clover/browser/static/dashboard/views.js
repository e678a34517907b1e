// Shared by the views: parts that are polled and redrawn, tables, states.

import { el, replaceContent } from "./dom.js";

const started = new WeakMap();

/**
 * Poll and render a part of a view: call `load()` now and every `everyMs` while the part is visible,
 * and draw `build(value)` if the value has changed. An error is shown instead.
 * Return a function that loads immediately.
 */
export function pollAndRender(root, load, build, everyMs = 2000) {
  clearInterval(started.get(root)?.timer);
  const self = { timer: 0, drawn: null, requested: 0, received: 0 };
  started.set(root, self);
  const refresh = async () => {
    const request = (self.requested += 1);
    let value;
    let drawn;
    try {
      value = await load();
      drawn = JSON.stringify(value);
    } catch (error) {
      drawn = error.message;
      value = error;
    }
    if (started.get(root) !== self || request < self.received) return; // a later response is drawn
    self.received = request;
    if (drawn === self.drawn) return;
    if (value instanceof Error && value.status === 0 && self.drawn !== null) return; // the banner shows it
    self.drawn = drawn;
    redraw(root, () => (value instanceof Error ? errorMessage(value) : build(value)));
  };
  self.timer = setInterval(() => {
    if (!root.isConnected) clearInterval(self.timer); // replaced by another view
    else if (!document.hidden && root.checkVisibility()) refresh();
  }, everyMs);
  refresh();
  return refresh;
}

export const errorMessage = (error) => el("p", { class: "message-error", role: "alert" }, error.message);

/** Redraw a part; the focus stays on the element with the same key. */
export function redraw(root, build) {
  const key = root.contains(document.activeElement) && document.activeElement.dataset.key;
  replaceContent(root, build());
  if (!key) return;
  for (const each of root.querySelectorAll("[data-key]")) {
    if (each.dataset.key === key) each.focus({ preventScroll: true });
  }
}

/** Create a table that scrolls horizontally; `heads` are strings, `lines` are arrays of cells. */
export function table(label, heads, lines, { empty = "None." } = {}) {
  if (!lines.length) return el("p", { class: "hint" }, empty);
  return el("div", { class: "scrolls card", tabindex: 0, role: "region", "aria-label": label },
    el("table", {},
      el("thead", {}, el("tr", {}, heads.map((head, place) =>
        el("th", { scope: "col", class: isNumber(lines[0][place]) && "number" }, head)))),
      el("tbody", {}, lines.map((cells) => el("tr", {}, cells.map((cell, place) => cellOf(cell, heads[place])))))));
}

const isNumber = (cell) => cell instanceof HTMLTableCellElement && cell.className === "number";

/** Return a cell with its head, which it shows where rows are cards: on a phone. */
function cellOf(cell, head) {
  const made = cell instanceof HTMLTableCellElement ? cell : el("td", {}, cell);
  made.dataset.head = head ?? "";
  return made;
}

export const numberCell = (text) => el("td", { class: "number" }, text);

/** Create a section of a view with its heading. */
export function part(title, ...children) {
  return el("section", { class: "part", "aria-label": title }, el("h3", {}, title), ...children);
}

const LABELS = { under_way: "in progress", held: "blocked" };

/** Return the words for a state of the API. */
export const stateLabel = (state) => LABELS[state] ?? state.replaceAll("_", " ");

const STATES = {
  good: ["captured", "paid", "active", "delivered", "succeeded", "authorized"],
  declined: ["declined"],
  bad: ["failed", "dropped"],
  pending: ["pending", "awaiting_code", "waiting", "under_way", "held", "open"],
};
const SIGNS = { good: "● ", declined: "◆ ", bad: "✕ ", pending: "◌ ", other: "" }; // those of the requests

/** Show a state as a word with a sign, not by colour alone. */
export function stateWord(state) {
  if (!state) return "";
  const kind = Object.keys(STATES).find((each) => STATES[each].includes(state)) ?? "other";
  return el("span", { class: `state ${kind}` }, el("span", { "aria-hidden": "true" }, SIGNS[kind]),
    stateLabel(state));
}
