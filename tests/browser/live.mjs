// A page that stays open: figures change in place, the connection's state is told, and a restart is survived.

import { open } from "./browser.mjs";
import { becomes, check, none } from "./report.mjs";

export async function live(browser, base, restart) {
  const tab = await open(browser, { base });
  const { page } = tab;
  await page.goto(`${base}/`);
  const state = () => page.locator("#link").getAttribute("data-state");
  const slot = async () => Number((await page.locator("#fresh b").nth(2).innerText()).replaceAll(",", ""));
  check("live: the page says that it is", await becomes(async () => (await state()) === "live"));
  await page.evaluate(() => {
    window.same = document.querySelector("h1");
  });
  const first = await slot();
  check("live: figures change without a reload", await becomes(async () => (await slot()) > first, 30_000), `slot ${first}`);
  check("live: what did not change is the same element", await page.evaluate(() => window.same.isConnected));
  none("live: console", tab.complaints);

  await page.locator("details summary").first().click().catch(() => {});
  await restart("stop");
  check("live: a lost connection is told", await becomes(async () => (await state()) === "waiting", 30_000));
  check("live: it is told to screen readers", await becomes(async () => (await page.locator("#voice").innerText()).includes("lost")));
  await restart("start");
  check("live: the connection comes back by itself", await becomes(async () => (await state()) === "live", 60_000));
  const then = await slot();
  check("live: and the figures go on", await becomes(async () => (await slot()) > then, 30_000), `slot ${then}`);
  check("live: without a reload", await page.evaluate(() => window.same !== undefined));
  await tab.close();
}
