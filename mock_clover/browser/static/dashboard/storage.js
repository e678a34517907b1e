// The browser's storage. If it is blocked, values are kept until the page is closed.

const fallback = new Map();

/** Read a value from `sessionStorage` or `localStorage`; null if there is none. */
export function readStorage(storage, key) {
  try {
    return window[storage].getItem(key);
  } catch {
    return fallback.get(key) ?? null;
  }
}

/** Store a string; null removes it. */
export function writeStorage(storage, key, text) {
  try {
    if (text === null) window[storage].removeItem(key);
    else window[storage].setItem(key, text);
  } catch {
    fallback.set(key, text);
  }
}
