// A checkout as shops write it that use no framework: one script, all by ids.
const { key, merchant } = document.body.dataset;
const clover = new Clover(key, { merchantId: merchant });
const elements = clover.elements();
const byId = (id) => document.getElementById(id);

const fields = {
  CARD_NUMBER: 'card-number',
  CARD_DATE: 'card-date',
  CARD_CVV: 'card-cvv',
  CARD_POSTAL_CODE: 'card-postal-code',
};
const styles = { body: { fontFamily: 'Georgia, serif' }, input: { fontSize: '16px', padding: '0 8px' } };

function showErrors(event) {
  byId('card-number-error').textContent = event.CARD_NUMBER.error || '';
  byId('card-date-error').textContent = event.CARD_DATE.error || '';
  byId('card-cvv-error').textContent = event.CARD_CVV.error || '';
  byId('card-postal-code-error').textContent = event.CARD_POSTAL_CODE.error || '';
}

for (const [type, id] of Object.entries(fields)) {
  const element = elements.create(type, styles);
  element.mount('#' + id);
  element.addEventListener('change', showErrors);
  element.addEventListener('blur', showErrors);
}

function tell(text) {
  byId('told').textContent = text;
}

async function post(path, body) {
  const reply = await fetch(path, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  return reply.json();
}

// The bank is asked where the charge's answer wants it ------------------------------------------------

const util = new Clover3DS({ merchantUuid: merchant });
window._3DSUtil = util;
window.clover3DSUtil = util;
let pending = null;
let customer = null;

function show(answer) {
  if (answer.customer) {
    customer = answer.customer;
    byId('kept').hidden = false;
  }
  if (!answer.pending) {
    tell(answer.error ? 'Refused: ' + answer.error : 'Paid ' + answer.paid);
    return;
  }
  tell('Waiting for your bank');
  pending = answer.pending.id;
  const { validation_result: wanted, data } = answer.pending.threeds;
  if (wanted === 'THREEDS_METHOD_FLOW_REQUIRED') {
    util.perform3DSFingerPrinting({
      _3DSServerTransId: data.threeds_server_transaction_id,
      acsMethodUrl: data.method_url,
      methodNotificationUrl: data.method_notification_url,
    });
  } else {
    util.perform3DSChallenge({
      messageVersion: data.threeds_protocol_version,
      acsTransID: data.acs_transaction_id,
      acsUrl: data.acs_url,
      threeDSServerTransID: data.threeds_server_transaction_id,
    });
  }
}

window.addEventListener('executePatch', async (event) => {
  show(await post('/finalize', { charge: pending, status: event.detail._3DSStatus }));
});

// Pay ----------------------------------------------------------------------------------------------

async function charge(body) {
  show(await post('/pay', { amount: Number(byId('amount').value), ...body }));
}

byId('payment-form').addEventListener('submit', (event) => {
  event.preventDefault();
  tell('Paying');
  clover
    .createToken()
    .then((result) => {
      if (result.errors) {
        Object.keys(result.errors).forEach((type) => {
          byId(fields[type] + '-error').textContent = result.errors[type];
        });
        tell('Look at your card again');
        return undefined;
      }
      const browser = byId('secure').checked ? util.getBrowserInfo() : null;
      return charge({ token: result.token, keep: byId('keep').checked, browser });
    })
    .catch((error) => tell('Could not reach the till: ' + (error.message || error)));
});

byId('kept').addEventListener('click', () => charge({ customer }));

// Wallets ------------------------------------------------------------------------------------------

const google = elements.create('PAYMENT_REQUEST_BUTTON', {
  paymentReqData: {
    total: { label: 'Lamps', amount: 1800 },
    options: { button: { buttonType: 'short' } },
  },
});
google.mount('#google-pay');
google.addEventListener('paymentMethod', (paid) => charge({ token: paid.token }));

const apple = elements.create('PAYMENT_REQUEST_BUTTON_APPLE_PAY', {
  applePaymentRequest: clover.createApplePaymentRequest({
    amount: 1800,
    countryCode: 'US',
    currencyCode: 'USD',
  }),
  sessionIdentifier: merchant,
});
apple.mount('#apple-pay');
window.addEventListener('paymentMethod', async ({ detail }) => {
  const token = detail && (detail.tokenRecieved || detail.tokenReceived);
  if (!token) return;
  const answer = await post('/pay', { amount: 1800, token: token.id || token });
  clover.updateApplePaymentStatus(answer.error ? 'failed' : 'success');
  show(answer);
});
window.addEventListener('paymentMethodEnd', ({ detail }) => tell('Apple Pay: ' + detail.status));
