// The first five minutes: the address and the credentials of the sandbox, a test charge, the test cards.

import { BASE, get } from "./api.js";
import { announce } from "./dialogs.js";
import { button, byId, copyButton, el, replaceContent, select } from "./dom.js";
import { moneyOf } from "./format.js";
import { outcomeOf, OUTCOMES } from "./request-log.js";
import { to } from "./routes.js";
import { readStorage, writeStorage } from "./storage.js";
import { errorMessage, part, table } from "./views.js";

const AMOUNT = 1800;
const SHOWN_FIRST = 5;
const CLIENT_IP = "127.0.0.1"; // of the customer; Clover asks for it, and so does a strict sandbox
const CURRENCIES = ["usd", "cad"];
const CURRENCY_KEY = "mock-clover.currency";
const GROUPS = [["approve", "Approved"], ["decline", "Declined"], ["threeds", "3-D Secure"]];

/** Return the currency of test charges. */
function chosenCurrency() {
  const kept = readStorage("localStorage", CURRENCY_KEY);
  return CURRENCIES.includes(kept) ? kept : CURRENCIES[0];
}

/** Return the choice of the currency of test charges; it redraws the view. */
function currencyChoice(redraw) {
  const made = select(CURRENCIES.map((each) => [each, each.toUpperCase()]), chosenCurrency(), {
    id: "test-currency", "aria-label": "Currency of test charges", autocomplete: "off" });
  made.addEventListener("change", async () => {
    writeStorage("localStorage", CURRENCY_KEY, made.value);
    await redraw();
    byId("test-currency")?.focus();
  });
  return made;
}

/** Show the view. */
export async function open(root) {
  const [{ credentials }, { cards, year }] = await Promise.all([get("env"), testCards()])
    .catch((error) => [{ credentials: null }, { cards: error }]);
  if (root.closest("[hidden]")) return; // it is not shown any more
  if (credentials === null) {
    replaceContent(root, errorMessage(cards));
    return;
  }
  const message = el("div", { class: "message", role: "status" });
  const charge = (card) => makeCharge(card, { credentials, year, message });
  replaceContent(root,
    el("div", { class: "columns even" },
      part("First request", requestCard({ cards, year, credentials, message }, charge, () => open(root))),
      part("Address and credentials", addressCard(credentials))),
    part("Test cards", el("p", { class: "hint" },
      "The cards of the scenario. Use any future expiry date and any CVV."),
    GROUPS.map(([group, title]) => cardTable(title, cards.filter((each) => each.group === group), charge))));
}

async function testCards() {
  const reply = await fetch(`${BASE}/sdk/cards`, { cache: "no-store" });
  return reply.json();
}

function addressCard(credentials) {
  const facts = [
    ["Address", credentials.base_url, "your API calls, instead of Clover’s hosts"],
    ["Access token", credentials.access_token, "Authorization: Bearer …, on a server"],
    ["API key", credentials.api_key, "apikey: …, for tokens, in a browser or an app"],
    ["Merchant id", credentials.merchant_id, "in paths of the platform API"],
  ];
  return el("div", { class: "card padded stack" },
    el("dl", { class: "credentials" }, facts.map(([name, value, about]) => [
      el("dt", {}, name),
      el("dd", {}, el("code", {}, value), copyButton("Copy", () => value, { "aria-label": `Copy ${name}` }),
        el("span", { class: "hint" }, about))])),
    el("div", { class: "actions" },
      copyButton("Copy environment variables", () => environmentOf(credentials), { class: "" })));
}

/** Return shell commands that configure a client for a sandbox. */
export function environmentOf(sandbox) {
  return [
    ["BASE_URL", sandbox.base_url], ["MERCHANT_ID", sandbox.merchant_id], ["CLIENT_ID", sandbox.client_id],
    ["CLIENT_SECRET", sandbox.client_secret], ["ACCESS_TOKEN", sandbox.access_token], ["API_KEY", sandbox.api_key],
  ].map(([name, value]) => `export CLOVER_${name}=${quoted(value)}`).join("\n");
}

const quoted = (text) => `'${String(text).replaceAll("'", "'\\''")}'`;

function requestCard({ cards, year, credentials, message }, charge, redraw) {
  const [card, declined] = ["approve", "decline"].map((group) => cards.find((each) => each.group === group));
  if (!card) return el("p", { class: "hint" }, "The scenario has no test card that is approved.");
  const command = curlOf(card, year, credentials);
  return el("div", { class: "card padded stack" },
    el("div", { class: "actions" },
      button("Make a test charge", () => charge(card), { class: "primary" }),
      declined ? button("Make a declined charge", () => charge(declined)) : null, currencyChoice(redraw)),
    el("p", { class: "hint" },
      `Creates a token for a test card and charges ${moneyOf(AMOUNT, chosenCurrency())}, as your app does.`),
    message,
    el("div", { class: "part-head" }, el("h4", {}, "The same with curl"),
      copyButton("Copy", () => command, { "aria-label": "Copy the commands" })),
    el("pre", { class: "text command", tabindex: 0 }, command));
}

/** Return the commands that create a token and charge it. */
function curlOf(card, year, { base_url: base, api_key: key, access_token: token }) {
  return [
    `token=$(curl -s ${quoted(`${base}/v1/tokens`)} \\`,
    `  -H ${quoted(`apikey: ${key}`)} \\`,
    "  -H 'content-type: application/json' \\",
    `  -d ${quoted(JSON.stringify({ card: cardBody(card, year) }))} \\`,
    "  | grep -o 'clv_[0-9A-Za-z]*')",
    `curl -i ${quoted(`${base}/v1/charges`)} \\`,
    `  -H ${quoted(`authorization: Bearer ${token}`)} \\`,
    "  -H 'content-type: application/json' \\",
    `  -H 'x-forwarded-for: ${CLIENT_IP}' \\`,
    `  -d '{"amount":${AMOUNT},"currency":"${chosenCurrency()}","source":"'$token'"}'`,
  ].join("\n");
}

const cardBody = ({ number, brand }, year) => ({
  number, exp_month: "12", exp_year: String(year + 4), cvv: brand === "AMEX" ? "1234" : "123",
});

const labelOf = ({ brand, number }) => `${brand.replace("_", " ")} ••${number.slice(-4)}`;

function cardTable(title, cards, charge) {
  const lines = cards.map((card) => [
    card.brand.replace("_", " "),
    el("code", {}, card.number),
    el("div", {}, effectOf(card), card.note ? el("div", { class: "hint" }, card.note) : null),
    el("div", { class: "actions" },
      copyButton("Copy", () => card.number, { "aria-label": `Copy ${card.number}` }),
      button("Charge", () => charge(card), { class: "small", "aria-label": `Charge ${card.number}` })),
  ]);
  const draw = (some) => table(`Test cards: ${title}`, ["Brand", "Number", "Result", ""], some);
  const place = el("div", { class: "stack cards" }, draw(lines.slice(0, SHOWN_FIRST)));
  const more = cards.length - SHOWN_FIRST;
  return cards.length ? el("section", { class: "part", "aria-label": title }, el("h4", {}, title), place,
    more > 0 ? el("p", {}, button(`${more} more`, (event) => {
      event.target.remove();
      replaceContent(place, draw(lines));
    }, { class: "quiet small" })) : null) : null;
}

function effectOf({ group, message, flow, amount }) {
  const [sign, outcome, words] = {
    approve: ["● ", "ok", "approved"],
    decline: ["◆ ", "declined", `declined: ${message?.replace(/^DECLINED: /, "")}`],
    threeds: ["◌ ", "", `${flow?.replaceAll("_", " ")}${amount ? `, for ${moneyOf(amount, chosenCurrency())}` : ""}`],
  }[group];
  return el("span", { class: `result is-${outcome}` }, el("span", { "aria-hidden": "true" }, sign), words);
}

/** Create a token and a charge, as a shop does, and say how it ended. */
async function makeCharge(card, { credentials, year, message }) {
  const tokenBody = { card: { ...cardBody(card, year), ...(card.brand ? { brand: card.brand } : {}) } };
  const token = await post("/v1/tokens", { apikey: credentials.api_key }, tokenBody);
  const [amount, currency] = [card.amount ?? AMOUNT, chosenCurrency()];
  const paid = token.body.id ? await post("/v1/charges", {
    authorization: `Bearer ${credentials.access_token}`, "x-forwarded-for": CLIENT_IP,
  }, {
    amount, currency, source: token.body.id, description: "Test charge of the dashboard",
    ...(card.flow ? { threeds: { source: "CLOVER", browser_info: browserInfo() } } : {}),
  }) : token;
  const outcome = outcomeOf(paid);
  const words = `${moneyOf(amount, currency)} of ${labelOf(card)}: ${resultOf(paid)}`;
  const { data: [exchange] } = await get("journal?limit=1");
  replaceContent(message, el("p", { class: `message-result is-${outcome}` },
    el("b", { "aria-hidden": "true" }, `${OUTCOMES[outcome].sign} `), words, " ",
    exchange ? el("a", { href: to("exchanges", exchange.id) }, "Open the request") : null,
    paid.body.status === "pending" ? [" ", el("a", { href: to("cardholder") }, "Act as the cardholder")] : null));
  announce(() => words);
}

async function post(path, headers, body) {
  const reply = await fetch(BASE + path, {
    method: "POST", headers: { ...headers, "content-type": "application/json" }, body: JSON.stringify(body),
  });
  return { status: reply.status, body: await reply.json() };
}

function resultOf({ status, body }) {
  if (body.status === "pending") return `${status}, waiting for 3-D Secure`;
  if (status < 300) return `${status}, approved`;
  const { message, declineCode, decline_code: code } = body.error ?? {};
  return `${status}, ${[declineCode ?? code, message].filter(Boolean).join(": ") || body.message}`;
}

/** Return what the 3-D Secure SDK reports about this browser. */
function browserInfo() {
  return {
    browser_ip: CLIENT_IP, browser_accept_header: "*/*", browser_javascript_enabled: true,
    browser_java_enabled: false, browser_language: navigator.language, browser_color_depth: String(screen.colorDepth),
    browser_screen_height: String(screen.height), browser_screen_width: String(screen.width),
    browser_tz: String(new Date().getTimezoneOffset()), browser_user_agent: navigator.userAgent,
  };
}
