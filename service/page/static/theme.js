// Runs before the first paint: the mode that was chosen in this browser, if one was.
(() => {
  const root = document.documentElement;
  const read = () => { try { return localStorage.getItem("thisplusthat-theme"); } catch { return null; } };
  const keep = (theme) => { try { localStorage.setItem("thisplusthat-theme", theme); } catch { /* no storage: for this page only */ } };
  const chosen = read();
  if (chosen === "dark" || chosen === "light") root.dataset.theme = chosen;
  document.addEventListener("DOMContentLoaded", () => {
    const button = document.querySelector(".theme");
    const isDark = () => (root.dataset.theme ?? (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")) === "dark";
    const show = () => button.setAttribute("aria-pressed", String(isDark()));
    button.hidden = false;
    button.addEventListener("click", () => {
      root.dataset.theme = isDark() ? "light" : "dark";
      keep(root.dataset.theme);
      show();
    });
    show();
  });
})();
