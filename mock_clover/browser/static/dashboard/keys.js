// Keyboard shortcuts. Single-key shortcuts are ignored while typing, and can be disabled.

import { showKeys } from "./dialogs.js";
import { readStorage, writeStorage } from "./storage.js";

const KEY = "mock-clover.keys";
let areOn = readStorage("localStorage", KEY) !== "off";

export function openKeys() {
  showKeys(areOn, (on) => {
    areOn = on;
    writeStorage("localStorage", KEY, on ? null : "off");
  });
}

/** Return whether the user is typing in an element. */
const isTyping = (node) => node.closest?.("input:not([type=radio],[type=checkbox]), textarea, select") !== null;

/** Listen for keys: `acts` maps them to functions, which return false if they do not handle the key. */
export function listen(acts) {
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    if (document.querySelector("dialog[open]")) return;
    const isLetter = event.key.length === 1;
    if (isLetter && (!areOn || isTyping(event.target))) return;
    if (event.key !== "Escape" && !isLetter && isTyping(event.target)) return;
    const act = event.key === "?" ? openKeys : acts[event.key];
    if (act && act(event) !== false) event.preventDefault();
  });
}
