// A card becomes a token: the call that Clover's own frames make is not public; ours sends the
// plain number to /v1/tokens of the server that the frame came from (inferred). What refuses the
// card is told as the field's error; what refuses the caller, or no answer at all, rejects the
// promise.

// Which field a refusal's code speaks of (inferred from the names of Clover's error codes).
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
    return null; // plain text, or cut off
  }
}

const HOME = new URL('..', location.href).href;

function failure(message, status, code) {
  return { failure: { message, status, code } };
}

// Return {token, card}, {errors} or {failure}; `words` are those of words.js.
export async function sendCard(body, key, words) {
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
    return failure(`Clover's token service did not answer: ${error.message}`, 0);
  }
  if (response.ok && typeof answer?.id === 'string') {
    return { token: answer.id, card: { ...answer.card } };
  }
  const { code, message } = answer?.error ?? {};
  const field = FIELDS[code];
  if (field) return { errors: { [field]: words.invalid[field] } };
  // The card itself was refused, as a rule of the scenario may say: the server's words.
  if (code === 'card_declined') return { errors: { CARD_NUMBER: message } };
  const said = message ?? answer?.message ?? response.statusText;
  const hint = response.status === 401 ? `; is the key that of ${HOME}?` : '';
  return failure(
    `Clover's token service refused: ${said || response.status}${hint}`,
    response.status,
    code,
  );
}
