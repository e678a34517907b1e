// Keys of the whole page. Letters count only where nobody writes, and can be switched off.

import { showKeys } from "./dialogs.js";
import { recall, remember } from "./memory.js";

const KEY = "mock-clover.keys";
let areOn = recall("localStorage", KEY) !== "off";

export function openKeys() {
  showKeys(areOn, (on) => {
    areOn = on;
    remember("localStorage", KEY, on ? null : "off");
  });
}

/** Tell whether somebody writes there. */
const writes = (node) => node.closest?.("input:not([type=radio],[type=checkbox]), textarea, select") !== null;

/** Do what a key means: `acts` maps keys to functions, which return false if it is not for them. */
export function listen(acts) {
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    if (document.querySelector("dialog[open]")) return;
    const isLetter = event.key.length === 1;
    if (isLetter && (!areOn || writes(event.target))) return;
    if (event.key !== "Escape" && !isLetter && writes(event.target)) return;
    const act = event.key === "?" ? openKeys : acts[event.key];
    if (act && act(event) !== false) event.preventDefault();
  });
}
