// "Next charge will…": arms an outcome or a fault for the next payment. What is armed is a chip; several are
// a menu of chips.

import { call, env, get } from "./api.js";
import { announce } from "./dialogs.js";
import { button, byId, el, field, replaceContent } from "./dom.js";
import { durationOf } from "./format.js";

const FAULTS = [
  ["drop after_commit", "lose its response (it is charged)"],
  ["drop before_commit", "lose its request (nothing happens)"],
];
const LOST = { "drop after_commit": "response lost", "drop before_commit": "request lost" };
const ERRORS = [["SERVICE_UNAVAILABLE", "get a 503"], ["RATE_LIMITED", "get a 429"]];
const LATE_S = 5;
const PART = "5.00";

let shown = "[]"; // what the chips show, as JSON
let requests = 0;
let isFilled = false;

/** Set up the menus in the header. */
export function startNext() {
  byId("next").addEventListener("toggle", () => byId("next").open && fill());
  byId("next").parentNode.addEventListener("keydown", (event) => {
    const menu = event.target.closest("details[open]");
    if (event.key !== "Escape" || !menu) return;
    event.preventDefault(); // the list's own Escape
    close(menu);
  });
  document.addEventListener("click", ({ target }) => {
    for (const menu of document.querySelectorAll(".now > details[open], #next-chips > [open]")) {
      if (!menu.contains(target)) menu.open = false;
    }
  });
}

/** Open the menu, and focus its first button. */
export async function openNext() {
  byId("next").open = true;
  await fill();
  byId("next-menu").querySelector("button")?.focus();
}

function close(menu) {
  menu.open = false;
  menu.querySelector("summary").focus();
}

async function fill() {
  if (isFilled) return;
  const place = byId("next-menu");
  let names;
  try {
    names = await env();
  } catch (error) {
    replaceContent(place, el("p", { class: "message-error", role: "alert" }, error.message));
    return;
  }
  isFilled = true;
  const message = el("div", { class: "message" });
  const arming = (text, body, given = {}) => button(text, () => arm(body(), message), { class: "small", ...given });
  const plain = (key) => ([value, text]) => arming(text, () => ({ [key]: value }));
  const part = el("input", { type: "number", min: "0.01", step: "0.01", value: PART });
  const late = el("input", { type: "number", min: "0.1", max: "600", step: "0.1", value: LATE_S });
  replaceContent(place, message,
    group("be declined", names.declines.map(({ name, message: about }) =>
      arming(name.replaceAll("_", " "), () => ({ outcome: `card_declined/${name}` }), { title: about }))),
    group("fail", [...FAULTS.map(plain("fault")), ...ERRORS.map(plain("outcome"))]),
    group("with 3-D Secure, take the flow", names.flows.map((flow) =>
      arming(flow.replaceAll("_", " "), () => ({ outcome: `threeds/${flow}` })))),
    el("div", { class: "fields" },
      el("div", { class: "inline" }, field("be approved only for", part), arming("Approve in part", () => ({
        outcome: `approve/${Math.round(part.valueAsNumber * 100)}` }))),
      el("div", { class: "inline" }, field("be late, by seconds", late), arming("Delay", () => ({
        fault: `delay delay_ms=${Math.round(late.valueAsNumber * 1000)}` })))));
}

const group = (title, buttons) => el("div", { role: "group", "aria-label": title },
  el("h3", {}, title), el("div", { class: "actions" }, buttons));

/** Arm an outcome or a fault. */
export const armNext = (body) => call("POST", "next", body);

async function arm(body, message) {
  replaceContent(message);
  try {
    const armed = await armNext(body);
    announce(() => `Armed for the next charge: ${wordsOf(armed)}.`);
    close(byId("next"));
  } catch (error) {
    replaceContent(message, el("p", { class: "message-error", role: "alert" }, error.message));
  }
  await refreshNext();
}

/** Show what is armed. */
export async function refreshNext() {
  const request = (requests += 1);
  const { data } = await get("next");
  const now = JSON.stringify(data);
  if (request !== requests || now === shown) return; // the response to a later request counts
  shown = now;
  const place = byId("next-chips");
  const hadFocus = place.contains(document.activeElement);
  const isOpen = place.querySelector("[open]") !== null;
  const chips = data.map(chipOf);
  replaceContent(place, chips.length < 2 ? chips : el("details", { open: isOpen },
    el("summary", { class: "armed" }, el("span", { "aria-hidden": "true" }, "⚑ "), `${chips.length} armed`),
    el("div", { class: "menu" }, group("Armed for the next charges", chips))));
  if (!hadFocus) return;
  (place.querySelector("[open] button") ?? place.querySelector("summary, button") ??
    byId("next").querySelector("summary")).focus();
}

function chipOf(armed) {
  const words = wordsOf(armed) + (armed.left > 1 ? ` (${armed.left} times)` : "");
  const label = `Disarm next: ${words}`; // the words may be cut
  return button([el("span", { "aria-hidden": "true" }, "⚑"), el("b", {}, words),
    el("span", { "aria-hidden": "true" }, "×")],
  () => disarm(armed.id), { class: "small armed", title: label, "aria-label": label });
}

/** Show what is left after a payment, if anything is armed. */
export async function paid() {
  if (shown !== "[]") await refreshNext().catch(() => {}); // the stream reports connection errors
}

async function disarm(id) {
  try {
    await call("DELETE", `next/${encodeURIComponent(id)}`);
  } catch {
    // It was used in the meantime.
  }
  await refreshNext();
}

/** Return the words for an armed outcome or fault. */
function wordsOf({ outcome, fault, endpoint }) {
  const words = fault ? faultWords(fault) : outcomeWords(outcome);
  return endpoint ? `${words}, ${endpoint}` : words;
}

function faultWords(fault) {
  const late = /^delay delay_ms=(\d+)$/.exec(fault);
  return late ? `${durationOf(Number(late[1]))} late` : LOST[fault] ?? fault;
}

function outcomeWords(outcome) {
  const part = /^approve\/(\d+)$/.exec(outcome);
  return part ? `approved for ${(Number(part[1]) / 100).toFixed(2)}`
    : outcome.replace("card_declined/", "declined: ").replace("threeds/", "3-D Secure ").replaceAll("_", " ");
}
