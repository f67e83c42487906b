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
  await announced(page, base);
  none("live: console", tab.complaints);

  await page.locator("details summary").first().click().catch(() => {});
  await restart("stop");
  check("live: a lost connection is told", await becomes(async () => (await state()) === "waiting", 30_000));
  check("live: it is told to screen readers", await becomes(async () => (await page.locator("#voice").innerText()).includes("lost"), 30_000));
  await restart("start");
  check("live: the connection comes back by itself", await becomes(async () => (await state()) === "live", 60_000));
  const then = await slot();
  check("live: and the figures go on", await becomes(async () => (await slot()) > then, 30_000), `slot ${then}`);
  check("live: without a reload", await page.evaluate(() => window.same !== undefined));
  await taken(tab, restart, state);
  await tab.close();
  await refused(browser, base);
}

/** Something is told above the line that says whether the page is live: the line stays what it is. */
async function announced(page, base) {
  const told = page.locator('[data-key="source https://one.example"]');
  await page.evaluate(() => {
    window.link = document.getElementById("link");
  });
  await page.route(`${base}/`, async (route) => {
    const response = await route.fetch();
    const body = (await response.text()).replace('<div class="fresh"', '<div class="alarm" data-key="source https://one.example">moved</div><div class="fresh"');
    await route.fulfill({ response, body });
  });
  const stands = () => page.evaluate(() => window.link.isConnected && window.link.dataset.state === "live");
  check("live: what is told above is shown", await becomes(async () => (await told.count()) === 1, 30_000));
  check("live: and the page still says that it is live", await stands());
  await page.unroute(`${base}/`);
  check("live: what is told no more is gone", await becomes(async () => (await told.count()) === 0, 30_000));
  check("live: and the page says so still", await stands());
}

/** Refuses the stream this many times, as a server does that has just started, then lets it through; tells what was asked. */
async function refuse(page, times) {
  const asked = [];
  await page.route("**/v1/events*", async (route) => {
    asked.push(new URL(route.request().url()));
    if (asked.length > times) return route.continue();
    return route.fulfill({
      status: 503,
      headers: { "retry-after": "5", "content-type": "application/json" },
      body: JSON.stringify({ error: { code: "starting", detail: "no slot was processed yet" } }),
    });
  });
  return asked;
}

/** A restart after which the stream is refused. */
async function taken({ page }, restart, state) {
  const asked = await refuse(page, 2);
  await restart("stop");
  check("live: a refusal is told", await becomes(async () => (await page.locator("#link").innerText()).includes("Not live"), 30_000));
  await restart("start");
  check("live: a page that was refused becomes live again", await becomes(async () => asked.length > 2 && (await state()) === "live", 60_000), `${asked.length} asked`);
  check("live: it goes on from the present: the page was fetched whole", asked.every((url) => url.search === ""), asked.join(" "));
}

/** A page that is refused from the beginning. */
async function refused(browser, base) {
  const tab = await open(browser, { base });
  const { page } = tab;
  const asked = await refuse(page, 2);
  await page.goto(`${base}/`);
  const link = page.locator("#link");
  check("live: who never was live is told so", await becomes(async () => (await link.innerText()).includes("Not live")));
  check("live: and becomes it", await becomes(async () => (await link.getAttribute("data-state")) === "live", 30_000), `${asked.length} asked`);
  check("live: after as many refusals as there were", asked.length === 3 && asked.every((url) => url.search === ""), asked.join(" "));
  await tab.close();
}
