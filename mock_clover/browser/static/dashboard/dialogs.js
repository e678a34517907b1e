// Questions to a person, as real dialogs: the browser holds the focus within and hands it back.

import { button, byId, el, field, refill, say } from "./dom.js";

/** Open a dialog; resolve with what `read` gives when it is sent, null when it is left. */
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

/** Ask for a text; null when the dialog is left. */
export function askText(title, label, { hint = "", sendText = "OK", ...given } = {}) {
  const input = el("input", { type: "text", autocomplete: "off", required: true, ...given });
  return open(title, [field(label, input, hint)], sendText, () => input.value.trim());
}

/** Ask whether to do what cannot be undone. */
export function confirmDanger(title, words, sendText) {
  return open(title, [el("p", {}, words)], sendText, () => true, { danger: true });
}

/** Ask for the control token; `wrong` says why it is asked once more. */
export function askToken(wrong) {
  const input = el("input", { type: "password", autocomplete: "off", required: true });
  const said = wrong ? el("p", { class: "said-wrong", role: "alert" }, wrong) : null;
  const hint = "As given to `mock-clover serve --control-token`. It is kept until this tab is closed.";
  return open("This server asks for its control token", [said, field("Control token", input, hint)],
    "Go on", () => input.value);
}

const KEYS = [
  ["j, ↓", "the next, older exchange"],
  ["k, ↑", "the next, newer exchange"],
  ["Home, End", "the newest, the oldest"],
  ["Enter", "open it, and go into it"],
  ["Esc", "back to the list; then to the newest"],
  ["/", "search"],
  ["p", "pause and go on"],
  ["?", "this"],
];

/** Say which keys do what, and let single letters be switched off. */
export function showKeys(areOn, onSwitch) {
  const box = el("input", {
    type: "checkbox", id: "keys-on", checked: areOn,
    on: { change: () => onSwitch(box.checked) },
  });
  const dialog = el("dialog", { "aria-labelledby": "keys-title" },
    el("form", { method: "dialog", class: "stack" },
      el("h2", { id: "keys-title" }, "Keys"),
      el("dl", { class: "keys" }, KEYS.map(([keys, what]) => [
        el("dt", {}, keys.split(", ").map((key) => el("kbd", {}, key))), el("dd", {}, what)])),
      el("p", { class: "check" }, box, el("label", { for: "keys-on" }, "Single letters do something")),
      el("div", { class: "actions end" }, el("button", { type: "submit", class: "primary" }, "Close"))),
  );
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}

const QUIET_MS = 4000;
let saying = null;

/** Tell a listener politely, and not more often than every few seconds; `words()` is asked then. */
export function announce(words) {
  if (saying) {
    saying.next = words;
    return;
  }
  say(byId("polite"), words());
  saying = { next: null };
  setTimeout(() => {
    const { next } = saying;
    saying = null;
    if (next) announce(next);
  }, QUIET_MS);
}

/** Do something that may be refused, and show the server's words where it was asked for. */
export async function attempt(place, act, done = "") {
  refill(place);
  place.classList.add("said");
  try {
    const answer = await act();
    if (done) refill(place, el("p", { class: "said-done", role: "status" }, done));
    return answer;
  } catch (error) {
    refill(place, el("p", { class: "said-wrong", role: "alert" }, error.message));
    return undefined;
  }
}
