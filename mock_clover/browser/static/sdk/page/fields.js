// Elements: what a page mounts. Their names and events are documented, `destroy` and
// `removeEventListener` observed.

const FIELDS = [
  'CARD_NUMBER',
  'CARD_DATE',
  'CARD_CVV',
  'CARD_POSTAL_CODE',
  'CARD_STREET_ADDRESS',
  'CARD_NAME',
  'CARD', // all in one; its name is observed, its parts are inferred
];
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

function placeOf(where, type) {
  let found = where?.nodeType === 1 ? where : null;
  try {
    if (typeof where === 'string') found = document.querySelector(where);
  } catch {
    throw problem(`mount(): '${where}' is no selector; give '#id' or an element`);
  }
  if (found) return found;
  const told =
    typeof where === 'string' ? `nothing matches '${where}'` : 'give a selector or an element';
  const early =
    document.readyState === 'loading'
      ? ' yet: the page is still loading, mount after DOMContentLoaded'
      : '';
  throw problem(`mount() of ${type}: ${told}${early}`);
}

// The colour scheme around a field: a page may tell its own by a meta element alone, of which no
// style knows. A frame of another scheme than its page's would not be see-through.
function schemeOf(place) {
  const { colorScheme } = getComputedStyle(place);
  const ofPage = document.querySelector('meta[name="color-scheme"]')?.content;
  return colorScheme === 'normal' && ofPage ? ofPage : colorScheme;
}

// Whether all of a container's height means anything, or its height is that of what it holds.
function hasHeight(place) {
  const probe = place.appendChild(document.createElement('div'));
  setStyle(probe, { height: '100%' });
  const height = probe.offsetHeight;
  probe.remove();
  return height > 0;
}

// An element with a frame; `page` names the frame's document.
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
        `Clover (mock): no element has an event '${event}'; there are ${EVENTS.join(', ')}`,
      );
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

  // A container holds one element: what a page mounts twice, as React's StrictMode does, takes the
  // place of the first. The field of a type that was mounted last counts (both inferred).
  mount(where) {
    const place = placeOf(where, this.elementType);
    if (this.#frame?.node.parentNode === place && place.isConnected) return;
    mountedAt.get(place)?.destroy();
    this.destroy();
    this.#place = place;
    this.#frame = this.#open(hasHeight(place));
    mountedAt.set(place, this);
    place.append(this.#frame.node);
    this.checkout.admit(this);
  }

  // A container that has a height is filled; else the frame says how high it is.
  #open(isSized) {
    const { elementType: type, checkout } = this;
    const start = () => {
      return { scheme: schemeOf(this.#place), isSized, ...this.started() };
    };
    const hear = (said) => {
      const { what, title, height } = said;
      if (what === 'ready') frame.node.title = title;
      if (what === 'height') setStyle(frame.node, { height: `${height}px` });
      this.hear(said);
    };
    const frame = new Frame(this.#page, { type, locale: checkout.locale }, start, hear);
    frame.node.title = 'Clover (mock)';
    frame.node.dataset.cloverField = type;
    setStyle(frame.node, { height: isSized ? '100%' : `${HEIGHT_PX}px` });
    return frame;
  }

  get frame() {
    return this.#frame?.node.isConnected ? this.#frame : null;
  }

  destroy() {
    if (!this.#frame) return;
    this.checkout.dismiss(this);
    if (mountedAt.get(this.#place) === this) mountedAt.delete(this.#place);
    this.#frame.remove();
    this.#frame = null;
  }
}

class Field extends CloverElement {
  #styles;
  #state = { touched: false };

  constructor(checkout, type, styles) {
    super(checkout, type, 'field');
    this.#styles = plain(styles);
  }

  started() {
    this.#state = { touched: false };
    return { group: this.checkout.group, styles: this.#styles };
  }

  hear({ what, event, state, leftOut }) {
    if (what === 'ready' && leftOut.length) {
      console.warn(`Clover (mock): styles of ${this.elementType} that have no effect:`, leftOut);
    }
    if (state) this.#state = state;
    if (what === 'event') this.emit(event, this.checkout.states());
  }

  get state() {
    return { ...this.#state };
  }
}

// Styles as data: a page may hand over objects that cannot be posted, as those of a framework.
function plain(styles) {
  return styles === undefined ? {} : JSON.parse(JSON.stringify(styles));
}
