'use strict';
// encrypted_pan as a browser makes it: Web Cryptography, RSA-OAEP with SHA-1.

const { run } = require('./pan_session.cjs');

run(async (plain, { modulus, exponent }) => {
  const key = await crypto.subtle.importKey(
    'jwk',
    {
      kty: 'RSA',
      n: modulus.toString('base64url'),
      e: exponent.subarray(-3).toString('base64url'),
      alg: 'RSA-OAEP',
      ext: true,
    },
    { name: 'RSA-OAEP', hash: 'SHA-1' },
    false,
    ['encrypt'],
  );
  return crypto.subtle.encrypt({ name: 'RSA-OAEP' }, key, plain);
});
