// What the views share: a part that is drawn again when what it shows has changed, tables, links.

import { el, refill } from "./dom.js";

const started = new WeakMap();

/**
 * Keep a part of a view true: `load()` is asked now and every so often while the part is seen, and
 * `build(value)` draws what it gave, if that is not what is drawn. A refusal is shown in its place.
 * Returns a function that asks at once.
 */
export function keepTrue(root, load, build, everyMs = 2000) {
  clearInterval(started.get(root)?.timer);
  const self = { timer: 0, drawn: null };
  started.set(root, self);
  const look = async () => {
    let value;
    let drawn;
    try {
      value = await load();
      drawn = JSON.stringify(value);
    } catch (error) {
      drawn = error.message;
      value = error;
    }
    if (started.get(root) !== self || drawn === self.drawn) return;
    if (value instanceof Error && value.status === 0 && self.drawn !== null) return; // the banner tells it
    self.drawn = drawn;
    redraw(root, () => (value instanceof Error ? wrong(value) : build(value)));
  };
  self.timer = setInterval(() => {
    if (!root.isConnected) clearInterval(self.timer); // another view took its place
    else if (!document.hidden && root.checkVisibility()) look();
  }, everyMs);
  look();
  return look;
}

export const wrong = (error) => el("p", { class: "said-wrong", role: "alert" }, error.message);

/** Draw a part anew; the focus stays on what has the same key. */
export function redraw(root, build) {
  const key = root.contains(document.activeElement) && document.activeElement.dataset.key;
  refill(root, build());
  if (!key) return;
  for (const each of root.querySelectorAll("[data-key]")) {
    if (each.dataset.key === key) each.focus({ preventScroll: true });
  }
}

/** A table in a part that scrolls by itself; heads are texts, lines are lists of cells. */
export function table(label, heads, lines, { empty = "None." } = {}) {
  if (!lines.length) return el("p", { class: "hint" }, empty);
  return el("div", { class: "scrolls sheet", tabindex: 0, role: "region", "aria-label": label },
    el("table", {},
      el("thead", {}, el("tr", {}, heads.map((head) => el("th", { scope: "col" }, head)))),
      el("tbody", {}, lines.map((cells) => el("tr", {}, cells.map((cell) =>
        cell instanceof HTMLTableCellElement ? cell : el("td", {}, cell)))))));
}

export const numberCell = (text) => el("td", { class: "number" }, text);

/** A part of a view with its heading. */
export function part(title, ...children) {
  return el("section", { class: "part", "aria-label": title }, el("h3", {}, title), ...children);
}

const STATES = {
  good: ["captured", "paid", "active", "delivered", "succeeded", "authorized"],
  bad: ["declined", "failed", "dropped", "expired", "canceled", "voided"],
};

/** A state as a word with a sign: the colour alone says nothing. */
export function stateWord(state) {
  if (!state) return "";
  const kind = Object.keys(STATES).find((each) => STATES[each].includes(state)) ?? "other";
  const sign = { good: "● ", bad: "✕ ", other: "◌ " }[kind];
  return el("span", { class: `state ${kind}` }, el("span", { "aria-hidden": "true" }, sign),
    state.replaceAll("_", " "));
}
