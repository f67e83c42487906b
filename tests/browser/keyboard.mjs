// A reader with a keyboard and no mouse.

import { open } from "./browser.mjs";
import { becomes, check, none } from "./report.mjs";

export async function keyboard(browser, base) {
  const tab = await open(browser, { base });
  const { page } = tab;
  const focused = () => page.evaluate(() => document.activeElement?.textContent?.trim() ?? "");
  await page.goto(`${base}/`);
  await page.keyboard.press("Tab");
  check("keyboard: the first stop skips to the content", (await focused()) === "Skip to the content");
  const seen = await page.evaluate(() => getComputedStyle(document.activeElement).outlineStyle !== "none");
  check("keyboard: what has the focus shows it", seen);
  await page.keyboard.press("Enter");
  check("keyboard: it does", await page.evaluate(() => document.activeElement?.id === "main"));

  await page.goto(`${base}/validators`);
  await page.locator(".long tbody tr:not(.space):not(.blank)").first().waitFor();
  for (let stops = 0; stops < 40; stops += 1) {
    await page.keyboard.press("Tab");
    if (await page.evaluate(() => document.activeElement?.name === "q")) break;
  }
  check("keyboard: the search is reached", await page.evaluate(() => document.activeElement?.name === "q"));
  await page.keyboard.type("1000011");
  check("keyboard: typing narrows the list", await becomes(async () => {
    const rows = await page.locator(".long tbody tr:not(.space):not(.blank)").allInnerTexts();
    return rows.length === 1 && rows[0].includes("1000011");
  }));
  check("keyboard: the focus stays in the search", await page.evaluate(() => document.activeElement?.name === "q"));
  check("keyboard: the address says what is sought", page.url().includes("q=1000011"));
  check("keyboard: the result is spoken", await becomes(async () => (await page.locator("#voice").innerText()).includes("match")));
  // Twice around the page: a refresh in between may begin the round anew.
  for (let stops = 0; stops < 120; stops += 1) {
    await page.keyboard.press("Tab");
    if (await page.evaluate(() => document.activeElement?.closest(".long tbody a") !== null && document.activeElement?.tagName === "A")) break;
  }
  const at = () => page.evaluate(() => document.activeElement?.outerHTML.slice(0, 200));
  const reached = await at();
  check("keyboard: the result is reached", reached.startsWith("<a"), reached);
  await page.keyboard.press("Enter");
  const opened = await becomes(async () => /\/validators\/0x/.test(page.url()), 30_000);
  check("keyboard: the result is opened", opened && (await page.locator("h1").innerText()).includes("1000011"), `${page.url()}, focus on ${await at()}`);

  const theme = page.locator("#theme");
  await theme.focus();
  await page.keyboard.press("Enter");
  await page.keyboard.press("Enter");
  check("keyboard: the theme is switched", (await page.evaluate(() => document.documentElement.dataset.theme)) === "dark");
  await page.reload();
  check("keyboard: and remembered", (await page.evaluate(() => document.documentElement.dataset.theme)) === "dark");
  none("keyboard: console", tab.complaints);
  await tab.close();
}
