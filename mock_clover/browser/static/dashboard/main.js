// The dashboard: which view is shown, whether the server is there, and what stands above them all.

import { askAgain, get, homeOf, SANDBOX, useMerchant, useToken } from "./api.js";
import { add, button, byId, el, refill, say } from "./dom.js";
import { announce, askToken } from "./dialogs.js";
import { escape, isShown, openExchanges, pause, receive, startExchanges, stepBy } from "./exchanges.js";
import { dateOf, some } from "./format.js";
import { listen, openKeys } from "./keys.js";
import { follow } from "./live.js";
import { go, here } from "./routes.js";

const STATUS_MS = 3000;
const VIEWS = {
  data: () => import("./data.js"),
  scenario: () => import("./scenario.js"),
  try: () => import("./try.js"),
  faults: () => import("./faults.js"),
  webhooks: () => import("./webhooks.js"),
  cardholder: () => import("./cardholder.js"),
  sandboxes: () => import("./sandboxes.js"),
};
const TITLES = Object.fromEntries([...document.querySelectorAll("nav a[data-view]")].map((link) => [
  link.dataset.view, link.textContent.trim()]));

let live;
let current = null;
let isThere = false;

function start() {
  useToken(askToken);
  say(byId("sandbox-name"), SANDBOX);
  startExchanges();
  window.addEventListener("hashchange", route);
  route();
  live = follow(receive, connected);
  themes();
  byId("keys").addEventListener("click", openKeys);
  listen({
    "/": () => isShown() && (byId("search").focus(), true),
    j: () => isShown() && stepBy(1),
    k: () => isShown() && stepBy(-1),
    p: () => isShown() && pause(),
    Escape: () => isShown() && escape(),
  });
  setInterval(status, STATUS_MS);
}

/** Show what the address says. */
async function route() {
  const { parts, query } = here();
  const name = parts[0] === "exchanges" || VIEWS[parts[0]] ? parts[0] : "exchanges";
  const isOther = current !== null && name !== current;
  current = name;
  for (const link of document.querySelectorAll("nav a[data-view]")) {
    if (link.dataset.view === name) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  for (const view of document.querySelectorAll("main > section")) view.hidden = view.id !== name;
  document.title = `${TITLES[name]} · ${SANDBOX} · mock-clover`;
  if (isOther) {
    window.scrollTo(0, 0);
    byId(`${name}-title`)?.focus({ preventScroll: true });
  }
  if (name === "exchanges") openExchanges(parts.slice(1), query);
  else {
    const module = await VIEWS[name]();
    if (current === name) module.open(byId(`${name}-body`), parts.slice(1), query);
  }
}

const BANNERS = {
  lost: () => ["Not connected. Trying again …", button("Now", () => live.retry(), { class: "small" })],
  locked: (words) => [words, button("Try again", () => (askAgain(), live.retry()), { class: "small" })],
  dropped: () => [`The sandbox “${SANDBOX}” was dropped. `,
    button("Make it anew", makeAnew, { class: "small" }), el("a", { href: homeOf("default") }, "Go to default")],
};

function connected(state, words) {
  const wasThere = isThere;
  isThere = state === "live";
  const banner = byId("banner");
  const place = byId("connection");
  place.dataset.state = state;
  say(place.querySelector("b"), isThere ? "live" : state === "locked" ? "locked" : "not connected");
  banner.hidden = isThere;
  if (!isThere && banner.dataset.state !== state + words) refill(banner, BANNERS[state](words));
  banner.dataset.state = isThere ? "" : state + words;
  if (isThere && !wasThere) status();
  if (!isThere && wasThere) announce(() => "The connection to the server is lost.");
}

async function makeAnew() {
  await get("clock"); // the first call by its path makes a sandbox
  location.reload();
}

/** Tell the clock and the faults above all views; nothing is asked where nobody is there. */
async function status() {
  if (!isThere || document.hidden) return;
  try {
    const [clock, faults] = await Promise.all([get("clock"), get("faults")]);
    const chip = byId("clock-chip");
    refill(chip, el("span", { "aria-hidden": "true" }, clock.frozen ? "❄ " : "◷ "), dateOf(clock.now_ms),
      clock.frozen ? " (stands still)" : "");
    const beset = byId("fault-chip");
    beset.hidden = faults.data.length === 0;
    refill(beset, el("span", { "aria-hidden": "true" }, "⚡ "), some(faults.data.length, "fault"));
  } catch {
    // The stream tells what is wrong with the connection.
  }
}

function themes() {
  const chosen = byId("theme");
  chosen.value = window.mockCloverTheme.now();
  chosen.addEventListener("change", () => window.mockCloverTheme.choose(chosen.value));
}

/** Let a person go to another sandbox, or to another merchant of this one. */
async function places() {
  const switcher = byId("sandbox-switch");
  try {
    const { data } = await get("sandboxes", { root: true });
    refill(switcher, data.slice(0, 200).map(({ name }) => el("option", { value: name }, name)));
    switcher.value = SANDBOX;
    merchants(data.find(({ name }) => name === SANDBOX)?.merchants ?? []);
  } catch {
    // The stream tells it; the name is shown all the same.
  }
}

function merchants(found) {
  if (!found.length || byId("merchant")) return;
  const chosen = el("select", { id: "merchant", "aria-label": "Merchant" },
    el("option", { value: "" }, "first merchant"),
    found.map((each) => el("option", { value: each.access_token }, `merchant ${each.merchant_id}`)));
  chosen.addEventListener("change", () => {
    useMerchant(chosen.value || null);
    live.anew();
    route();
  });
  byId("sandbox-switch").after(chosen);
}

byId("sandbox-switch").addEventListener("focus", places, { once: false });
byId("sandbox-switch").addEventListener("change", (event) => {
  if (event.target.value !== SANDBOX) location.assign(homeOf(event.target.value));
});
add(byId("sandbox-switch"), [el("option", { value: SANDBOX }, SANDBOX)]);
start();
places();
if (!location.hash) go("#/exchanges", true);
