// The sheet of a wallet: the page in its frame. The customer takes a test card or cancels; the page
// around hears of a token, never of a number. Apple Pay's payload goes the way of a real one,
// sealed (the server takes it for its approving card); another card is sent as Clover's fields send
// theirs.

import { byGroup, cardsInForce, cvvOf, labelOf } from './cards.js';
import { whenStarted } from './port.js';
import { sendCard } from './tokens.js';
import { wordsOf } from './words.js';

const SHOWN_MS = 1_200; // so long the end of a payment is shown

const asked = new URLSearchParams(location.search);
const words = wordsOf(asked.get('locale') ?? 'en-US');
const isApple = asked.get('type')?.endsWith('APPLE_PAY');
const find = (selector) => document.querySelector(selector);
const [select, email, zip, said] = ['select', '#email', '#zip', '.said'].map(find);
const [payButton, cancelButton] = ['.pay', '.cancel'].map(find);

function label() {
  document.documentElement.lang = words.lang;
  find('h1').textContent = isApple ? 'Apple Pay' : 'Google Pay';
  for (const [name, text] of Object.entries(words.wallet.labels)) {
    find(`label[for=${name}]`).textContent = text;
  }
  payButton.textContent = words.wallet.pay;
  cancelButton.textContent = words.wallet.cancel;
}

function showTotal({ label: text, amount, currency }) {
  find('.label').textContent = text;
  find('.amount').textContent = `${amount} ${currency}`.trim();
}

function tell(text, kind = '') {
  said.textContent = text;
  said.className = `said ${kind}`;
}

async function listCards() {
  const { cards, year } = await cardsInForce();
  if (isApple) select.append(new Option(words.wallet.ownCard, ''));
  for (const { title, cards: some } of byGroup(cards, words.groups)) {
    const group = document.createElement('optgroup');
    group.label = title;
    group.append(...some.map((card) => new Option(labelOf(card), cards.indexOf(card))));
    select.append(group);
  }
  return { cards, year };
}

const random = (count) => {
  const bytes = crypto.getRandomValues(new Uint8Array(count));
  return btoa(String.fromCharCode(...bytes));
};

// Of the shape of Apple's own, with nothing in it.
function sealed() {
  const header = { ephemeralPublicKey: random(91), publicKeyHash: random(32), transactionId: '00' };
  return {
    applePayPaymentData: { data: random(160), header, signature: random(64), version: 'EC_v1' },
  };
}

function chosen({ cards, year }) {
  const card = cards[select.value];
  if (select.value === '' || !card) return sealed();
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
  tell(words.wallet.busy);
  port.postMessage({ what: 'authorize' });
  const done = await sendCard(chosen(await listed), key, words);
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
  tell(done.failure?.message ?? Object.values(done.errors)[0], 'failed');
}

function finish(port, status) {
  tell(words.wallet[status], status);
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
  // When the key is let go: the frame goes away, and whoever drives the browser still holds it
  // there.
  document.addEventListener('keyup', ({ key: pressed }) => {
    if (pressed === 'Escape' && !cancelButton.disabled) cancel();
  });
  port.postMessage({ what: 'ready', title: document.title });
  payButton.focus();
});
