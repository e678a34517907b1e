'use strict';
// encrypted_pan by node-rsa in pure JavaScript; OAEP with SHA-1 is its default.

const NodeRSA = require('node-rsa');
const { run } = require('./pan_session.cjs');

run((plain, { modulus, exponent }) => {
  const key = new NodeRSA(undefined, undefined, { environment: 'browser' });
  const e = exponent.subarray(exponent.findIndex((byte) => byte !== 0));
  key.importKey({ n: modulus, e }, 'components-public');
  return key.encrypt(plain);
});
