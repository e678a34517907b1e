'use strict';
// A small shop on Clover's own Node SDK that makes no mistake with money. `node shop.cjs COMMAND [BUG]`.
// The SDK sends no idempotency key, no User-Agent and no x-forwarded-for; the shop's HTTP agent adds them.
// The marks [bug] show the planted bugs: each is one condition. docs/planted-bugs.md has where they are from.

const { randomUUID } = require('node:crypto');
const http = require('node:http');
const Clover = require('clover-ecomm-sdk');

const [command, bug = ''] = process.argv.slice(2);
const VISA = '4242424242424242';
const OTHER_CARD = '4111111111111111';
const DECLINED = '4005571702222222';
const ATTEMPTS_MAX = 4;
const TIMEOUT_MS = 2000;
const keys = new Map();
let currentKey = '';

class ShopAgent extends http.Agent {
  addRequest(request, options) {
    request.setHeader('user-agent', 'planted-shop/1.0');
    request.setHeader('x-forwarded-for', '203.0.113.9');
    if (currentKey && bug !== 'no-key') { // [bug] no idempotency key
      request.setHeader('idempotency-key', currentKey);
    }
    request.setTimeout(TIMEOUT_MS, () => request.destroy(new Error('no answer')));
    return super.addRequest(request, options);
  }
}

function connect() {
  const clover = new Clover(process.env.CLOVER_ACCESS_TOKEN, { environment: 'sandbox' });
  const base = new URL(process.env.CLOVER_BASE_URL);
  clover.setHost(base.hostname, base.port, 'http');
  clover._config.sandbox.token_url = base.hostname;
  clover.setTimeout(TIMEOUT_MS);
  if (bug !== 'sdk-as-it-is') { // [bug] the headers that the SDK lacks are not added
    clover.setHttpAgent(new ShopAgent({ keepAlive: false }));
  }
  return clover;
}

const clover = connect();

// The key of an action is the same for each attempt.
function keyOf(action) {
  if (bug === 'key-of-the-order') { // [bug] the key does not change with the card
    action = action.split(' ')[0];
  }
  if (!keys.has(action)) keys.set(action, randomUUID());
  return keys.get(action);
}

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const isDecline = (error) => JSON.stringify(error.raw ?? {}).includes('card_declined');
const isFinal = (error) => isDecline(error) || /Invalid|Idempotency|Authentication/.test(error.constructor.name);

// The SDK never notices a reply that is cut off: without a deadline, Node ends with exit code 0 in the
// middle of a sale. Its own timeout ends no request that hangs; the agent ends it.
const beforeDeadline = (answer) => new Promise((resolve, reject) => {
  const timer = setTimeout(() => reject(new Error('no answer')), TIMEOUT_MS);
  answer.then(resolve, reject).finally(() => clearTimeout(timer));
});

// Send a request until it is answered, with one key.
async function send(action, request) {
  for (let attempt = 1; ; attempt += 1) {
    currentKey = keyOf(action);
    if (bug === 'new-key' || (bug === 'new-refund-key' && action.includes('refund'))) {
      currentKey = randomUUID(); // [bug] a new key for each attempt
    }
    try {
      return await beforeDeadline(request());
    } catch (error) {
      if (isFinal(error) || attempt === ATTEMPTS_MAX) throw error;
      await pause(50 * attempt);
    } finally {
      currentKey = '';
    }
  }
}

async function token(number = VISA) {
  const card = { number, exp_month: '12', exp_year: '2049', cvv: '123' };
  const made = await send('token', () => clover.tokens.create({ card, apiKey: process.env.CLOVER_API_KEY }));
  return made.id;
}

function charge(reference, source, more = {}) {
  const amount = bug === 'amount-as-text' ? '18.00' : 1800; // [bug] "18.00" is 18 cents
  const body = { amount, currency: 'usd', source, external_reference_id: reference, ...more };
  return send(`${reference} ${source}`, () => clover.charges.create(body));
}

const refund = (id, amount) => send(`${id} refund`, () => clover.refunds.create({ charge: id, amount }));

const commands = {
  async sell() {
    try {
      await charge('N1', await token());
    } catch (error) {
      if (bug !== 'failure-ignored') throw error; // [bug] the sale counts as paid
    }
  },
  async renew() {
    const source = await token();
    const customer = await send('customer', () => clover.customers.create({ email: 'jo@example.com', source }));
    await charge('N2', customer.id);
  },
  async secondCard() {
    const first = await token(DECLINED);
    try {
      await charge('N3', first);
    } catch {
      if (bug === 'token-again') keys.clear(); // [bug] the same token, with a new key
      await charge('N3', bug === 'token-again' ? first : await token(OTHER_CARD));
    }
  },
  async giveBack() {
    await refund((await charge('N4', await token())).id, 500);
  },
  async cancel() {
    const name = bug === 'misspelt' ? 'captured' : 'capture'; // [bug] Clover ignores `captured`
    const made = await charge('N5', await token(), { [name]: false });
    if (bug !== 'canceled-only-here') await refund(made.id); // [bug] the authorization stays open
  },
};

commands[command]().catch((error) => {
  process.stderr.write(`payment failed: ${error.constructor.name} ${error.message}\n`);
  process.exitCode = 1;
});
