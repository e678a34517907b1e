// Clover's browser SDK, emulated: `window.Clover`. Our own code; the original's source is not
// public.
//
// What it does is documented where Clover's pages print it (the names of classes, types, events and
// members), observed where shops' public code relies on it, and inferred else; the inferred parts
// say so. /sdk.js is one classic script that is made of the files in this folder, in a scope of its
// own. It runs in the shop's page and so never sees what is typed: fields are frames of the mock's
// own origin (../field.js), with which it talks by a port each: commands in, events out.

const READY_MS = 10_000;

function problem(message, more) {
  return Object.assign(new Error(`Clover (mock): ${message}`), more);
}

// Where this script came from, with the prefix of a sandbox: there the frames are. A loader may
// lose `currentScript`, so the stack of an error is asked, and at last the page's script tags.
function findBase() {
  const ofTag = [...document.scripts].map(({ src }) => src).reverse();
  const ofStack = /https?:\/\/[^\s()@]+\/sdk\.js/.exec(new Error('where').stack ?? '');
  const found = [document.currentScript?.src, ofStack?.[0], ...ofTag].find(
    (address) => address && new URL(address, location).pathname.endsWith('/sdk.js'),
  );
  if (!found)
    throw problem('sdk.js cannot tell where it was loaded from: load it with a <script src>');
  const script = new URL(found, location);
  return { script, root: script.origin + script.pathname.slice(0, -'/sdk.js'.length) };
}

const { script: SCRIPT, root: ROOT } = findBase();

function randomName() {
  const numbers = crypto.getRandomValues(new Uint32Array(4)); // randomUUID wants a secure context
  return Array.from(numbers, (number) => number.toString(36)).join('');
}

// By CSSOM: a shop's policy may forbid style attributes, which this is not.
function setStyle(node, style) {
  for (const [name, value] of Object.entries(style)) node.style.setProperty(name, value);
}

// A frame of ours in the page, and the port to it.
class Frame {
  // `start` gives what the frame is told first; `hear` takes what it says.
  constructor(page, query, start, hear) {
    this.id = randomName();
    this.start = start;
    this.hear = hear;
    this.pending = new Map();
    this.node = document.createElement('iframe');
    this.node.src = `${ROOT}/sdk/${page}?${new URLSearchParams(query)}`;
    this.node.referrerPolicy = 'no-referrer';
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
    if (data.what === 'ready') this.isReady();
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
    const why =
      `frames of ${ROOT} did not load: does the mock run, and does the page's policy allow it in ` +
      'frame-src?';
    late = setTimeout(() => reject(problem(why)), READY_MS);
  });
  try {
    await Promise.race([Promise.all(frames.map(({ ready }) => ready)), tooLate]);
  } finally {
    clearTimeout(late);
  }
}
