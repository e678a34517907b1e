// Create a token. The request of Clover's own iframes is not public; this one sends the plain card
// number to /v1/tokens of the server that served the iframe (inferred). A card error becomes an
// error of its field; any other error, or no response, rejects the promise.

// The field of each error code (inferred from the names of Clover's codes).
const FIELDS = {
  incorrect_number: 'CARD_NUMBER',
  invalid_number: 'CARD_NUMBER',
  invalid_card_type: 'CARD_NUMBER',
  invalid_expiry_month: 'CARD_DATE',
  invalid_expiry_year: 'CARD_DATE',
  expired_card: 'CARD_DATE',
  incorrect_cvc: 'CARD_CVV',
  invalid_cvc: 'CARD_CVV',
  incorrect_zip: 'CARD_POSTAL_CODE',
  incorrect_address: 'CARD_STREET_ADDRESS',
};

async function answerOf(response) {
  try {
    return await response.json();
  } catch {
    return null; // plain text, or truncated
  }
}

const HOME = new URL('..', location.href).href;

function failure(message, status, code) {
  return { failure: { message, status, code } };
}

// Send a token request. Return {answer}, or {failure} with the answer's error.
export async function sendToken(body, key) {
  let response;
  let answer;
  try {
    response = await fetch('../v1/tokens', {
      method: 'POST',
      headers: { accept: 'application/json', 'content-type': 'application/json', apikey: key },
      body: JSON.stringify(body),
      cache: 'no-store',
    });
    answer = await answerOf(response);
  } catch (error) {
    return failure(`no response from the token endpoint: ${error.message}`, 0);
  }
  if (response.ok && typeof answer?.id === 'string') return { answer };
  const { code, message } = answer?.error ?? {};
  const text = message ?? answer?.message ?? response.statusText;
  const hint = response.status === 401 ? `; does the API key belong to ${HOME}?` : '';
  const reason = `the token endpoint rejected the request: ${text || response.status}${hint}`;
  return { ...failure(reason, response.status, code), error: answer?.error };
}

// Return {token, card}, {errors} or {failure}; `messages` is an object of messages.js.
export async function sendCard(body, key, messages) {
  const { answer, failure: failed, error } = await sendToken(body, key);
  if (answer) return { token: answer.id, card: { ...answer.card } };
  const field = FIELDS[error?.code];
  if (field) return { errors: { [field]: messages.invalid[field] } };
  // The card was declined, for example by a rule of the scenario: use the server's message.
  if (error?.code === 'card_declined') return { errors: { CARD_NUMBER: error.message } };
  return { failure: failed };
}
