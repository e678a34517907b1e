// `new Clover(key, options)`: what it has mounted, the footer, and the public methods.

const isAlreadyHere = window.Clover?.mockRoot === ROOT;

// One `new Clover` and all that it has mounted.
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

  admit(element) {
    if (element instanceof Field) {
      this.fields.delete(element.elementType);
      this.fields.set(element.elementType, element);
      showPicker(this);
    } else {
      this.wallets.add(element);
    }
    this.footer.show();
  }

  dismiss(element) {
    if (this.fields.get(element.elementType) === element) this.fields.delete(element.elementType);
    this.wallets.delete(element);
    if (this.sheet?.wallet === element) this.sheet.close();
  }

  mounted() {
    return [...this.fields.values()].filter(({ frame }) => frame);
  }

  // All mounted fields, in every event: shops read each one's `error` unasked (observed).
  states() {
    return Object.fromEntries(this.mounted().map((field) => [field.elementType, field.state]));
  }

  async tokenise() {
    const mounted = this.mounted();
    const named = (type) => mounted.find((field) => field.elementType === type);
    const holder = named('CARD') ?? named('CARD_NUMBER');
    if (!holder) throw problem('createToken() needs a mounted CARD_NUMBER or CARD');
    const frames = mounted.map(({ frame }) => frame);
    await whenReady(frames);
    if (!holder.frame) throw problem('the field is gone: it was destroyed');
    const others = frames.filter((frame) => frame !== holder.frame).map(({ id }) => id);
    const { failure, ...done } = await holder.frame.ask({
      what: 'tokenise',
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
    showPrivacyPolicy: 'No card is charged and nothing leaves this machine.',
  },
  fr: {
    showSecurePayments: 'Paiement simulé par mock-clover.',
    showPrivacyPolicy: 'Aucune carte n’est débitée et rien ne quitte cette machine.',
  },
};

// Documented: there is one, of this class, at the end of the body. The words are ours. It comes
// with the first element of a `new Clover` that is mounted; a page may hide it or take it away.
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

// A strip of the sandbox's test cards, for developers: `?mock_clover_cards=1` on the script's
// address or on the page's. A click fills the fields within their frames.
const strips = document.createElement('div');

function showPicker(checkout) {
  const isAsked = [SCRIPT, location].some(
    ({ search }) => new URLSearchParams(search).get('mock_clover_cards') === '1',
  );
  if (!isAsked || checkout.picker) return;
  const start = () => ({ group: checkout.group });
  const hear = ({ what, height }) => {
    if (what === 'height') setStyle(checkout.picker.node, { height: `${height}px` });
  };
  checkout.picker = new Frame('picker', { locale: checkout.locale }, start, hear);
  checkout.picker.node.title = 'Test cards (mock)';
  setStyle(checkout.picker.node, { height: '0', 'color-scheme': 'light dark' });
  const place = { position: 'fixed', 'inset-inline': '0', 'inset-block-end': '0' };
  setStyle(strips, { ...place, 'z-index': '2147483000' });
  strips.append(checkout.picker.node);
  document.body.append(strips);
}

class Clover {
  #checkout;
  #options = {};

  constructor(key, options) {
    if (typeof key !== 'string' || !key.trim()) {
      throw problem(
        'new Clover(key, {merchantId}): the key is missing; mock-clover env prints CLOVER_API_KEY',
      );
    }
    this.#checkout = new Checkout(key.trim(), options ?? {});
    this.#checkout.footer = new Footer(this.#checkout.locale);
    this.options = options ?? {};
  }

  get options() {
    return this.#options;
  }

  // Assigned whole or by member (both observed).
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
        throw problem(`create('${type}'): there is no such type; there are ${known}`);
      },
    };
  }

  // {token, card} or {errors: {FIELD: "…"}}; rejects only when no answer about the card came.
  createToken() {
    return this.#checkout.tokenise();
  }

  createApplePaymentRequest(asked) {
    return appleRequest(asked);
  }

  // Documented by its name. It takes what createApplePaymentRequest takes, or gives (inferred).
  updateApplePaymentRequest(asked) {
    const request = asked?.total ? asked : appleRequest(asked);
    for (const wallet of this.#checkout.wallets) wallet.renew(request);
    return request;
  }

  // Observed: the method that Clover's page leaves unnamed.
  updateApplePaymentStatus(status) {
    finishSheet(this.#checkout, true, status);
  }

  // Observed in a shop that calls it where it is; that it exists is not proved.
  updateGooglePaymentStatus(status) {
    finishSheet(this.#checkout, false, status);
  }

  static get mockRoot() {
    return ROOT;
  }
}

if (!isAlreadyHere) window.Clover = Clover;
