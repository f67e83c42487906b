// The theme switch and the copy buttons.

const THEMES = ["auto", "light", "dark"];
const NAMES = { auto: "System", light: "Light", dark: "Dark" };

function remember(theme) {
  try {
    if (theme === "auto") localStorage.removeItem("theme");
    else localStorage.setItem("theme", theme);
  } catch {
    // It lasts as long as the page.
  }
}

function show(button, theme) {
  if (theme === "auto") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
  button.querySelector("span").textContent = NAMES[theme];
  button.title = `Theme: ${NAMES[theme].toLowerCase()}`;
  button.setAttribute("aria-label", button.title);
}

function startTheme() {
  const button = document.getElementById("theme");
  if (!button) return;
  let theme = document.documentElement.dataset.theme ?? "auto";
  show(button, theme);
  button.addEventListener("click", () => {
    theme = THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length];
    remember(theme);
    show(button, theme);
  });
}

async function copy(button, say) {
  try {
    await navigator.clipboard.writeText(button.dataset.copy);
    button.classList.add("done");
    setTimeout(() => button.classList.remove("done"), 1500);
    say("Copied");
  } catch {
    say("This browser did not let the page copy; the whole value is in the element's title");
  }
}

/** `say` speaks to screen readers. */
export function start(say) {
  startTheme();
  document.addEventListener("click", (event) => {
    const button = event.target.closest?.("[data-copy]");
    if (button) copy(button, say);
  });
}
