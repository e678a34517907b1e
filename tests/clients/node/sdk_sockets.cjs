'use strict';
// Clover's Node SDK with its own keep-alive agent: its GET leaves two stray bytes on the socket,
// and the next request goes out behind them. Counts the sockets that this takes on our side.

const diagnostics = require('node:diagnostics_channel');
const { run, session, token } = require('./sdk_session.cjs');

const ROUNDS = Number(process.env.ROUNDS);
const AT_ONCE = Number(process.env.AT_ONCE);

let opened = 0;
diagnostics.subscribe('net.client.socket', () => {
  opened += 1;
});

function count(table) {
  return Object.values(table).reduce((sum, sockets) => sum + sockets.length, 0);
}

run(async () => {
  const clover = session(process.env.CLOVER_ACCESS_TOKEN);
  const card = await token(clover, '4242424242424242');
  const customer = await clover.customers.create({ email: 'buyer@example.com', source: card.id });
  const agent = customer.lastResponse.req.agent;
  const post = (amount) =>
    clover.charges.create({ amount, currency: 'usd', source: customer.id });

  const turns = [];
  let reused = 0;
  for (let round = 1; round <= ROUNDS; round += 1) {
    const made = await post(round);
    const read = await clover.charges.retrieve(made.id);
    const key = await clover.apikey.retrieve();
    for (const answer of [made, read, key]) {
      reused += answer.lastResponse.req.reusedSocket ? 1 : 0;
    }
    turns.push([made.amount, read.id === made.id, read.amount, key.active]);
  }
  const alternating = {
    turns,
    opened,
    reused,
    free: count(agent.freeSockets),
    busy: count(agent.sockets),
    keepAlive: agent.keepAlive,
  };

  const known = await post(77);
  const burst = async () => {
    const asked = [];
    for (let turn = 0; turn < AT_ONCE; turn += 2) {
      asked.push(clover.charges.retrieve(known.id), post(1000 + turn));
    }
    const amounts = (await Promise.all(asked)).map((charge) => charge.amount);
    return { amounts, opened, free: count(agent.freeSockets), busy: count(agent.sockets) };
  };
  return { alternating, bursts: [await burst(), await burst(), await burst()] };
});
