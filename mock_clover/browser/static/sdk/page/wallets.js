// Google Pay and Apple Pay: a button in an iframe, and a sheet in a modal dialog that simulates the
// wallet. Types, events and the fields of their details are documented or observed, as noted; the sheet
// and everything else is specific to the mock. Apple's button is shown in every browser.

const GOOGLE = 'PAYMENT_REQUEST_BUTTON';
const APPLE = 'PAYMENT_REQUEST_BUTTON_APPLE_PAY';
const SESSION_MS = 30_000; // documented, of Apple Pay
const LINGER_MS = 1_000;

// Amounts are passed in cents (documented for Google); Apple's request has units, as a string.
function inUnits(cents) {
  if (!Number.isFinite(Number(cents))) throw problem(`amount must be a number of cents, got ${cents}`);
  return (Number(cents) / 100).toFixed(2);
}

// The request as shown on Clover's page.
function appleRequest({ amount, countryCode = 'US', currencyCode = 'USD' } = {}) {
  return {
    countryCode,
    currencyCode,
    merchantCapabilities: ['supports3DS', 'supportsEMV'],
    supportedNetworks: ['visa', 'masterCard', 'amex', 'discover'],
    total: { label: 'Amount to be charged', type: 'final', amount: inUnits(amount) },
    requiredShippingContactFields: ['email'],
    requiredBillingContactFields: ['postalAddress', 'name'],
  };
}

function onWindow(event, detail) {
  window.dispatchEvent(new CustomEvent(event, { detail }));
}

class Wallet extends CloverElement {
  #options;

  constructor(checkout, type, options = {}) {
    super(checkout, type, 'button');
    this.#options = cloneData(options);
    const total =
      type === APPLE ? this.#options.applePaymentRequest : this.#options.paymentReqData?.total;
    const wanted =
      type === APPLE ? 'applePaymentRequest' : 'paymentReqData: {total: {label, amount}}';
    if (!total) throw problem(`create('${type}', …) needs {${wanted}}`);
  }

  get isApple() {
    return this.elementType === APPLE;
  }

  startData() {
    return { buttonType: this.#options.paymentReqData?.options?.button?.buttonType ?? 'long' };
  }

  onMessage({ what }) {
    if (what === 'click') this.begin();
  }

  begin() {
    if (this.checkout.sheet) return;
    this.emit('paymentMethodStart', {}); // only its name is observed
    this.checkout.sheet = new Sheet(this);
  }

  // The amount to pay: {label, amount, currency}.
  get total() {
    if (this.isApple) {
      const { total, currencyCode } = this.#options.applePaymentRequest;
      return { label: total.label, amount: total.amount, currency: currencyCode };
    }
    // A request has no currency: it is the merchant's (inferred).
    const { label, amount } = this.#options.paymentReqData.total;
    return { label, amount: inUnits(amount), currency: 'USD' };
  }

  update(request) {
    if (!this.isApple) return;
    this.#options.applePaymentRequest = request;
    const { sheet } = this.checkout;
    if (sheet?.wallet === this) sheet.frame.send({ what: 'total', total: this.total });
  }

  // The customer has paid: {token, card, email, postalCode}.
  pay({ token, card, email, postalCode }) {
    if (this.isApple) {
      // Clover's spelling (documented), and the correct one, which shops also read (observed).
      const tokenRecieved = { ...token };
      onWindow('paymentMethod', {
        tokenRecieved,
        tokenReceived: tokenRecieved,
        customerEmail: email,
        status: 'success', // the field is documented, its values are not
      });
      return; // the sheet stays open until the shop reports the result of its charge
    }
    this.checkout.sheet.close();
    const billingInfo = {
      cardNetwork: card.brand,
      cardDetails: card.last4,
      billingAddress: { postalCode },
    };
    this.emit('paymentMethod', { token: token.id, customer: { email, billingInfo } });
    this.emit('paymentMethodEnd', { status: 'success' }); // its detail is inferred
  }

  cancel(eventMessage) {
    const detail = { eventMessage, status: 'session_cancelled' };
    this.checkout.sheet.close();
    if (this.isApple) onWindow('paymentMethodEnd', detail);
    this.emit('paymentMethodEnd', detail);
  }
}

// The sheet, a modal dialog: the page behind it is inert, and Escape closes it.
class Sheet {
  constructor(wallet) {
    this.wallet = wallet;
    const { key, locale } = wallet.checkout;
    const type = wallet.elementType;
    const start = () => ({ key, total: wallet.total });
    this.frame = new Frame('wallet', { type, locale }, start, (message) => this.onMessage(message));
    this.dialog = document.createElement('dialog');
    this.dialog.className = 'mock-clover-wallet';
    this.dialog.setAttribute('aria-label', 'Wallet (mock)');
    const whole = { width: '100vw', height: '100dvh', 'max-width': 'none', 'max-height': 'none' };
    setStyle(this.dialog, { ...whole, margin: '0', padding: '0', border: '0', background: 'none' });
    // The sheet has its own color schemes: otherwise the iframe might not be transparent.
    setStyle(this.frame.node, { height: '100%', 'color-scheme': 'light dark' });
    this.frame.node.title = 'Wallet (mock)';
    this.dialog.addEventListener('cancel', (event) => {
      event.preventDefault();
      this.leave();
    });
    this.dialog.append(this.frame.node);
    document.body.append(this.dialog);
    this.dialog.showModal();
    const late = () => wallet.cancel('The session ended after 30 seconds.');
    if (wallet.isApple) this.timer = setTimeout(late, SESSION_MS);
  }

  onMessage(message) {
    // Observed in a shop, without its detail: the customer has agreed, and there is no token yet.
    if (message.what === 'authorize' && this.wallet.isApple) {
      onWindow('paymentAuthorize', { status: 'authorized' });
    }
    if (message.what === 'paid') this.wallet.pay(message);
    if (message.what === 'cancel') this.leave();
    if (message.what === 'shown') this.close();
  }

  leave() {
    if (this.isFinished) this.close();
    else this.wallet.cancel('The customer closed the sheet.');
  }

  // Show the result of the shop's charge; the iframe then asks to close the sheet.
  finish(status) {
    this.isFinished = true;
    clearTimeout(this.timer);
    this.frame.send({ what: 'finish', status });
  }

  // The iframe is removed after the dialog is closed: browser automation waits for a click to finish
  // inside the iframe.
  close() {
    if (this.wallet.checkout.sheet !== this) return;
    clearTimeout(this.timer);
    this.wallet.checkout.sheet = null;
    this.dialog.close();
    setTimeout(() => {
      this.frame.remove();
      this.dialog.remove();
    }, LINGER_MS);
  }
}

function finishSheet(checkout, isApple, status) {
  if (!['success', 'failed'].includes(status)) {
    throw problem(`status must be 'success' or 'failed', got '${status}'`);
  }
  if (checkout.sheet?.wallet.isApple === isApple) checkout.sheet.finish(status);
}
