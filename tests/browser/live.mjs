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
  await taken(tab, restart, state);
  await tab.close();
  await refused(browser, base);
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

/** A restart after which the stream is refused: taken up again after the last event that was seen. */
async function taken({ page }, restart, state) {
  const asked = await refuse(page, 2);
  await restart("stop");
  check("live: a refusal is told", await becomes(async () => (await page.locator("#link").innerText()).includes("Not live"), 30_000));
  await restart("start");
  check("live: a page that was refused becomes live again", await becomes(async () => asked.length > 2 && (await state()) === "live", 60_000), `${asked.length} asked`);
  const last = asked[2]?.searchParams.get("last_event_id") ?? "";
  check("live: it goes on after the last event that it saw", /^3-\d+:\d+$/.test(last), asked.join(" "));
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
