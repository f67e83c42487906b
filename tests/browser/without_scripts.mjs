// What a reader without scripts can do: everything that matters.

import { open } from "./browser.mjs";
import { check, none } from "./report.mjs";

export async function withoutScripts(browser, base, all) {
  const tab = await open(browser, { base, scripts: false });
  const { page } = tab;
  for (const [name, path] of Object.entries(all)) {
    await page.goto(base + path, { waitUntil: "load" });
    check(`without scripts: ${name} has its answer`, (await page.locator("h1").innerText()).length > 10);
    check(`without scripts: ${name} shows no dead button`, (await page.locator("button:visible:not([type=submit])").count()) === 0);
  }
  await page.goto(base + all["a validator in danger"]);
  check("without scripts: charts are there", (await page.locator("svg[role=img]:visible").count()) > 0);

  await page.goto(`${base}/validators`);
  check("without scripts: a page of validators", (await page.locator("tbody tr").count()) === 50);
  const before = await page.locator("tbody tr").first().innerText();
  await page.getByRole("link", { name: "Next" }).click();
  check("without scripts: the next page is another", (await page.locator("tbody tr").first().innerText()) !== before);
  await page.getByLabel("Index, key or operator").fill("1000007");
  await page.getByRole("button", { name: "Show" }).click();
  check("without scripts: search finds one", (await page.locator("tbody tr").count()) === 1, await page.locator("h1").innerText());
  await page.locator("tbody tr th a").first().click();
  check("without scripts: search leads to it", (await page.locator("h1").innerText()).includes("1000007"));

  await page.goto(`${base}/validators`);
  await page.getByLabel("Sort by").selectOption("balance");
  await page.getByLabel("Order").selectOption("desc");
  await page.getByRole("button", { name: "Show" }).click();
  check("without scripts: the list says how it is sorted", (await page.locator("th[aria-sort=descending]").innerText()).includes("Balance"));
  none("without scripts: console", tab.complaints);
  await tab.close();
}
