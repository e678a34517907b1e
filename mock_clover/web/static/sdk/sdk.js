// Clover's browser SDK, emulated: `window.Clover`. Our own code; the original's source is not public.
//
// What it does is documented where Clover's pages print it (the names of classes, types, events and
// members), observed where shops' public code relies on it, and inferred else; the inferred parts say
// so. This file runs in the shop's page and so never sees what is typed: fields are frames of the
// mock's own origin (field.js), with which it talks by a port each: commands in, events out.
(() => {
  'use strict';

  const FIELDS = [
    'CARD_NUMBER',
    'CARD_DATE',
    'CARD_CVV',
    'CARD_POSTAL_CODE',
    'CARD_STREET_ADDRESS',
    'CARD_NAME',
    'CARD', // all in one; its name is observed, its parts are inferred
  ];
  const TYPES = [...FIELDS];
  const EVENTS = ['change', 'blur', 'focus', 'paymentMethod', 'paymentMethodStart', 'paymentMethodEnd'];
  const READY_MS = 10_000;
  const FIELD_HEIGHT_PX = 40;

  // Where this script came from, with the prefix of a sandbox: there the frames are. A loader may
  // lose `currentScript`, so the stack of an error is asked, and at last the page's script tags.
  function findBase() {
    const ofTag = [...document.scripts].map(({ src }) => src).reverse();
    const ofStack = /https?:\/\/[^\s()@]+\/sdk\.js/.exec(new Error('where').stack ?? '');
    const found = [document.currentScript?.src, ofStack?.[0], ...ofTag].find(
      (address) => address && new URL(address, location).pathname.endsWith('/sdk.js'),
    );
    if (!found) throw problem('sdk.js cannot tell where it was loaded from: load it with a <script src>');
    const script = new URL(found, location);
    return { script, root: script.origin + script.pathname.slice(0, -'/sdk.js'.length) };
  }

  function problem(message, more) {
    return Object.assign(new Error(`Clover (mock): ${message}`), more);
  }

  const { script: SCRIPT, root: ROOT } = findBase();
  const isAlreadyHere = window.Clover?.mockRoot === ROOT;

  function randomName() {
    const numbers = crypto.getRandomValues(new Uint32Array(4)); // randomUUID wants a secure context
    return Array.from(numbers, (number) => number.toString(36)).join('');
  }

  // By CSSOM: a shop's policy may forbid style attributes, which this is not.
  function setStyle(node, style) {
    for (const [name, value] of Object.entries(style)) node.style.setProperty(name, value);
  }

  // A frame of ours in the page, and the port to it -----------------------------------------------------

  class Frame {
    constructor(page, query, start, hear) {
      this.id = randomName();
      this.start = start;
      this.hear = hear;
      this.pending = new Map();
      this.node = document.createElement('iframe');
      this.node.src = `${ROOT}/sdk/${page}?${new URLSearchParams(query)}`;
      this.node.referrerPolicy = 'no-referrer';
      this.node.allowTransparency = true;
      setStyle(this.node, { border: '0', display: 'block', width: '100%' });
      this.renew();
      // Also when the page moves the frame, which loads it anew.
      this.node.addEventListener('load', () => this.connect());
    }

    renew() {
      this.ready = new Promise((resolve) => {
        this.isReady = resolve;
      });
    }

    connect() {
      if (this.port) {
        this.fail('its frame was loaded anew');
        this.renew();
      }
      const { port1, port2 } = new MessageChannel();
      this.port = port1;
      port1.onmessage = ({ data }) => this.receive(data);
      const said = { what: 'mock-clover-start', id: this.id, ...this.start() };
      this.node.contentWindow.postMessage(said, SCRIPT.origin, [port2]);
    }

    receive(data) {
      if (data.what === 'ready') this.isReady(data);
      if (data.what === 'done') {
        this.pending.get(data.id)?.resolve(data.done);
        this.pending.delete(data.id);
      } else {
        this.hear(data);
      }
    }

    tell(said) {
      this.port?.postMessage(said);
    }

    ask(said) {
      const id = randomName();
      return new Promise((resolve, reject) => {
        this.pending.set(id, { resolve, reject });
        this.tell({ ...said, id });
      });
    }

    fail(why) {
      for (const { reject } of this.pending.values()) reject(problem(`the field is gone: ${why}`));
      this.pending.clear();
    }

    remove() {
      this.fail('it was destroyed');
      this.port?.close();
      this.node.remove();
    }
  }

  async function whenReady(frames) {
    let late;
    const tooLate = new Promise((_, reject) => {
      const why = `frames of ${ROOT} did not load: does the mock run, and does the page's policy allow it in frame-src?`;
      late = setTimeout(() => reject(problem(why)), READY_MS);
    });
    try {
      await Promise.race([Promise.all(frames.map(({ ready }) => ready)), tooLate]);
    } finally {
      clearTimeout(late);
    }
  }

  function placeOf(where, type) {
    const isElement = where?.nodeType === 1;
    let found = isElement ? where : null;
    try {
      if (typeof where === 'string') found = document.querySelector(where);
    } catch {
      throw problem(`mount(): '${where}' is no selector; give '#id' or an element`);
    }
    if (found) return found;
    const told = typeof where === 'string' ? `nothing matches '${where}'` : 'give a selector or an element';
    const early = document.readyState === 'loading' ? ' yet: the page is still loading, mount after DOMContentLoaded' : '';
    throw problem(`mount() of ${type}: ${told}${early}`);
  }

  const frameAt = new WeakMap(); // container -> the element that is mounted there

  // Elements ---------------------------------------------------------------------------------------------

  // What all kinds of elements have in common (documented, but for destroy and removeEventListener,
  // which are observed).
  class Element {
    #listeners = new Map();

    constructor(checkout, type) {
      this.elementType = type;
      Object.defineProperty(this, 'checkout', { value: checkout });
    }

    addEventListener(event, listener) {
      if (!EVENTS.includes(event)) {
        console.warn(`Clover (mock): no element has an event '${event}'; there are ${EVENTS.join(', ')}`);
      }
      const known = this.#listeners.get(event) ?? new Set();
      this.#listeners.set(event, known.add(listener));
    }

    removeEventListener(event, listener) {
      this.#listeners.get(event)?.delete(listener);
    }

    // One listener's exception must not keep the others from hearing; it shows as uncaught.
    emit(event, detail) {
      for (const listener of [...(this.#listeners.get(event) ?? [])]) {
        try {
          if (typeof listener === 'function') listener.call(this, detail);
          else listener?.handleEvent(detail);
        } catch (error) {
          reportError(error);
        }
      }
    }
  }

  class Field extends Element {
    #styles;
    #frame = null;
    #place = null;
    #state = { touched: false };

    constructor(checkout, type, styles) {
      super(checkout, type);
      this.#styles = styles;
    }

    // A container holds one field: what a page mounts twice, as React's StrictMode does, takes the
    // place of the first. The field of a type that was mounted last counts (both inferred).
    mount(where) {
      const place = placeOf(where, this.elementType);
      if (this.#frame?.node.parentNode === place && place.isConnected) return;
      frameAt.get(place)?.destroy();
      this.destroy();
      this.#place = place;
      this.#frame = this.#open(place.clientHeight > 0);
      frameAt.set(place, this);
      place.append(this.#frame.node);
      this.checkout.admit(this);
    }

    // A container that has a height is filled; else the frame says how high it is.
    #open(isSized) {
      const { locale, group } = this.checkout;
      const { elementType: type } = this;
      const start = () => {
        this.#state = { touched: false };
        const scheme = getComputedStyle(this.#place).colorScheme;
        return { group, scheme, isSized, styles: plain(this.#styles) };
      };
      const frame = new Frame('field', { type, locale }, start, (said) => this.#hear(said));
      frame.node.title = this.checkout.titleOf(type);
      frame.node.dataset.cloverField = type;
      setStyle(frame.node, { height: isSized ? '100%' : `${FIELD_HEIGHT_PX}px` });
      return frame;
    }

    #hear({ what, event, state, height, leftOut }) {
      if (what === 'height') setStyle(this.#frame.node, { height: `${height}px` });
      if (what === 'ready' && leftOut.length) {
        console.warn(`Clover (mock): styles of ${this.elementType} that have no effect:`, leftOut);
      }
      if (state) this.#state = state;
      if (what === 'event') this.emit(event, this.checkout.states());
    }

    get frame() {
      return this.#frame?.node.isConnected ? this.#frame : null;
    }

    get state() {
      return { ...this.#state };
    }

    destroy() {
      if (!this.#frame) return;
      this.checkout.dismiss(this);
      if (frameAt.get(this.#place) === this) frameAt.delete(this.#place);
      this.#frame.remove();
      this.#frame = null;
    }
  }

  // Styles as data: a page may hand over objects that cannot be posted, as those of a framework.
  function plain(styles) {
    return styles === undefined ? {} : JSON.parse(JSON.stringify(styles));
  }

  // One `new Clover`: what it has mounted -------------------------------------------------------------------

  class Checkout {
    constructor(key, { merchantId, locale } = {}) {
      this.key = key;
      this.merchantId = merchantId;
      this.locale = String(locale ?? 'en-US');
      this.group = randomName();
      this.fields = new Map();
    }

    titleOf(type) {
      const words = this.locale.toLowerCase().startsWith('fr') ? TITLES_FR : TITLES_EN;
      return words[type];
    }

    admit(field) {
      this.fields.delete(field.elementType);
      this.fields.set(field.elementType, field);
      this.footer?.show();
    }

    dismiss(field) {
      if (this.fields.get(field.elementType) === field) this.fields.delete(field.elementType);
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
      const holder = ['CARD', 'CARD_NUMBER'].map((type) => mounted.find((each) => each.elementType === type)).find(Boolean);
      if (!holder) throw problem('createToken() needs a mounted CARD_NUMBER or CARD');
      const frames = mounted.map(({ frame }) => frame);
      await whenReady(frames);
      const others = frames.filter((frame) => frame !== holder.frame).map(({ id }) => id);
      const { failure, ...done } = await holder.frame.ask({ what: 'tokenise', key: this.key, others });
      if (!failure) return done;
      const { message, status, code } = failure;
      throw problem(message, { status, code });
    }
  }

  const TITLES_EN = {
    CARD_NUMBER: 'Secure field: card number',
    CARD_DATE: 'Secure field: expiry date',
    CARD_CVV: 'Secure field: security code',
    CARD_POSTAL_CODE: 'Secure field: postal code',
    CARD_STREET_ADDRESS: 'Secure field: street address',
    CARD_NAME: 'Secure field: name on card',
    CARD: 'Secure fields: card',
  };
  const TITLES_FR = {
    CARD_NUMBER: 'Champ sécurisé : numéro de carte',
    CARD_DATE: 'Champ sécurisé : date d’expiration',
    CARD_CVV: 'Champ sécurisé : code de sécurité',
    CARD_POSTAL_CODE: 'Champ sécurisé : code postal',
    CARD_STREET_ADDRESS: 'Champ sécurisé : adresse',
    CARD_NAME: 'Champ sécurisé : nom sur la carte',
    CARD: 'Champs sécurisés : carte',
  };

  // The footer: documented that there is one, with this class, at the end of the body. The words are
  // ours. It comes with the first field of a `new Clover`; a page may hide or remove it.
  class Footer {
    constructor(options, isFrench) {
      this.options = options;
      this.lines = isFrench
        ? { showSecurePayments: 'Paiement simulé par mock-clover.', showPrivacyPolicy: 'Aucune carte n’est débitée et rien ne quitte cette machine.' }
        : { showSecurePayments: 'Payments simulated by mock-clover.', showPrivacyPolicy: 'No card is charged and nothing leaves this machine.' };
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

  // The public classes ---------------------------------------------------------------------------------

  class Clover {
    #checkout;
    #options = {};

    constructor(key, options = {}) {
      if (typeof key !== 'string' || !key.trim()) {
        throw problem('new Clover(key, {merchantId}): the key is missing; mock-clover env prints CLOVER_API_KEY');
      }
      this.#checkout = new Checkout(key.trim(), options ?? {});
      this.options = options ?? {};
    }

    get options() {
      return this.#options;
    }

    // Assigned whole or by member (both observed).
    set options(options) {
      const { footer } = this.#checkout;
      const kept = { ...options };
      const next = footer ?? new Footer(kept, this.#checkout.locale.toLowerCase().startsWith('fr'));
      next.options = kept;
      this.#checkout.footer = next;
      this.#options = new Proxy(kept, {
        set(target, name, value) {
          target[name] = value;
          next.fill();
          return true;
        },
      });
      next.fill();
    }

    elements() {
      const checkout = this.#checkout;
      return {
        create(type, styles) {
          if (FIELDS.includes(type)) return new Field(checkout, type, styles);
          throw problem(`create('${type}'): there is no such type; there are ${TYPES.join(', ')}`);
        },
      };
    }

    // {token, card} or {errors: {FIELD: "…"}}; rejects only when no answer about the card came.
    createToken() {
      return this.#checkout.tokenise();
    }

    static get mockRoot() {
      return ROOT;
    }
  }

  if (!isAlreadyHere) window.Clover = Clover;
})();
