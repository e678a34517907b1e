// What the browser keeps for the page. Where its storage is forbidden, a value holds until the page
// is left, and nothing else is amiss.

const here = new Map();

/** Return what is kept: of `sessionStorage` or `localStorage`; null for nothing. */
export function recall(storage, key) {
  try {
    return window[storage].getItem(key);
  } catch {
    return here.get(key) ?? null;
  }
}

/** Keep a text; null forgets it. */
export function remember(storage, key, text) {
  try {
    if (text === null) window[storage].removeItem(key);
    else window[storage].setItem(key, text);
  } catch {
    here.set(key, text);
  }
}
