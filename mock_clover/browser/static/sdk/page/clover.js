// `new Clover(key, options)`: its mounted elements, the footer, and the public methods.

const isAlreadyHere = window.Clover?.mockRoot === ROOT;

const NO_KEY =
  'new Clover(key) has no API key, which is not documented; `mock-clover env` prints it as ' +
  'CLOVER_API_KEY';

// One `new Clover` and its mounted elements.
class Checkout {
  constructor(key, { merchantId, locale } = {}) {
    this.key = key;
    this.merchantId = merchantId;
    this.locale = String(locale ?? 'en-US');
    this.group = randomName();
    this.fields = new Map();
    this.wallets = new Set();
    this.sheet = null;
  }

  add(element) {
    if (element instanceof Field) {
      this.fields.delete(element.elementType);
      this.fields.set(element.elementType, element);
      if (element.elementType !== BANK_ACCOUNT) showTestCards(this);
    } else {
      this.wallets.add(element);
    }
    this.footer.show();
  }

  remove(element) {
    if (this.fields.get(element.elementType) === element) this.fields.delete(element.elementType);
    this.wallets.delete(element);
    if (this.sheet?.wallet === element) this.sheet.close();
  }

  mounted() {
    return [...this.fields.values()].filter(({ frame }) => frame);
  }

  // Events contain the state of all mounted fields: shops read each `error` (observed).
  states() {
    return Object.fromEntries(this.mounted().map((field) => [field.elementType, field.state]));
  }

  async tokenize() {
    const mounted = this.mounted();
    const named = (type) => mounted.find((field) => field.elementType === type);
    // Where a page has both, a card is used before a bank account (inferred).
    const holder = named('CARD') ?? named('CARD_NUMBER') ?? named(BANK_ACCOUNT);
    if (!holder) {
      throw problem('createToken() needs a mounted CARD_NUMBER, CARD or ACH_ELEMENTS');
    }
    if (!this.key) throw problem(NO_KEY);
    const isAccount = holder.elementType === BANK_ACCOUNT;
    const frames = mounted
      .filter(({ elementType }) => (elementType === BANK_ACCOUNT) === isAccount)
      .map(({ frame }) => frame);
    await whenReady(frames);
    if (!holder.frame) throw problem('the field is no longer available: it was destroyed');
    const others = frames.filter((frame) => frame !== holder.frame).map(({ id }) => id);
    const { failure, ...done } = await holder.frame.request({
      what: 'tokenize',
      key: this.key,
      others,
    });
    if (!failure) return done;
    const { message, status, code } = failure;
    throw problem(message, { status, code });
  }
}

const FOOTER = {
  en: {
    showSecurePayments: 'Payments simulated by mock-clover.',
    showPrivacyPolicy: 'No card is charged.',
  },
  fr: {
    showSecurePayments: 'Paiement simulé par mock-clover.',
    showPrivacyPolicy: 'Aucune carte n’est débitée.',
  },
};

// Documented: there is one with this class at the end of the body. The text is specific to the mock.
// It is added with the first mounted element; a page may hide or remove it.
class Footer {
  constructor(locale) {
    this.lines = FOOTER[locale.toLowerCase().startsWith('fr') ? 'fr' : 'en'];
    this.options = {};
    this.isShown = false;
  }

  show() {
    if (!this.isShown && !document.querySelector('.clover-footer')) {
      const node = document.createElement('div');
      node.className = 'clover-footer';
      setStyle(node, { 'font-size': '12px', padding: '12px', 'text-align': 'center' });
      document.body.append(node);
    }
    this.isShown = true;
    this.fill();
  }

  fill() {
    const node = this.isShown && document.querySelector('body > .clover-footer');
    if (!node) return;
    const shown = Object.keys(this.lines).filter((name) => this.options[name] !== false);
    node.textContent = shown.map((name) => this.lines[name]).join(' ');
    node.hidden = shown.length === 0;
  }
}

// The test card bar, for developers: `?mock_clover_cards=1` on the URL of the script or of the page.
// A click on a card fills the fields inside their iframes.
const cardBar = document.createElement('div');

function showTestCards(checkout) {
  const isEnabled = [SCRIPT, location].some(
    ({ search }) => new URLSearchParams(search).get('mock_clover_cards') === '1',
  );
  if (!isEnabled || checkout.testCards) return;
  const start = () => ({ group: checkout.group });
  const onMessage = ({ what, height }) => {
    if (what === 'height') setStyle(checkout.testCards.node, { height: `${height}px` });
  };
  checkout.testCards = new Frame('test-cards', { locale: checkout.locale }, start, onMessage);
  checkout.testCards.node.title = 'Test cards (mock)';
  setStyle(checkout.testCards.node, { height: '0', 'color-scheme': 'light dark' });
  const place = { position: 'fixed', 'inset-inline': '0', 'inset-block-end': '0' };
  setStyle(cardBar, { ...place, 'z-index': '2147483000' });
  cardBar.append(checkout.testCards.node);
  document.body.append(cardBar);
}

class Clover {
  #checkout;
  #options = {};

  constructor(key, options) {
    const given = typeof key === 'string' ? key.trim() : '';
    // A public shop has none here; Clover's documentation always passes one.
    if (!given) console.warn(`Clover (mock): ${NO_KEY}`);
    this.#checkout = new Checkout(given, options ?? {});
    this.#checkout.footer = new Footer(this.#checkout.locale);
    this.options = options ?? {};
  }

  get options() {
    return this.#options;
  }

  // Shops assign the whole object or single properties (both observed).
  set options(options) {
    const { footer } = this.#checkout;
    footer.options = { ...options };
    this.#options = new Proxy(footer.options, {
      set(target, name, value) {
        target[name] = value;
        footer.fill();
        return true;
      },
    });
    footer.fill();
  }

  elements() {
    const checkout = this.#checkout;
    return {
      create(type, styles) {
        if (FIELDS.includes(type)) return new Field(checkout, type, styles);
        if ([GOOGLE, APPLE].includes(type)) return new Wallet(checkout, type, styles);
        const known = [...FIELDS, GOOGLE, APPLE].join(', ');
        throw problem(`create('${type}'): unknown element type; valid types: ${known}`);
      },
    };
  }

  // Resolves to {token, card}, {token, ach} or {errors: {FIELD: "…"}}; rejects if the token request
  // failed. The result for a bank account is inferred.
  createToken() {
    return this.#checkout.tokenize();
  }

  createApplePaymentRequest(asked) {
    return appleRequest(asked);
  }

  // Its name is documented. It accepts the argument or the result of createApplePaymentRequest (inferred).
  updateApplePaymentRequest(asked) {
    const request = asked?.total ? asked : appleRequest(asked);
    for (const wallet of this.#checkout.wallets) wallet.update(request);
    return request;
  }

  // Observed: Clover's page describes this method without its name.
  updateApplePaymentStatus(status) {
    finishSheet(this.#checkout, true, status);
  }

  // Observed in a shop that calls it if it exists; it may not exist in Clover's SDK.
  updateGooglePaymentStatus(status) {
    finishSheet(this.#checkout, false, status);
  }

  static get mockRoot() {
    return ROOT;
  }
}

if (!isAlreadyHere) window.Clover = Clover;
