'use strict';
// What Clover's Node SDK makes of a decline, of a wrong bearer and of none; then that it still works.

const { refusal, run, session, token } = require('./sdk_session.cjs');

const APPROVES = '4242424242424242';
const DECLINES = '4005571702222222';

run(async () => {
  const clover = session(process.env.CLOVER_ACCESS_TOKEN);
  const stranger = session('00000000-0000-0000-0000-000000000000');
  const nameless = session(undefined);
  const said = {};

  const card = await token(clover, DECLINES);
  said.decline = await refusal(
    clover.charges.create({ amount: 1999, currency: 'usd', source: card.id }),
  );
  said.no_amount = await refusal(clover.charges.create({}));
  said.unknown_charge = await refusal(clover.charges.retrieve('ZZZZZZZZZZZZZ'));

  const spent = await token(clover, APPROVES);
  const hold = await clover.charges.create({
    amount: 1200,
    currency: 'usd',
    source: spent.id,
    capture: false,
  });
  said.token_again = await refusal(
    clover.charges.create({ amount: 1999, currency: 'usd', source: spent.id }),
  );
  await clover.charges.capture(hold.id);
  said.capture_again = await refusal(clover.charges.capture(hold.id));

  said.stranger_post = await refusal(stranger.charges.create({ amount: 1 }));
  said.stranger_get = await refusal(stranger.charges.retrieve('ZZZZZZZZZZZZZ'));
  said.stranger_apikey = await refusal(stranger.apikey.retrieve());
  said.nameless_get = await refusal(nameless.charges.retrieve('ZZZZZZZZZZZZZ'));
  said.nameless_apikey = await refusal(nameless.apikey.retrieve());

  said.by_type = {};
  for (const outcome of process.env.OUTCOMES.split(' ')) {
    const source = (await token(clover, APPROVES)).id;
    said.by_type[outcome] = await refusal(
      clover.charges.create({
        amount: 5,
        currency: 'usd',
        source,
        description: `mock-clover:${outcome}`,
      }),
    );
  }

  const good = await token(clover, APPROVES);
  said.afterwards = (
    await clover.charges.create({ amount: 5, currency: 'usd', source: good.id })
  ).status;
  return said;
});
