// The theme, before the first paint: the system's, or the one that was chosen here.
// A classic script and the only one; what it keeps is a word in localStorage.
"use strict";
(() => {
  const KEY = "mock-clover.theme";
  const kept = () => {
    try {
      return localStorage.getItem(KEY);
    } catch {
      return null; // storage may be forbidden; the system's theme is a good one
    }
  };
  const put = (theme) => {
    const root = document.documentElement;
    if (theme === "dark" || theme === "light") root.dataset.theme = theme;
    else delete root.dataset.theme;
  };
  window.mockCloverTheme = {
    now: () => document.documentElement.dataset.theme ?? "system",
    choose(theme) {
      put(theme);
      try {
        if (theme === "system") localStorage.removeItem(KEY);
        else localStorage.setItem(KEY, theme);
      } catch {
        // As above: it holds until the page is left.
      }
    },
  };
  put(kept());
})();
