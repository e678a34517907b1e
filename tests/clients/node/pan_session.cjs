'use strict';
// The part of an integration around the encryption: fetch the keys, slice the blob, post the token.

async function blob() {
  const answer = await fetch(`${process.env.CLOVER_BASE_URL}/assets/keys.json`);
  const bytes = Buffer.from((await answer.json()).TA_PUBLIC_KEY_DEV, 'base64');
  return { size: bytes.length, modulus: bytes.subarray(0, 256), exponent: bytes.subarray(256) };
}

async function post(card) {
  const answer = await fetch(`${process.env.CLOVER_BASE_URL}/v1/tokens`, {
    method: 'POST',
    headers: { apikey: process.env.CLOVER_API_KEY, 'content-type': 'application/json' },
    body: JSON.stringify({ card }),
  });
  return { status: answer.status, body: await answer.json() };
}

// encrypt(plain, {modulus, exponent}) gives the ciphertext's bytes, or a promise of them.
async function run(encrypt) {
  const pan = process.env.CARD_NUMBER;
  const key = await blob();
  const cipher = Buffer.from(await encrypt(Buffer.from(`00000000${pan}`, 'ascii'), key));
  const card = {
    encrypted_pan: cipher.toString('base64'),
    first6: pan.slice(0, 6),
    last4: pan.slice(-4),
    exp_month: '12',
    exp_year: '2030',
    cvv: '123',
  };
  const right = await post(card);
  const wrong = await post({ ...card, last4: process.env.WRONG_LAST4 });
  process.stdout.write(
    JSON.stringify({ blob: key.size, cipher: cipher.length, right, wrong }),
  );
}

module.exports = { run };
