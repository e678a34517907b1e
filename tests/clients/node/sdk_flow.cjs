'use strict';
// One buyer's whole story through Clover's Node SDK; prints every answer as the SDK handed it over.

const { refusal, run, session, token } = require('./sdk_session.cjs');

const APPROVES = '4242424242424242';

run(async () => {
  const clover = session(process.env.CLOVER_ACCESS_TOKEN);
  const said = {};

  said.apikey = await clover.apikey.retrieve();

  said.token = await token(clover, APPROVES);
  said.token_retrieved = await clover.tokens.retrieve(said.token.id);
  said.charge = await clover.charges.create({
    amount: 1999,
    currency: 'usd',
    source: said.token.id,
  });
  said.charge_retrieved = await clover.charges.retrieve(said.charge.id);

  const held = await token(clover, APPROVES);
  said.authorization = await clover.charges.create({
    amount: 1200,
    currency: 'usd',
    source: held.id,
    capture: false,
  });
  said.capture = await clover.charges.capture(said.authorization.id);

  said.refund = await clover.refunds.create({ charge: said.charge.id, amount: 500 });
  said.refund_retrieved = await clover.refunds.retrieve(said.refund.id);
  said.refund_rest = await clover.refunds.create({ charge: said.charge.id });

  const kept = await token(clover, APPROVES);
  said.customer = await clover.customers.create({
    email: 'buyer@example.com',
    firstName: 'Ada',
    lastName: 'Lovelace',
    source: kept.id,
  });
  said.customer_charge = await clover.charges.create({
    amount: 300,
    currency: 'usd',
    source: said.customer.id,
  });
  said.customer_updated = await clover.customers.update(said.customer.id, {
    email: 'ada@example.com',
  });
  said.customer_charge_again = await clover.charges.create({
    amount: 301,
    currency: 'usd',
    source: said.customer.id,
  });

  said.order = await clover.orders.create({
    currency: 'usd',
    email: 'buyer@example.com',
    items: [
      { type: 'sku', amount: 700, currency: 'usd', description: 'Mug', quantity: 2 },
    ],
  });
  said.order_retrieved = await clover.orders.retrieve(said.order.id);
  const spent = await token(clover, APPROVES);
  said.order_paid = await clover.orders.pay(said.order.id, { source: spent.id });
  said.order_paid_again = await refusal(
    clover.orders.pay(said.order.id, { source: (await token(clover, APPROVES)).id }),
  );
  said.order_returned = await refusal(clover.orders.returnOrder(said.order.id));

  // The SDK writes a body of two braces with DELETE too, but here it announces them.
  said.customer_deleted = await clover.customers.del(said.customer.id);
  said.customer_charge_refused = await refusal(
    clover.charges.create({ amount: 302, currency: 'usd', source: said.customer.id }),
  );
  return said;
});
