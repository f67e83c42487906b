// The verifier in the page: it accepts what is true, refuses what is not, and says what it did not prove.

import { readFile } from "node:fs/promises";
import { axe, open } from "./browser.mjs";
import { becomes, check, none } from "./report.mjs";

export async function verifying(browser, base) {
  const tab = await open(browser, { base });
  const { page } = tab;
  const verdict = page.locator("[data-verdict]");
  const verify = async () => {
    await page.getByRole("button", { name: "Verify this log" }).click();
    return becomes(async () => (await page.locator("[data-verdict] [data-good]").count()) === 1 && (await page.getByRole("button", { name: "Verify this log" }).isEnabled()));
  };
  const good = () => page.locator("[data-verdict] [data-good=true]").count();

  await page.goto(`${base}/log`);
  check("verify: the log is checked", await verify(), await verdict.innerText());
  check("verify: and holds", (await good()) === 1, await verdict.innerText());
  const first = await verdict.innerText();
  check("verify: a first visit is called one", first.includes("first visit"));
  check("verify: it says that its code proves nothing about the server", first.includes("scripts are honest"));
  check("verify: it says that the id is the server's own", first.includes("taken from this page"));

  const size = (text) => Number(/signed (\d+) entries/.exec(text)?.[1]);
  const before = size(first);
  check("verify: a second visit is compared with the first", await becomes(async () => {
    await verify();
    const text = await verdict.innerText();
    return size(text) > before && /entries of your last visit, unchanged, and \d+ more/.test(text);
  }, 30_000), await verdict.innerText());

  await page.getByLabel("Network id that you know").fill(`0x${"12".repeat(32)}`);
  await verify();
  check("verify: another network's id is refused", (await good()) === 0, await verdict.innerText());
  const id = await page.locator("[data-network]").first().getAttribute("data-network");
  await page.getByLabel("Network id that you know").fill(id);
  await verify();
  check("verify: the right one is accepted", (await good()) === 1 && !(await verdict.innerText()).includes("taken from this page"));

  // A server that lies: one byte of the note, then another past.
  await page.route("**/checkpoint", async (route) => {
    const response = await route.fetch();
    const body = (await response.text()).replace(/\n(\d+)\n/, (_, number) => `\n${Number(number) + 1}\n`);
    await route.fulfill({ response, body });
  });
  await verify();
  check("verify: a checkpoint that was changed is refused", (await good()) === 0, await verdict.innerText());
  await page.unroute("**/checkpoint");
  await page.evaluate(() => {
    for (const name of Object.keys(localStorage).filter((name) => name.startsWith("visit "))) {
      const visit = JSON.parse(localStorage.getItem(name));
      localStorage.setItem(name, JSON.stringify({ ...visit, root: `0x${"34".repeat(32)}` }));
    }
  });
  await verify();
  check("verify: another past is refused", (await good()) === 0 && (await verdict.innerText()).includes("two histories"), await verdict.innerText());

  await dossiers(page, verdict);
  none("verify: policy", await page.evaluate(() => window.violations));
  none("verify: console", tab.complaints);
  await tab.close();
}

/** A dossier that somebody was given: whole, of another network, tampered with, and something else altogether. */
async function dossiers(page, verdict) {
  const whole = await readFile(new URL("../../feed/tests/golden/dossier.json", import.meta.url), "utf8");
  const field = page.getByLabel("Network id that you know");
  const bring = async (text) => {
    await page.locator("[data-verdict]").evaluate((host) => host.replaceChildren());
    await page.locator("[data-verify-file]").setInputFiles({ name: "dossier.json", mimeType: "application/json", buffer: Buffer.from(text) });
    await becomes(async () => (await page.locator("[data-verdict] [data-good]").count()) === 1);
    return page.locator("[data-verdict] [data-good]").getAttribute("data-good");
  };
  await field.fill(JSON.parse(whole).network);
  check("verify: a whole dossier holds", (await bring(whole)) === "true", await verdict.innerText());
  const told = await verdict.innerText();
  none("verify: the verdict is for everybody", await axe(page));
  const room = await verdict.evaluate((host) => host.scrollWidth - host.clientWidth + Math.max(0, host.querySelector("p").clientHeight - 100));
  check("verify: the verdict fits its place", room <= 0, `${room} px too large`);
  check("verify: what was checked is told one by one", (await page.locator("[data-verdict] li.yes").count()) > 5, told);
  check("verify: and what was not", told.includes("nothing else about this exit") && !told.includes("taken from this page"), told);
  check("verify: one changed digit is found", (await bring(whole.replace(/"opened":(\d+)/, (_, slot) => `"opened":${Number(slot) + 1}`))) === "false", await verdict.innerText());
  check("verify: what is no dossier is refused", (await bring("{}")) === "false", await verdict.innerText());
  await field.fill("");
  check("verify: a dossier of another network is refused", (await bring(whole)) === "false", await verdict.innerText());
}
