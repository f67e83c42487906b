// A browser that notes everything a page complains of.

import { createRequire } from "node:module";
import { chromium } from "playwright-core";

const axePath = createRequire(import.meta.url).resolve("axe-core/axe.min.js");

const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** Screens the pages are looked at on. */
export const DEVICES = {
  desktop: { width: 1280, height: 900 },
  phone: { width: 360, height: 740 },
};

/** Starts the browser at `path`. */
export function launch(path) {
  return chromium.launch({ executablePath: path, headless: true, args: FLAGS });
}

/** A tab of its own, with `complaints` filled by everything that goes wrong in it. */
export async function open(browser, options = {}) {
  const { device = "desktop", scheme = "light", scripts = true, motion = "reduce" } = options;
  const context = await browser.newContext({
    viewport: DEVICES[device],
    colorScheme: scheme,
    javaScriptEnabled: scripts,
    reducedMotion: motion,
    serviceWorkers: "block",
  });
  const page = await context.newPage();
  const complaints = [];
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning") complaints.push(`console: ${message.text()}`);
  });
  page.on("pageerror", (error) => complaints.push(`error: ${error.message}`));
  page.on("request", (request) => {
    const url = request.url();
    if (!url.startsWith(options.base) && !url.startsWith("data:") && !url.startsWith("blob:")) complaints.push(`request elsewhere: ${url}`);
  });
  page.on("response", (response) => {
    if (response.status() >= 400 && !(options.allow ?? []).includes(response.status())) {
      complaints.push(`${response.status()} for ${response.url()}`);
    }
  });
  if (scripts) {
    await page.addInitScript(() => {
      window.violations = [];
      document.addEventListener("securitypolicyviolation", (event) => {
        window.violations.push(`${event.violatedDirective}: ${event.blockedURI || "inline"}`);
      });
      window.longest = 0;
      new PerformanceObserver((list) => {
        for (const entry of list.getEntries()) window.longest = Math.max(window.longest, entry.duration);
      }).observe({ type: "longtask", buffered: true });
    });
  }
  return { context, page, complaints, close: () => context.close() };
}

/** Accessibility violations, each with the first element that has it. */
export async function axe(page) {
  // The page's own policy forbids foreign scripts, so the checker comes through the debugger and not through a tag.
  const { readFile } = await import("node:fs/promises");
  await page.evaluate(await readFile(axePath, "utf8"));
  const result = await page.evaluate(() =>
    window.axe.run(document, { runOnly: { type: "tag", values: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"] } }),
  );
  return result.violations.map((one) => `${one.id} (${one.nodes.length}): ${one.nodes[0].html.slice(0, 160)} — ${one.nodes[0].failureSummary.split("\n").slice(0, 2).join(" ")}`);
}
