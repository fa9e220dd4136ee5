// Runs before the page is drawn, so that it is not light first and dark then.
(() => {
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const set = () => document.documentElement.setAttribute("data-bs-theme", dark.matches ? "dark" : "light");
  dark.addEventListener("change", set);
  set();
})();
