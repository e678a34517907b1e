'use strict';
// encrypted_pan by Node's own crypto, the key taken as a JSON web key.

const { createPublicKey, publicEncrypt, constants } = require('node:crypto');
const { run } = require('./pan_session.cjs');

run((plain, { modulus, exponent }) => {
  const key = createPublicKey({
    format: 'jwk',
    key: { kty: 'RSA', n: modulus.toString('base64url'), e: exponent.toString('base64url') },
  });
  return publicEncrypt(
    { key, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha1' },
    plain,
  );
});
