// A hundred thousand rows: scrolled from end to end, with never more in the document than are in sight and a few.

import { open } from "./browser.mjs";
import { becomes, check, measured, none } from "./report.mjs";

/** Most rows in the document at any time. */
const BOUND = 80;

export async function longList(browser, base) {
  const { total } = await (await fetch(`${base}/v1/validators?limit=1`)).json();
  check("long list: it is long", total >= 100_000, `${total}`);
  const tab = await open(browser, { base });
  const { page } = tab;
  const started = Date.now();
  await page.goto(`${base}/validators`);
  await page.locator(".long tbody tr:not(.space):not(.blank)").first().waitFor();
  measured("first rows of the long list", `${Date.now() - started} ms`);
  check("long list: it is told how long it is", (await page.locator(".long table").getAttribute("aria-rowcount")) === String(total + 1));

  const result = await page.evaluate(async () => {
    const box = document.querySelector(".long");
    window.longest = 0;
    let [rows, frames, slowest, last] = [0, 0, 0, performance.now()];
    const end = box.scrollHeight - box.clientHeight;
    for (let step = 0; step <= 240; step += 1) {
      // First as a wheel does, then in leaps.
      box.scrollTop = step < 120 ? step * 120 : ((step - 120) / 120) * end;
      await new Promise((resolve) => requestAnimationFrame(resolve));
      const now = performance.now();
      slowest = Math.max(slowest, now - last);
      last = now;
      frames += 1;
      rows = Math.max(rows, box.querySelectorAll("tbody tr:not(.space)").length);
    }
    return { rows, frames, slowest: Math.round(slowest), longest: Math.round(window.longest) };
  });
  check("long list: rows in the document are bounded", result.rows <= BOUND && result.rows > 0, `${result.rows} rows`);
  measured("scrolling the long list, most rows", result.rows);
  measured("scrolling the long list, slowest frame", `${result.slowest} ms of ${result.frames}`);
  measured("scrolling the long list, longest task", `${result.longest} ms`);

  const lastRow = page.locator(`.long tr[aria-rowindex="${total + 1}"]:not(.blank)`);
  check("long list: the last row is reached", await becomes(async () => (await lastRow.count()) === 1));
  await page.getByLabel("Sort by").selectOption("balance");
  check("long list: sorting begins at the top", await becomes(async () => (await page.locator('.long tr[aria-rowindex="2"]:not(.blank)').count()) === 1));
  none("long list: console", tab.complaints);
  await tab.close();
}
