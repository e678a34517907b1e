// What an exchange says of a payment: amount, card, reason of a decline and description, in words.

import { moneyOf } from "./format.js";

const CARDS_MAX = 2000;
const DESCRIPTION_MAX = 80;
const IN_WHY = /\b([A-Z]{2,10}) \.\.\.(\d{4})\b/; // "MC ...3333 is listed to decline"

const cards = new Map(); // of tokens and customers, by id: a request names only the id

/** Return the payment of an exchange: `amount`, `card`, `reason` and `description`, each perhaps empty. */
export function paymentOf(exchange) {
  const request = plain(exchange.request);
  const reply = plain(exchange.reply);
  const card = cardOf(exchange, request, reply);
  const minor = numberOf(request.amount) ?? numberOf(reply.amount);
  return {
    amount: minor === null ? "" : moneyOf(minor, request.currency ?? reply.currency),
    plainAmount: minor === null ? "" : moneyOf(minor, request.currency ?? reply.currency).replaceAll(",", ""),
    card: card ? `${card.brand ?? "card"} ••${card.last4}` : "",
    reason: reasonOf(exchange, plain(reply.error)),
    description: typeof request.description === "string" ? request.description.slice(0, DESCRIPTION_MAX) : "",
  };
}

/** Return the words of a row, as "$109.00 · MC ••3333 · insufficient funds". */
export const paymentText = ({ amount, card, reason }) => [amount, card, reason].filter(Boolean).join(" · ");

const plain = (value) => (value !== null && typeof value === "object" ? value : {});

const numberOf = (value) => (typeof value === "number" ? value : null);

function cardOf(exchange, request, reply) {
  const shown = [reply.source, reply.card, request.card].map(plain).find((each) => each.last4);
  const found = shown ?? cards.get(request.source) ?? inWhy(exchange.why);
  if (found?.last4 && reply.id) remember(reply.id, found);
  if (found?.last4 && typeof request.source === "string") remember(request.source, found);
  return found?.last4 ? found : null;
}

function inWhy(why) {
  const found = IN_WHY.exec(why);
  return found ? { brand: found[1], last4: found[2] } : null;
}

function remember(id, { brand, last4 }) {
  cards.set(id, { brand, last4 });
  if (cards.size > CARDS_MAX) cards.delete(cards.keys().next().value);
}

/** Return the reason of a decline or of an error. */
function reasonOf(exchange, error) {
  const code = error.declineCode ?? error.decline_code ?? error.code ?? "";
  return exchange.status >= 400 && typeof code === "string" ? code.replaceAll("_", " ") : "";
}
