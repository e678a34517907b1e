// Google Pay and Apple Pay: a button in a frame, and a sheet in a modal dialog that plays the
// wallet. Types, events and the members of their details are documented or observed (each says
// which); the sheet, and what no source prints, is ours. Apple's button is shown in every browser.

const GOOGLE = 'PAYMENT_REQUEST_BUTTON';
const APPLE = 'PAYMENT_REQUEST_BUTTON_APPLE_PAY';
const SESSION_MS = 30_000; // documented, of Apple Pay
const LINGER_MS = 1_000;

// Amounts come in cents, as Google's is documented to; Apple's request has them in units, as text.
function inUnits(cents) {
  if (!Number.isFinite(Number(cents))) throw problem(`amount: ${cents} is no number of cents`);
  return (Number(cents) / 100).toFixed(2);
}

// The request as Clover's page prints it.
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
    this.#options = plain(options);
    const total =
      type === APPLE ? this.#options.applePaymentRequest : this.#options.paymentReqData?.total;
    const wanted =
      type === APPLE ? 'applePaymentRequest' : 'paymentReqData: {total: {label, amount}}';
    if (!total) throw problem(`create('${type}', …) needs {${wanted}}`);
  }

  get isApple() {
    return this.elementType === APPLE;
  }

  started() {
    return { buttonType: this.#options.paymentReqData?.options?.button?.buttonType ?? 'long' };
  }

  hear({ what }) {
    if (what === 'click') this.begin();
  }

  begin() {
    if (this.checkout.sheet) return;
    this.emit('paymentMethodStart', {}); // observed by its name only
    this.checkout.sheet = new Sheet(this);
  }

  // What is to be paid: {label, amount, currency}.
  get total() {
    if (this.isApple) {
      const { total, currencyCode } = this.#options.applePaymentRequest;
      return { label: total.label, amount: total.amount, currency: currencyCode };
    }
    const { label, amount } = this.#options.paymentReqData.total;
    return { label, amount: inUnits(amount), currency: '' };
  }

  renew(request) {
    if (!this.isApple) return;
    this.#options.applePaymentRequest = request;
    const { sheet } = this.checkout;
    if (sheet?.wallet === this) sheet.frame.tell({ what: 'total', total: this.total });
  }

  // The customer agreed and there is a token: `paid` is {token, card, email, postalCode}.
  pay({ token, card, email, postalCode }) {
    if (this.isApple) {
      // Clover's spelling (documented), and the right one, to which shops fall back (observed).
      const tokenRecieved = { ...token };
      onWindow('paymentMethod', {
        tokenRecieved,
        tokenReceived: tokenRecieved,
        customerEmail: email,
        status: 'success', // the member is documented, its values are not
      });
      return; // the sheet stays until the shop says how its charge ended
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

// A modal dialog: what is behind it is inert, and Escape ends it.
class Sheet {
  constructor(wallet) {
    this.wallet = wallet;
    const { key, locale } = wallet.checkout;
    const type = wallet.elementType;
    const start = () => ({ key, total: wallet.total });
    this.frame = new Frame('wallet', { type, locale }, start, (said) => this.hear(said));
    this.dialog = document.createElement('dialog');
    this.dialog.className = 'mock-clover-wallet';
    this.dialog.setAttribute('aria-label', 'Wallet (mock)');
    const whole = { width: '100vw', height: '100dvh', 'max-width': 'none', 'max-height': 'none' };
    setStyle(this.dialog, { ...whole, margin: '0', padding: '0', border: '0', background: 'none' });
    // The sheet's own schemes: a frame of another than its page's would hide the page behind it.
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

  hear(said) {
    // Listened to by a shop, its detail never seen: the customer agreed, the token is not yet made.
    if (said.what === 'authorize' && this.wallet.isApple) {
      onWindow('paymentAuthorize', { status: 'authorized' });
    }
    if (said.what === 'paid') this.wallet.pay(said);
    if (said.what === 'cancel') this.leave();
    if (said.what === 'shown') this.close();
  }

  leave() {
    if (this.isFinished) this.close();
    else this.wallet.cancel('The customer closed the sheet.');
  }

  // The shop's charge ended so; the sheet shows it for a moment and goes.
  finish(status) {
    this.isFinished = true;
    clearTimeout(this.timer);
    this.frame.tell({ what: 'finish', status });
  }

  // The frame outlives its dialog for a moment: a click that ended it must end within it, or
  // whoever drives the browser waits for that forever.
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
    throw problem(`a wallet's payment ends as 'success' or 'failed', not as '${status}'`);
  }
  if (checkout.sheet?.wallet.isApple === isApple) checkout.sheet.finish(status);
}
