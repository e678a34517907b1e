// The sheet of a wallet: the page in its iframe. The customer selects a test card or cancels; the
// shop's page receives a token, never a number. Apple Pay sends an opaque payload like the real one;
// the server treats it as the approved test card. Other cards are sent as by the card fields.

import { byGroup, currentCards, cvvOf, labelOf } from './cards.js';
import { whenStarted } from './port.js';
import { sendCard } from './tokens.js';
import { messagesFor } from './messages.js';

const SHOWN_MS = 1_200; // how long the result of a payment is shown

const asked = new URLSearchParams(location.search);
const messages = messagesFor(asked.get('locale') ?? 'en-US');
const isApple = asked.get('type')?.endsWith('APPLE_PAY');
const find = (selector) => document.querySelector(selector);
const [select, email, zip, message] = ['select', '#email', '#zip', '.message'].map(find);
const [payButton, cancelButton] = ['.pay', '.cancel'].map(find);

function label() {
  document.documentElement.lang = messages.lang;
  find('h1').textContent = isApple ? 'Apple Pay' : 'Google Pay';
  for (const [name, text] of Object.entries(messages.wallet.labels)) {
    find(`label[for=${name}]`).textContent = text;
  }
  payButton.textContent = messages.wallet.pay;
  cancelButton.textContent = messages.wallet.cancel;
}

// Return an amount in the form of the locale, with the currency's sign.
function amountText(amount, currency) {
  const locale = messages.lang === 'fr' ? 'fr-CA' : 'en-US';
  try {
    return new Intl.NumberFormat(locale, { style: 'currency', currency }).format(amount);
  } catch {
    return `${amount} ${currency}`; // not a currency code
  }
}

function showTotal({ label: text, amount, currency }) {
  find('.label').textContent = text;
  find('.amount').textContent = amountText(Number(amount), currency);
}

function showMessage(text, kind = '') {
  message.textContent = text;
  message.className = `message ${kind}`;
}

async function listCards() {
  const { cards, year } = await currentCards();
  if (isApple) select.append(new Option(messages.wallet.ownCard, ''));
  for (const { title, cards: members } of byGroup(cards, messages.groups)) {
    const group = document.createElement('optgroup');
    group.label = title;
    group.append(...members.map((card) => new Option(labelOf(card), cards.indexOf(card))));
    select.append(group);
  }
  return { cards, year };
}

const random = (count) => {
  const bytes = crypto.getRandomValues(new Uint8Array(count));
  return btoa(String.fromCharCode(...bytes));
};

// The format of Apple's payload, with random content.
function opaquePayload() {
  const header = { ephemeralPublicKey: random(91), publicKeyHash: random(32), transactionId: '00' };
  return {
    applePayPaymentData: { data: random(160), header, signature: random(64), version: 'EC_v1' },
  };
}

function chosenSource({ cards, year }) {
  const card = cards[select.value];
  if (select.value === '' || !card) return opaquePayload();
  return {
    card: {
      number: card.number,
      exp_month: '12',
      exp_year: String(year),
      cvv: cvvOf(card),
      address_zip: zip.value,
    },
  };
}

async function pay(port, key, listed) {
  for (const node of [payButton, select, email, zip]) node.disabled = true;
  showMessage(messages.wallet.busy);
  port.postMessage({ what: 'authorize' });
  const done = await sendCard(chosenSource(await listed), key, messages);
  if (done.token) {
    const token = { id: done.token, object: 'token', card: done.card };
    port.postMessage({
      what: 'paid',
      token,
      card: done.card,
      email: email.value,
      postalCode: zip.value,
    });
    return;
  }
  for (const node of [payButton, select, email, zip]) node.disabled = false;
  showMessage(done.failure?.message ?? Object.values(done.errors)[0], 'failed');
}

function finish(port, status) {
  showMessage(messages.wallet[status], status);
  cancelButton.disabled = true;
  setTimeout(() => port.postMessage({ what: 'shown' }), SHOWN_MS);
}

label();

whenStarted(({ key, total }, port) => {
  const listed = listCards();
  const cancel = () => port.postMessage({ what: 'cancel' });
  showTotal(total);
  port.onmessage = ({ data }) => {
    if (data.what === 'total') showTotal(data.total);
    if (data.what === 'finish') finish(port, data.status);
  };
  find('form').addEventListener('submit', (event) => {
    event.preventDefault();
    pay(port, key, listed);
  });
  cancelButton.addEventListener('click', cancel);
  // On keyup: the iframe is removed, and browser automation must be able to release the key.
  document.addEventListener('keyup', ({ key: pressed }) => {
    if (pressed === 'Escape' && !cancelButton.disabled) cancel();
  });
  port.postMessage({ what: 'ready', title: document.title });
  payButton.focus();
});
