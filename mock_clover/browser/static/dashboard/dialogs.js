// Modal dialogs, with the browser's own focus handling, and messages to the user.

import { button, byId, el, field, replaceContent, setText } from "./dom.js";

/** Open a dialog; resolve to the result of `read` when it is submitted, null when it is cancelled. */
function open(title, parts, sendText, read, { danger = false } = {}) {
  return new Promise((resolve) => {
    const heading = el("h2", { id: "dialog-title" }, title);
    const form = el("form", { method: "dialog", class: "stack" }, heading, parts,
      el("div", { class: "actions end" },
        button("Cancel", () => dialog.close(), { class: "quiet" }),
        el("button", { type: "submit", class: danger ? "danger" : "primary" }, sendText)));
    const dialog = el("dialog", { "aria-labelledby": "dialog-title" }, form);
    let answer = null;
    form.addEventListener("submit", () => (answer = read()));
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(answer);
    });
    document.body.append(dialog);
    dialog.showModal();
  });
}

/** Ask for confirmation of an action that cannot be undone. */
export function confirmDestructive(title, words, sendText) {
  return open(title, [el("p", {}, words)], sendText, () => true, { danger: true });
}

/** Ask for the control token; null if cancelled. `errorMessage` says why it is asked again. */
export function askToken(errorMessage) {
  const input = el("input", { type: "password", autocomplete: "off", required: true });
  const message = errorMessage ? el("p", { class: "message-error", role: "alert" }, errorMessage) : null;
  const hint = "The value of --control-token of the server. It is stored until you close this tab.";
  return open("Control token required", [message, field("Control token", input, hint)],
    "Continue", () => input.value);
}

const KEYS = [
  ["Ctrl+K", "commands: views, actions, outcomes, sandboxes, ids"],
  ["1, …, 9", "open a view"],
  ["j, ↓", "next (older) request"],
  ["k, ↑", "previous (newer) request"],
  ["Home, End", "newest, oldest request"],
  ["Enter", "open, then focus the details"],
  ["Esc", "close the details; then jump to the newest"],
  ["/", "search; Enter or ↓ leads to the results, Esc empties it"],
  ["←, →", "on the chart: choose a time; Enter limits the list to it"],
  ["r", "replay the open request"],
  ["c", "copy the open request as curl"],
  ["n", "set the outcome of the next charge"],
  ["p", "pause or resume"],
  ["Ctrl+Enter", "apply a scenario, send a form from its text"],
  ["?", "show keyboard shortcuts"],
];

/** Show the keyboard shortcuts, with a switch for single-key ones. */
export function showKeys(areOn, onSwitch) {
  const box = el("input", {
    type: "checkbox", id: "keys-on", checked: areOn,
    on: { change: () => onSwitch(box.checked) },
  });
  const dialog = el("dialog", { "aria-labelledby": "keys-title" },
    el("form", { method: "dialog", class: "stack" },
      el("h2", { id: "keys-title" }, "Keyboard shortcuts"),
      el("dl", { class: "keys" }, KEYS.map(([keys, what]) => [
        el("dt", {}, keys.split(", ").map((key) => el("kbd", {}, key))), el("dd", {}, what)])),
      el("p", { class: "check" }, box, el("label", { for: "keys-on" }, "Enable single-key shortcuts")),
      el("div", { class: "actions end" }, el("button", { type: "submit", class: "primary" }, "Close"))),
  );
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}

const TOAST_MS = 5000;

/** Show a message for a few seconds above everything else. */
export function toast(words, isError = false) {
  const shown = el("p", { class: `toast ${isError ? "message-error" : "message-success"}`, role: "status" }, words);
  document.querySelector(".toast")?.remove();
  document.body.append(shown);
  setTimeout(() => shown.remove(), TOAST_MS);
}

const QUIET_MS = 4000;
let saying = null;

/** Announce a message to screen readers, at most every few seconds; `words()` is called then. */
export function announce(words) {
  if (saying) {
    saying.next = words;
    return;
  }
  setText(byId("polite"), words());
  saying = { next: null };
  setTimeout(() => {
    const { next } = saying;
    saying = null;
    if (next) announce(next);
  }, QUIET_MS);
}

/** Run an action and show its error, or `done`, in `place`. */
export async function runAndReport(place, act, done = "") {
  replaceContent(place);
  place.classList.add("message");
  try {
    const answer = await act();
    if (done) replaceContent(place, el("p", { class: "message-success", role: "status" }, done));
    return answer;
  } catch (error) {
    replaceContent(place, el("p", { class: "message-error", role: "alert" }, error.message));
    return undefined;
  }
}
