// Apply the theme before the first paint: the system's, or the one stored in localStorage.
// A classic script, because modules run after the first paint.
"use strict";
(() => {
  const KEY = "mock-clover.theme";
  const kept = () => {
    try {
      return localStorage.getItem(KEY);
    } catch {
      return null; // storage may be blocked; use the system's theme
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
        // As above: the choice is lost when the page is closed.
      }
    },
  };
  put(kept());
})();
