// JSON as a collapsible tree of text nodes. A level is created when it is opened, long ones in parts,
// so that any response can be shown.

import { button, el } from "./dom.js";

const OPEN_LEVELS = 3;
const AT_A_TIME = 100;
const TEXT_MAX = 2000;

/** Show a value, with its first levels open. */
export function jsonTree(value, label = "JSON", levels = OPEN_LEVELS) {
  return el("div", { class: "json", role: "group", "aria-label": label }, node(value, OPEN_LEVELS - levels));
}

function node(value, level, name) {
  const key = name === undefined ? null : [el("span", { class: "j-key" }, name), ": "];
  if (value === null || typeof value !== "object") {
    return el("div", { class: "j-line" }, key, leaf(value));
  }
  const isList = Array.isArray(value);
  const fields = isList ? value.map((each, place) => [place, each]) : Object.entries(value);
  if (!fields.length) return el("div", { class: "j-line" }, key, isList ? "[]" : "{}");
  const many = `${fields.length} ${isList ? "item" : "field"}${fields.length === 1 ? "" : "s"}`;
  const summary = el("summary", {}, key, isList ? "[" : "{",
    el("span", { class: "j-count" }, ` ${many} `), isList ? "]" : "}");
  const inner = el("div", { class: "j-inner" });
  const made = el("details", { class: "j-level" }, summary, inner);
  let isMade = false;
  const make = () => {
    if (isMade) return;
    isMade = true;
    appendRows(inner, fields, level + 1);
  };
  made.addEventListener("toggle", () => made.open && make());
  if (level < OPEN_LEVELS && fields.length <= AT_A_TIME) {
    make();
    made.open = true;
  }
  return made;
}

function appendRows(inner, fields, level, from = 0) {
  const part = fields.slice(from, from + AT_A_TIME);
  inner.append(...part.map(([name, value]) => node(value, level, String(name))));
  const left = fields.length - from - part.length;
  if (!left) return;
  const more = button(`${left} more`, () => {
    more.remove();
    appendRows(inner, fields, level, from + AT_A_TIME);
  }, { class: "small" });
  inner.append(more);
}

/** Show a string, number, boolean or null; a long string is truncated at first. */
export function leaf(value) {
  const text = typeof value === "string" ? JSON.stringify(value) : String(value);
  const kind = value === null ? "null" : typeof value;
  const shown = el("span", { class: `j-value j-${kind}` }, text.slice(0, TEXT_MAX));
  if (text.length <= TEXT_MAX) return shown;
  const more = button(`… ${text.length - TEXT_MAX} more characters`, () => {
    shown.textContent = text;
    more.remove();
  }, { class: "small" });
  return el("span", {}, shown, more);
}

/** Return the fields that differ between two values, as [path, before, after]; undefined is absent. */
export function changesOf(before, after, path = "") {
  if (isTree(before) && isTree(after) && Array.isArray(before) === Array.isArray(after)) {
    const names = new Set([...Object.keys(before), ...Object.keys(after)]);
    return [...names].flatMap((name) =>
      changesOf(before[name], after[name], path ? `${path}.${name}` : name),
    );
  }
  return JSON.stringify(before) === JSON.stringify(after) ? [] : [[path, before, after]];
}

const isTree = (value) => value !== null && typeof value === "object";

/** Show the fields that differ between a row before and after, as a table. */
export function diffTable(before, after) {
  const changes = changesOf(before ?? {}, after ?? {});
  const cell = (value, kind) => {
    if (value === undefined) return el("td", { class: "absent" }, "–");
    const inner = isTree(value) ? jsonTree(value, kind) : leaf(value);
    return el("td", { class: kind }, inner);
  };
  const isNew = !before;
  const isGone = !after;
  const head = el("tr", {}, el("th", { scope: "col" }, "Field"),
    isNew ? null : el("th", { scope: "col" }, "Before"),
    isGone ? null : el("th", { scope: "col" }, "After"));
  const lines = changes.map(([path, was, is]) => el("tr", {},
    el("th", { scope: "row" }, path || "(all)"),
    isNew ? null : cell(was, "before"),
    isGone ? null : cell(is, "after")));
  if (!lines.length) return el("p", { class: "hint" }, "No differences.");
  return el("div", { class: "scrolls", tabindex: 0, role: "region", "aria-label": "Changed fields" },
    el("table", { class: "diff" }, el("thead", {}, head), el("tbody", {}, lines)));
}
