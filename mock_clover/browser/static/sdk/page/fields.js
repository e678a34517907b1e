// The elements that a page mounts. Their names and events are documented; `destroy` and
// `removeEventListener` are observed.

const FIELDS = [
  'CARD_NUMBER',
  'CARD_DATE',
  'CARD_CVV',
  'CARD_POSTAL_CODE',
  'CARD_STREET_ADDRESS',
  'CARD_NAME',
  'CARD', // all in one; its name is observed, its parts are inferred
  'ACH_ELEMENTS', // a bank account; its name and styles are documented, its fields are inferred
];
const BANK_ACCOUNT = 'ACH_ELEMENTS';
const EVENTS = [
  'change',
  'blur',
  'focus',
  'paymentMethod',
  'paymentMethodStart',
  'paymentMethodEnd',
];
const HEIGHT_PX = 40;

const mountedAt = new WeakMap(); // container -> the element that is mounted there

function containerOf(where, type) {
  let found = where?.nodeType === 1 ? where : null;
  try {
    if (typeof where === 'string') found = document.querySelector(where);
  } catch {
    throw problem(`mount(): '${where}' is not a valid selector; pass a selector such as '#id', or an element`);
  }
  if (found) return found;
  const reason =
    typeof where === 'string' ? `nothing matches '${where}'` : 'pass a selector or an element';
  const hint =
    document.readyState === 'loading'
      ? ' yet: the page is still loading, mount after DOMContentLoaded'
      : '';
  throw problem(`mount() of ${type}: ${reason}${hint}`);
}

// Return the color scheme of a container. A page may set it with a meta element only, which computed
// styles do not show. An iframe with a different color scheme than the page is not transparent.
function schemeOf(place) {
  const { colorScheme } = getComputedStyle(place);
  const ofPage = document.querySelector('meta[name="color-scheme"]')?.content;
  return colorScheme === 'normal' && ofPage ? ofPage : colorScheme;
}

// Return whether a container has a height of its own, not only that of its content.
function hasHeight(place) {
  const probe = place.appendChild(document.createElement('div'));
  setStyle(probe, { height: '100%' });
  const height = probe.offsetHeight;
  probe.remove();
  return height > 0;
}

// An element with an iframe; `page` is the name of the iframe's page.
class CloverElement {
  #listeners = new Map();
  #page;
  #frame = null;
  #place = null;

  constructor(checkout, type, page) {
    this.elementType = type;
    this.#page = page;
    Object.defineProperty(this, 'checkout', { value: checkout });
  }

  addEventListener(event, listener) {
    if (!EVENTS.includes(event)) {
      console.warn(
        `Clover (mock): unknown event '${event}'; valid events: ${EVENTS.join(', ')}`,
      );
    }
    const known = this.#listeners.get(event) ?? new Set();
    this.#listeners.set(event, known.add(listener));
  }

  removeEventListener(event, listener) {
    this.#listeners.get(event)?.delete(listener);
  }

  // An exception of one listener does not affect the others; it is reported as uncaught.
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

  // A container has one element: mounting a second one, as React's StrictMode does, replaces the first.
  // Of several fields of a type, the last one mounted is used (both inferred).
  mount(where) {
    const place = containerOf(where, this.elementType);
    if (this.#frame?.node.parentNode === place && place.isConnected) return;
    mountedAt.get(place)?.destroy();
    this.destroy();
    this.#place = place;
    this.#frame = this.#open(hasHeight(place));
    mountedAt.set(place, this);
    place.append(this.#frame.node);
    this.checkout.add(this);
  }

  // The iframe fills a container with a height; otherwise its content determines the height.
  #open(isSized) {
    const { elementType: type, checkout } = this;
    const start = () => {
      return { scheme: schemeOf(this.#place), isSized, ...this.startData() };
    };
    const onMessage = (message) => {
      const { what, title, height } = message;
      if (what === 'ready') frame.node.title = title;
      if (what === 'height') setStyle(frame.node, { height: `${height}px` });
      this.onMessage(message);
    };
    const frame = new Frame(this.#page, { type, locale: checkout.locale }, start, onMessage);
    frame.node.title = 'Clover (mock)';
    frame.node.dataset.cloverField = type;
    setStyle(frame.node, { height: isSized ? '100%' : `${HEIGHT_PX}px` });
    return frame;
  }

  get frame() {
    return this.#frame?.node.isConnected ? this.#frame : null;
  }

  // Observed in one public shop; not documented, so Clover's SDK may not have it.
  unmount() {
    console.warn(
      'Clover (mock): unmount() is not a documented method; here it does the same as destroy()',
    );
    this.destroy();
  }

  destroy() {
    if (!this.#frame) return;
    this.checkout.remove(this);
    if (mountedAt.get(this.#place) === this) mountedAt.delete(this.#place);
    this.#frame.remove();
    this.#frame = null;
  }
}

class Field extends CloverElement {
  #styles;
  #state = { touched: false };

  constructor(checkout, type, styles) {
    super(checkout, type, type === BANK_ACCOUNT ? 'ach' : 'field');
    this.#styles = cloneData(styles);
  }

  startData() {
    this.#state = { touched: false };
    return { group: this.checkout.group, styles: this.#styles };
  }

  onMessage({ what, event, state, ignoredStyles }) {
    if (what === 'ready' && ignoredStyles.length) {
      const text =
        `Clover (mock): these styles of ${this.elementType} have no effect: ` +
        `${ignoredStyles.join('; ')}. Keys are selectors in the field, for example ` +
        "{input: {fontSize: '16px'}, '.invalid': {color: 'red'}}.";
      console.warn(text);
    }
    if (state) this.#state = state;
    if (what === 'event') this.emit(event, this.checkout.states());
  }

  get state() {
    return { ...this.#state };
  }
}

// Copy styles: objects of a framework may not be cloneable for postMessage.
function cloneData(styles) {
  return styles === undefined ? {} : JSON.parse(JSON.stringify(styles));
}
