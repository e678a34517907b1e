'use strict';
// Clover's Node SDK, pointed at the address in the environment by its public means only:
// setHost for every call, and the token host, which is configuration data, for token create.
// Without an address it keeps its own: https and Clover's sandbox names. Its agent is left alone: keep-alive, one pool for the whole process.

const Clover = require('clover-ecomm-sdk');

const base = process.env.CLOVER_BASE_URL;

function session(accessToken) {
  const clover = new Clover(accessToken, { environment: 'sandbox' });
  if (base) {
    const at = new URL(base);
    clover.setHost(at.hostname, at.port, 'http');
    clover._config.sandbox.token_url = at.hostname;
  }
  return clover;
}

// What an integrator sees of an SDK error. Where the SDK has mixed response headers into the answer
// or kept what it could not handle, only the part that the server sent is told.
function told(error) {
  const { type, rawType, code, param, message, statusCode, raw } = error;
  const seen = { thrown: error.constructor.name, type, rawType, code, param, message, statusCode };
  if (raw && raw.exception) {
    const { exception, response } = raw;
    return { ...seen, exception: String(exception), response: response.error ?? response };
  }
  return raw && raw.headers ? seen : { ...seen, raw };
}

async function refusal(promise) {
  try {
    return { accepted: await promise };
  } catch (error) {
    return told(error);
  }
}

const apiKey = process.env.CLOVER_API_KEY;

function token(clover, number) {
  return clover.tokens.create({
    card: { number, exp_month: '12', exp_year: '2030', cvv: '123' },
    apiKey,
  });
}

function run(main) {
  main().then(
    (document) => process.stdout.write(JSON.stringify(document)),
    (error) => {
      process.stderr.write(`${error.stack}\n${JSON.stringify(told(error))}\n`);
      process.exitCode = 1;
    },
  );
}

module.exports = { refusal, run, session, token };
