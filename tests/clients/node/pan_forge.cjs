'use strict';
// encrypted_pan by node-forge, which is JavaScript down to the big integers.

const forge = require('node-forge');
const { run } = require('./pan_session.cjs');

run((plain, { modulus, exponent }) => {
  const number = (bytes) => new forge.jsbn.BigInteger(bytes.toString('hex'), 16);
  const key = forge.pki.setRsaPublicKey(number(modulus), number(exponent));
  const cipher = key.encrypt(plain.toString('binary'), 'RSA-OAEP', {
    md: forge.md.sha1.create(),
    mgf1: { md: forge.md.sha1.create() },
  });
  return Buffer.from(cipher, 'binary');
});
