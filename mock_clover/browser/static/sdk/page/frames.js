// An emulation of Clover's browser SDK, `window.Clover`, written from scratch: the source of the
// original is not public.
//
// Its behaviour is documented where Clover's pages describe it (names of classes, types, events and
// fields), observed where public shop code relies on it, and otherwise inferred, as noted in the code.
// /sdk.js is one classic script built from the files in this folder, in one function scope. It runs in
// the shop's page and never sees what the customer types: fields are iframes from the mock's origin
// (../field.js), each with a message port for commands and events.

const READY_MS = 10_000;

function problem(message, more) {
  return Object.assign(new Error(`Clover (mock): ${message}`), more);
}

// Find the URL of this script, with the prefix of a sandbox. The iframes are loaded from there. Script
// loaders may clear `currentScript`, so fall back to an error's stack and then to the script tags.
function findBase() {
  const ofTag = [...document.scripts].map(({ src }) => src).reverse();
  const ofStack = /https?:\/\/[^\s()@]+\/sdk\.js/.exec(new Error('where').stack ?? '');
  const found = [document.currentScript?.src, ofStack?.[0], ...ofTag].find(
    (address) => address && new URL(address, location).pathname.endsWith('/sdk.js'),
  );
  if (!found) {
    throw problem('sdk.js could not determine its own URL; load it with <script src>');
  }
  const script = new URL(found, location);
  return { script, root: script.origin + script.pathname.slice(0, -'/sdk.js'.length) };
}

const { script: SCRIPT, root: ROOT } = findBase();

function randomName() {
  const numbers = crypto.getRandomValues(new Uint32Array(4)); // randomUUID needs a secure context
  return Array.from(numbers, (number) => number.toString(36)).join('');
}

// Set styles through the CSSOM: a shop's policy may forbid style attributes.
function setStyle(node, style) {
  for (const [name, value] of Object.entries(style)) node.style.setProperty(name, value);
}

// An iframe of the mock in the page, and the message port to it.
class Frame {
  // `start` returns the first message to the iframe; `onMessage` receives its messages.
  constructor(page, query, start, onMessage) {
    this.id = randomName();
    this.start = start;
    this.onMessage = onMessage;
    this.pending = new Map();
    this.node = document.createElement('iframe');
    this.node.src = `${ROOT}/sdk/${page}?${new URLSearchParams(query)}`;
    this.node.referrerPolicy = 'no-referrer';
    setStyle(this.node, { border: '0', display: 'block', width: '100%' });
    this.resetReady();
    // Also when the page moves the iframe, which reloads it.
    this.node.addEventListener('load', () => this.connect());
  }

  resetReady() {
    this.ready = new Promise((resolve) => {
      this.isReady = resolve;
    });
  }

  connect() {
    if (this.port) {
      this.fail('its iframe was reloaded');
      this.resetReady();
    }
    const { port1, port2 } = new MessageChannel();
    this.port = port1;
    port1.onmessage = ({ data }) => this.receive(data);
    const message = { what: 'mock-clover-start', id: this.id, ...this.start() };
    this.node.contentWindow.postMessage(message, SCRIPT.origin, [port2]);
  }

  receive(data) {
    if (data.what === 'ready') this.isReady();
    if (data.what === 'done') {
      this.pending.get(data.id)?.resolve(data.done);
      this.pending.delete(data.id);
    } else {
      this.onMessage(data);
    }
  }

  send(message) {
    this.port?.postMessage(message);
  }

  request(message) {
    const id = randomName();
    return new Promise((resolve, reject) => {
      this.pending.set(id, { resolve, reject });
      this.send({ ...message, id });
    });
  }

  fail(reason) {
    const error = problem(`the field is no longer available: ${reason}`);
    for (const { reject } of this.pending.values()) reject(error);
    this.pending.clear();
  }

  remove() {
    this.fail('it was destroyed');
    this.port?.close();
    this.node.remove();
  }
}

async function whenReady(frames) {
  let timer;
  const timeout = new Promise((_, reject) => {
    const text =
      `iframes from ${ROOT} did not load. Is the mock running, and does the page's ` +
      'Content-Security-Policy allow it in frame-src?';
    timer = setTimeout(() => reject(problem(text)), READY_MS);
  });
  try {
    await Promise.race([Promise.all(frames.map(({ ready }) => ready)), timeout]);
  } finally {
    clearTimeout(timer);
  }
}
