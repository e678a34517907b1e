// All that a page around Clover's fields can see, written down as it comes; put in before any script of
// the page's own. Everything is kept as text, so that one search goes through all of it.
(() => {
  if (window !== window.top) return;
  const heard = [];
  const keys = [];
  const text = (value) => {
    try {
      return typeof value === 'string' ? value : JSON.stringify(value) ?? String(value);
    } catch {
      return String(value);
    }
  };
  const hear = (where, ...values) => heard.push(`${where}: ${values.map(text).join(' ')}`);

  // Whatever is called with it.
  const wrap = (owner, name, where = name) => {
    const real = owner[name];
    owner[name] = function (...given) {
      hear(where, ...given);
      return real.apply(this, given);
    };
  };
  for (const name of ['log', 'info', 'warn', 'error', 'debug']) wrap(console, name, `console.${name}`);
  wrap(window, 'fetch');
  wrap(XMLHttpRequest.prototype, 'open');
  wrap(XMLHttpRequest.prototype, 'send');
  wrap(WebSocket.prototype, 'send');
  wrap(navigator, 'sendBeacon');
  wrap(Storage.prototype, 'setItem');
  wrap(history, 'pushState');
  wrap(history, 'replaceState');
  wrap(Window.prototype.postMessage ? Window.prototype : window, 'postMessage');
  wrap(MessagePort.prototype, 'postMessage', 'to a port');
  wrap(BroadcastChannel.prototype, 'postMessage', 'to a channel');
  wrap(JSON, 'parse', 'parsed');

  // Whatever is told to it: the page's own windows, ports and channels.
  addEventListener('message', ({ data, origin }) => hear('message', origin, data), true);
  const listen = (port, where) => {
    port.addEventListener('message', ({ data }) => hear(where, data));
    port.addEventListener('messageerror', ({ data }) => hear(where, data));
  };
  const RealChannel = MessageChannel;
  window.MessageChannel = class extends RealChannel {
    constructor() {
      super();
      listen(this.port1, 'port 1');
      listen(this.port2, 'port 2');
    }
  };
  for (const name of ['keydown', 'keypress', 'keyup', 'beforeinput', 'input', 'paste', 'copy']) {
    addEventListener(name, ({ key, data, clipboardData, target }) => {
      keys.push(key ?? data ?? '');
      hear(name, clipboardData?.getData('text') ?? '', target?.value ?? '');
    }, true);
  }
  for (const name of ['hashchange', 'popstate']) addEventListener(name, () => hear(name, location.href));
  addEventListener('error', ({ message, filename }) => hear('error', message, filename), true);
  addEventListener('unhandledrejection', ({ reason }) => hear('rejection', reason?.message ?? reason));
  document.addEventListener('selectionchange', () => hear('selection', getSelection().toString()));
  new MutationObserver((records) => {
    for (const { type, target, attributeName, addedNodes } of records) {
      if (type === 'attributes') hear('attribute', attributeName, target.getAttribute(attributeName));
      else if (type === 'characterData') hear('text', target.data);
      else for (const node of addedNodes) hear('node', node.outerHTML ?? node.textContent);
    }
  }).observe(document, { subtree: true, childList: true, attributes: true, characterData: true });

  // What can be read at any time, and all that was heard until then.
  window.toldToThePage = () => {
    const now = [];
    const add = (where, ...values) => now.push(`${where}: ${values.map(text).join(' ')}`);
    const frames = [...document.querySelectorAll('iframe')].map((frame) => {
      try {
        return frame.contentDocument?.documentElement.outerHTML ?? frame.src;
      } catch (error) {
        return `${frame.src} ${frame.name} ${error.name}`;
      }
    });
    add('keys', keys.join(''));
    add('frames', frames);
    add('page', document.documentElement.outerHTML, document.title, document.cookie, window.name);
    add('fields', [...document.querySelectorAll('input, textarea')].map(({ value }) => value));
    add('address', location.href, document.referrer, history.state);
    add('storage', { ...localStorage }, { ...sessionStorage });
    // Without times and sizes, which may be any number.
    add('entries', JSON.stringify(performance.getEntries(), (_, value) => typeof value === 'number' ? 0 : value));
    add('globals', Object.keys(window));
    return [...heard, ...now];
  };
})();
