// Keyboard shortcuts. Single-key shortcuts are ignored while typing, and can be disabled.

import { showKeys } from "./dialogs.js";
import { byId } from "./dom.js";
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

/** Focus the search of the view that is shown, else that of the requests. */
function focusSearch() {
  const search = [...document.querySelectorAll("main input[type=search]")].find((each) => each.checkVisibility());
  if (search) {
    search.focus();
    search.select();
  } else {
    window.addEventListener("hashchange", () => byId("search").focus(), { once: true }); // after the view's own focus
    openView(1);
  }
}

const openView = (number) => document.querySelectorAll("nav a[data-view]")[number - 1]?.click();

/** Handle Ctrl+K, and Ctrl+Enter, which submits the form of a text area; return whether it was one. */
function withControl(event) {
  const form = event.target.closest?.("form");
  if (event.key.toLowerCase() === "k" && !event.shiftKey) openCommands();
  else if (event.key === "Enter" && event.target.tagName === "TEXTAREA" && form) form.requestSubmit();
  else return false;
  return true;
}

/** Open the command palette; it is loaded with its first use. */
export const openCommands = () => import("./palette.js").then(({ openPalette }) => openPalette());

const COMMON = { "/": focusSearch, "?": () => openKeys() };

/** Listen for keys: `acts` maps them to functions, which return false if they do not handle the key. */
export function listen(acts) {
  document.addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && !event.altKey && !event.defaultPrevented) {
      if (withControl(event)) event.preventDefault();
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    if (document.querySelector("dialog[open]")) return;
    const isLetter = event.key.length === 1;
    if (isLetter && (!areOn || isTyping(event.target))) return;
    if (event.key !== "Escape" && !isLetter && isTyping(event.target)) return;
    const isUnfocused = event.target === document.body;
    const arrow = isUnfocused && { ArrowDown: acts.j, ArrowUp: acts.k }[event.key];
    const digit = /^[1-9]$/.test(event.key) && (() => openView(event.key));
    const act = acts[event.key] ?? COMMON[event.key] ?? (arrow || digit);
    if (act && act(event) !== false) event.preventDefault();
  });
}
