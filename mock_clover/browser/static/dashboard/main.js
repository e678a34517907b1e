// The dashboard: selects the view, shows the connection, and updates the header.

import { allowTokenPrompt, get, homeOf, onTokenNeeded, SANDBOX, useMerchant } from "./api.js";
import { add, button, byId, el, replaceContent, setText } from "./dom.js";
import { copyOpen, replayOpen } from "./detail.js";
import { announce, askToken } from "./dialogs.js";
import {
  connected, escape, isShown, markJumps, openExchanges, pause, receive, startExchanges, stepBy,
} from "./exchanges.js";
import { countOf, dateOf, shortDateOf } from "./format.js";
import { listen, openCommands, openKeys } from "./keys.js";
import { follow } from "./live.js";
import { openNext, paid, refreshNext, startNext } from "./next.js";
import { go, here } from "./routes.js";

const STATUS_MS = 3000;
const VIEWS = {
  audit: () => import("./audit.js"),
  data: () => import("./data.js"),
  scenario: () => import("./scenario.js"),
  explain: () => import("./explain.js"),
  payment: () => import("./story.js"),
  faults: () => import("./faults.js"),
  webhooks: () => import("./webhooks.js"),
  cardholder: () => import("./cardholder.js"),
  sandboxes: () => import("./sandboxes.js"),
  start: () => import("./start.js"),
};
const TITLES = Object.fromEntries([...document.querySelectorAll("nav a[data-view]")].map((link) => [
  link.dataset.view, link.textContent.trim()]));
TITLES.payment = "Payment"; // not in the navigation

let live;
let current = null;
let failed = null; // the view that could not be loaded
let isConnected = false;

function start() {
  onTokenNeeded(askToken);
  setText(byId("sandbox-name"), SANDBOX);
  startExchanges();
  window.addEventListener("hashchange", route);
  route();
  live = follow((...events) => { receive(...events); paid(); }, connectionChanged);
  initTheme();
  startNext();
  byId("keys").addEventListener("click", openKeys);
  document.querySelector(".skip").addEventListener("click", (event) => {
    event.preventDefault(); // its address is not that of a view
    byId("main").focus();
  });
  byId("commands").addEventListener("click", openCommands);
  listen({
    j: () => isShown() && stepBy(1),
    k: () => isShown() && stepBy(-1),
    p: () => isShown() && pause(),
    r: () => isShown() && replayOpen(),
    c: () => isShown() && copyOpen(),
    n: () => openNext(),
    Escape: () => isShown() && escape(),
  });
  setInterval(updateStatus, STATUS_MS);
}

/** Show the view of the current URL. */
async function route() {
  const { parts, query } = here();
  const name = parts[0] === "exchanges" || VIEWS[parts[0]] ? parts[0] : "exchanges";
  const hasChanged = current !== null && name !== current;
  current = name;
  for (const link of document.querySelectorAll("nav a[data-view]")) {
    if (link.dataset.view === name) {
      link.setAttribute("aria-current", "page");
      link.scrollIntoView({ block: "nearest", inline: "nearest" }); // on a phone the tabs scroll
    } else link.removeAttribute("aria-current");
  }
  for (const view of document.querySelectorAll("main > section")) view.hidden = view.id !== name;
  document.title = `${TITLES[name]} · ${SANDBOX} · mock-clover`;
  if (hasChanged) {
    window.scrollTo(0, 0);
    byId(`${name}-title`)?.focus({ preventScroll: true });
  }
  if (name === "exchanges") openExchanges(parts.slice(1), query);
  else await openView(name, parts, query);
}

/** Load and open a view. If the server is away, it is opened again once it is back. */
async function openView(name, parts, query) {
  const body = byId(`${name}-body`);
  try {
    const module = await load(name);
    failed = failed === name ? null : failed;
    if (current !== name) return;
    const isSearching = body.contains(document.activeElement) && document.activeElement.type === "search";
    module.open(body, parts.slice(1), query);
    if (isSearching) body.querySelector("[type=search]")?.focus(); // it was replaced: the view was shown before
  } catch {
    failed = name;
    if (current === name) replaceContent(body, el("p", { class: "message-error", role: "alert" },
      "This view could not be loaded: the server is not responding. It is opened when the server is back."));
  }
}

let attempts = 0;

/** Import a view; a browser remembers a failed import, so another attempt has another address. */
const load = (name) => failed === name ? import(`./${name}.js?attempt=${(attempts += 1)}`) : VIEWS[name]();

const BANNERS = {
  lost: () => ["Connection lost. Reconnecting …", button("Retry now", () => live.retry(), { class: "small" })],
  locked: (words) => [words, button("Try again", () => (allowTokenPrompt(), live.retry()), { class: "small" })],
  deleted: () => [`The sandbox “${SANDBOX}” was deleted. `,
    button("Recreate it", recreateSandbox, { class: "small" }),
    el("a", { href: homeOf("default") }, "Go to the default sandbox")],
};

function connectionChanged(state, words) {
  const wasConnected = isConnected;
  isConnected = state === "live";
  const banner = byId("banner");
  const place = byId("connection");
  place.dataset.state = state;
  setText(place.querySelector("b"), isConnected ? "live" : state === "locked" ? "token required" : "not connected");
  banner.hidden = isConnected;
  if (!isConnected && banner.dataset.state !== state + words) replaceContent(banner, BANNERS[state](words));
  banner.dataset.state = isConnected ? "" : state + words;
  if (isConnected) connected();
  if (isConnected && !wasConnected) {
    updateStatus();
    if (failed !== null && failed === current) route();
  }
  if (!isConnected && wasConnected) announce(() => "Connection to the server lost.");
}

async function recreateSandbox() {
  await get("clock", { creates: true });
  location.reload();
}

/** Update the clock and the fault count in the header; do nothing while disconnected or hidden. */
async function updateStatus() {
  if (!isConnected || document.hidden) return;
  try {
    const [clock, faults] = await Promise.all([get("clock/moves"), get("faults"), refreshNext()]);
    markJumps(clock);
    const chip = byId("clock-chip");
    const [sign, words] = clock.frozen ? ["❄ ", " (frozen)"] : ["◷ ", ""];
    chip.title = sign + dateOf(clock.now_ms) + words; // it may be cut
    replaceContent(chip, el("span", { "aria-hidden": "true" }, sign),
      el("span", { class: "long" }, dateOf(clock.now_ms), words),
      el("span", { class: "short", "aria-hidden": "true" }, shortDateOf(clock.now_ms)));
    const faultChip = byId("fault-chip");
    faultChip.hidden = faults.data.length === 0;
    replaceContent(faultChip, el("span", { "aria-hidden": "true" }, "⚡ "), countOf(faults.data.length, "fault"));
  } catch {
    // The stream reports connection errors.
  }
}

function initTheme() {
  const chosen = byId("theme");
  chosen.value = window.mockCloverTheme.now();
  chosen.addEventListener("change", () => window.mockCloverTheme.choose(chosen.value));
}

/** Offer the other sandboxes, and the other merchants of this one. */
async function fillSandboxSwitch() {
  const switcher = byId("sandbox-switch");
  try {
    const { data } = await get("sandboxes", { root: true });
    const names = new Set([SANDBOX, ...data.slice(0, 200).map(({ name }) => name)]); // its own in any case
    replaceContent(switcher, [...names].map((name) => el("option", { value: name }, name)));
    switcher.value = SANDBOX;
    fillMerchants(data.find(({ name }) => name === SANDBOX)?.merchants ?? []);
  } catch {
    // The stream reports the error; the current name is shown anyway.
  }
}

function fillMerchants(found) {
  if (!found.length || byId("merchant")) return;
  const chosen = el("select", { id: "merchant", "aria-label": "Merchant" },
    el("option", { value: "" }, "default merchant"),
    found.map((each) => el("option", { value: each.access_token }, each.merchant_id)));
  chosen.addEventListener("change", () => {
    useMerchant(chosen.value || null);
    live.restart();
    route();
  });
  byId("sandbox-switch").after(chosen);
}

byId("sandbox-switch").addEventListener("focus", fillSandboxSwitch, { once: false });
byId("sandbox-switch").addEventListener("change", (event) => {
  if (event.target.value !== SANDBOX) location.assign(homeOf(event.target.value));
});
add(byId("sandbox-switch"), [el("option", { value: SANDBOX }, SANDBOX)]);
start();
fillSandboxSwitch();
if (!location.hash) go("#/exchanges", true);
