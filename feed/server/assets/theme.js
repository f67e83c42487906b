// Loaded before the first paint, so that a remembered choice of light or dark does not flash.
try {
  const theme = localStorage.getItem("theme");
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
} catch {
  // A browser that keeps nothing follows the system.
}
document.documentElement.classList.add("scripted");
