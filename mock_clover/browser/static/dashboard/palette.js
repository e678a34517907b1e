// The command palette (Ctrl+K): views, sandboxes, actions, outcomes of the next charge, and ids.

import { call, env, get, homeOf, SANDBOX } from "./api.js";
import { copyOpen, replayOpen } from "./detail.js";
import { toast } from "./dialogs.js";
import { byId, el, replaceContent } from "./dom.js";
import { openKeys } from "./keys.js";
import { armNext, refreshNext } from "./next.js";
import { go, to } from "./routes.js";

const SHOWN_MAX = 60;
const SEARCH_MS = 200;
const ID_CHARS_MIN = 4;
const SEARCHED = ["charges", "refunds", "orders", "customers", "checkouts"];
const FOUND_MAX = 3; // of each kind

/** Open the palette. */
export async function openPalette() {
  if (document.querySelector("dialog[open]")) return;
  const self = { items: viewItems(), found: [], shown: [], place: 0, timer: 0, searches: 0 };
  makeDialog(self);
  render(self);
  self.dialog.showModal();
  const [names, sandboxes] = await Promise.all([
    env().catch(() => null), get("sandboxes", { root: true }).catch(() => ({ data: [] }))]);
  self.kinds = names?.kinds ?? [];
  self.items = [...viewItems(), ...actionItems(), ...(names ? outcomeItems(names) : []),
    ...sandboxItems(sandboxes.data)];
  render(self);
}

function makeDialog(self) {
  self.list = el("ul", { id: "palette-list", role: "listbox", "aria-label": "Commands" });
  self.input = el("input", {
    type: "text", role: "combobox", autocomplete: "off", spellcheck: "false", "aria-expanded": "true",
    "aria-controls": "palette-list", "aria-autocomplete": "list", "aria-label": "Command or id",
    placeholder: "View, action, outcome, sandbox or id", on: {
      input: () => {
        self.place = 0;
        self.found = [];
        render(self);
        searchLater(self);
      },
      keydown: (event) => pressed(self, event),
    },
  });
  self.dialog = el("dialog", { class: "palette", "aria-label": "Commands" }, self.input, self.list);
  self.dialog.addEventListener("close", () => {
    clearTimeout(self.timer);
    self.dialog.remove();
  });
  self.dialog.addEventListener("click", (event) => {
    const option = event.target.closest("[role=option]");
    if (option) run(self, Number(option.dataset.place));
    else if (event.target === self.dialog) self.dialog.close(); // the backdrop
  });
  document.body.append(self.dialog);
}

function pressed(self, event) {
  const by = { ArrowDown: 1, ArrowUp: -1, PageDown: 8, PageUp: -8 }[event.key];
  if (by) {
    const count = self.shown.length;
    self.place = Math.abs(by) === 1 ? (self.place + by + count) % Math.max(count, 1)
      : Math.min(Math.max(self.place + by, 0), Math.max(count - 1, 0));
    select(self);
  } else if (event.key === "Enter") run(self, self.place);
  else return;
  event.preventDefault();
}

function run(self, place) {
  const item = self.shown[place];
  if (!item) return;
  self.dialog.close();
  item.act();
}

/** Show the items that contain all words; those whose text begins with them come first. */
function render(self) {
  const text = self.input.value.trim().toLowerCase();
  const words = text.split(/\s+/).filter(Boolean);
  const matching = self.items.filter((item) => {
    const whole = `${item.group} ${item.text}`.toLowerCase();
    return words.every((word) => whole.includes(word));
  });
  const starts = (item) => (text && item.text.toLowerCase().startsWith(text) ? 0 : 1);
  matching.sort((one, other) => starts(one) - starts(other));
  self.shown = [...self.found, ...matching, ...(text ? [searchItem(self.input.value.trim())] : [])].slice(0, SHOWN_MAX);
  replaceContent(self.list, self.shown.map((item, place) => el("li", {
    role: "option", id: `palette-${place}`, "data-place": place, "aria-selected": "false" },
  el("span", { class: "what" }, item.text), " ", el("span", { class: "soft" }, item.group))));
  select(self);
}

function select(self) {
  for (const [place, option] of [...self.list.children].entries()) {
    option.setAttribute("aria-selected", place === self.place);
    if (place === self.place) option.scrollIntoView({ block: "nearest" });
  }
  if (self.shown.length) self.input.setAttribute("aria-activedescendant", `palette-${self.place}`);
  else self.input.removeAttribute("aria-activedescendant");
}

/** Look for rows once the typing pauses. */
function searchLater(self) {
  clearTimeout(self.timer);
  const words = self.input.value.trim();
  if (words.length < ID_CHARS_MIN) return;
  self.timer = setTimeout(async () => {
    const number = (self.searches += 1);
    const kinds = SEARCHED.filter((kind) => self.kinds?.includes(kind));
    const query = new URLSearchParams({ q: words, limit: FOUND_MAX });
    const lists = await Promise.all(kinds.map((kind) => get(`rows/${kind}?${query}`).catch(() => ({ data: [] }))));
    if (number !== self.searches || !self.dialog.open) return;
    self.found = lists.flatMap(({ data }, place) => data.map((row) => ({
      group: kinds[place], text: `${row.id} — ${row.title}`, act: () => go(to("data", kinds[place], row.id)) })));
    render(self);
  }, SEARCH_MS);
}

const searchItem = (words) => ({
  group: "search", text: `Requests with “${words}”`,
  act: () => go(`${to("exchanges")}?${new URLSearchParams({ q: words })}`),
});

const viewItems = () => [...document.querySelectorAll("nav a[data-view]")].map((link, place) => ({
  group: place < 9 ? `view, key ${place + 1}` : "view", text: link.textContent.trim(), act: () => link.click() }));

const sandboxItems = (data) => data.filter(({ name }) => name !== SANDBOX).map(({ name }) => ({
  group: "sandbox", text: `Open ${name}`, act: () => location.assign(homeOf(name)) }));

function actionItems() {
  const request = (text, method, path, body) => ({
    group: "action", text, act: () => perform(text, () => call(method, path, body)) });
  return [
    ...Object.entries({ "8d": "8 days", "1d": "1 day", "1h": "1 hour", "30d": "30 days" }).map(([by, words]) =>
      request(`Advance the clock by ${words}`, "PUT", "clock", { advance: by })),
    request("Freeze the clock", "PUT", "clock", { freeze: true }),
    request("Resume the clock", "PUT", "clock", { resume: true }),
    request("Delete all faults", "DELETE", "faults"),
    request("Disarm the next charge", "DELETE", "next"),
    { group: "action, key r", text: "Replay the open request", act: replayOpen },
    { group: "action, key c", text: "Copy the open request as curl", act: copyOpen },
    ...["light", "dark", "system"].map((theme) => ({ group: "action", text: `Theme: ${theme}`, act: () => {
      byId("theme").value = theme;
      byId("theme").dispatchEvent(new Event("change"));
    } })),
    { group: "action, key ?", text: "Keyboard shortcuts", act: openKeys },
  ];
}

function outcomeItems({ declines, flows, problems }) {
  const item = (text, body) => ({ group: "next charge", text, act: () => perform(text, () => armNext(body)) });
  return [
    ...declines.map(({ name }) =>
      item(`Next charge: declined, ${name.replaceAll("_", " ")}`, { outcome: `card_declined/${name}` })),
    item("Next charge: its response is lost", { fault: "drop after_commit" }),
    item("Next charge: its request is lost", { fault: "drop before_commit" }),
    item("Next charge: 5 s late", { fault: "delay delay_ms=5000" }),
    ...flows.map((flow) =>
      item(`Next charge: 3-D Secure ${flow.replaceAll("_", " ")}`, { outcome: `threeds/${flow}` })),
    ...problems.map(({ name, status }) => item(`Next charge: ${status} ${name}`, { outcome: name })),
  ];
}

async function perform(text, send) {
  try {
    await send();
    toast(`Done: ${text}.`);
  } catch (error) {
    toast(`Failed: ${error.message}`, true);
  }
  await refreshNext();
}
