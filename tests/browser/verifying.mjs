// The verifier in the page: it accepts what is true, refuses what is not, and says what it did not prove.

import { readFile } from "node:fs/promises";
import { axe, open } from "./browser.mjs";
import { becomes, check, none } from "./report.mjs";

/** Where a log's verdict stands; each entry has its own. */
const LOG = "#verify [data-verdict]";

export async function verifying(browser, base, restart) {
  const tab = await open(browser, { base });
  const { page } = tab;
  const verdict = page.locator(LOG);
  const verify = async () => {
    await page.getByRole("button", { name: "Verify this log" }).click();
    return becomes(async () => (await page.locator(`${LOG} [data-good]`).count()) === 1 && (await page.getByRole("button", { name: "Verify this log" }).isEnabled()));
  };
  const good = () => page.locator(`${LOG} [data-good=true]`).count();

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
  await entries(page, base);
  none("verify: policy", await page.evaluate(() => window.violations));
  none("verify: console", tab.complaints);
  await tab.close();
  await lives(browser, base, restart);
}

/** Entries of a bundle, each behind its length. */
function unbundle(bytes) {
  const all = [];
  for (let at = 0; at < bytes.length; ) {
    const end = at + 2 + bytes.readUInt16BE(at);
    all.push(bytes.subarray(at, end));
    at = end;
  }
  return all;
}

/** One entry proven: what is there, and what a lying server would serve instead. */
async function entries(page, base) {
  const index = 300;
  await page.goto(`${base}/log?from=${index}#entry-${index}`);
  const item = page.locator(`#entry-${index}`);
  await item.locator("summary").first().click();
  const verdict = item.locator("[data-verdict]");
  const prove = async () => {
    await verdict.evaluate((host) => host.replaceChildren());
    await item.getByRole("button", { name: "Prove this entry" }).click();
    await becomes(async () => (await verdict.locator("[data-good]").count()) === 1);
    return verdict.locator("[data-good]").getAttribute("data-good");
  };
  check("prove: an entry of the log is", (await prove()) === "true", await verdict.innerText());
  const told = await verdict.innerText();
  check("prove: in which place of which tree, under which root", new RegExp(`entry ${index}, counted from 0, of the \\d+ under the signed root 0x[0-9a-f]{64}`).test(told), told);
  check("prove: who cosigned that root", /Guardian 2 saw this log and cosigned/.test(told), told);
  check("prove: what kind it is of", told.includes("of the kind “not finalizing”"), told);
  check("prove: and the entry itself", (await verdict.locator("pre").innerText()).includes('"kind": "not_finalizing"'), told);
  check("prove: and what is not proven", told.includes("scripts are honest") && told.includes("taken from this page"), told);
  none("prove: the verdict is for everybody", await axe(page));
  const room = await verdict.evaluate((host) => host.scrollWidth - host.clientWidth);
  check("prove: the verdict fits its place", room <= 0, `${room} px too large`);
  const path = new URL(await item.getByRole("link", { name: "Link to this entry" }).getAttribute("href"), base);
  check("prove: the entry has a link of its own", path.searchParams.get("entry") === String(index) && path.hash === `#entry-${index}`, String(path));

  const place = index % 256;
  const lies = {
    "changed bytes": ["**/tile/entries/**", (bytes) => {
      const [entry] = unbundle(bytes).slice(place);
      entry[entry.length - 2] ^= 1;
    }],
    "the entry of another place": ["**/tile/entries/**", (bytes) => {
      const all = unbundle(bytes);
      [all[place], all[place - 1]] = [all[place - 1], all[place]];
      bytes.set(Buffer.concat(all));
    }],
    "a changed tile": ["**/tile/0/**", (bytes) => {
      bytes[place * 32] ^= 1;
    }],
    "a changed checkpoint": ["**/checkpoint", (bytes) => {
      const at = bytes.indexOf("\n") + 1;
      bytes[at] = bytes[at] === 0x39 ? 0x38 : bytes[at] + 1;
    }],
  };
  for (const [name, [where, change]] of Object.entries(lies)) {
    await page.route(where, async (route) => {
      const response = await route.fetch();
      const body = await response.body();
      change(body);
      await route.fulfill({ response, body });
    });
    check(`prove: ${name} is refused`, (await prove()) === "false", await verdict.innerText());
    await page.unroute(where);
  }
  check("prove: and the truth is proven again", (await prove()) === "true", await verdict.innerText());
  await page.goto(String(path));
  check("prove: by its link it is shown open", await item.locator("details").evaluate((details) => details.open));
  check("prove: a log that is not here is not another one", (await fetch(`${base}/log?log=9-9&entry=${index}`)).status === 404);
}

/** Who verified the log of one life comes back when the guardian writes another. */
async function lives(browser, base, restart) {
  const tab = await open(browser, { base });
  const { page } = tab;
  const verdict = page.locator(LOG);
  const verify = async (path = "/log") => {
    await page.goto(base + path);
    await page.getByRole("button", { name: "Verify this log" }).click();
    await becomes(async () => (await verdict.locator("[data-good]").count()) === 1);
    return verdict.locator("[data-good]").getAttribute("data-good");
  };
  const memory = () => page.evaluate(() => Object.entries(localStorage).filter(([name]) => name.startsWith("visit ")));
  check("lives: the first is verified", (await verify()) === "true", await verdict.innerText());
  const [[name, seen]] = await memory();
  check("lives: and remembered", JSON.parse(seen).origin.endsWith("/0"), seen);
  await page.goto("about:blank");
  await restart("lapse");
  await becomes(async () => (await fetch(`${base}/v1/network`)).ok);

  check("lives: another is no first visit, and no fork", (await verify()) === "true", await verdict.innerText());
  const told = await verdict.innerText();
  check("lives: the page says that it is another log", told.includes("another log than the one you saw at your last visit, which was of life 0"), told);
  check("lives: the one before is still there, unchanged", /The log that you saw, of life 0: .*(Nothing was added|unchanged)/.test(told), told);
  check("lives: what the new one hides is not proven", told.includes("hides nothing of the one you saw"), told);
  check("lives: the new one is what is remembered", !JSON.parse((await memory())[0][1]).origin.endsWith("/0"), (await memory()).join(" "));
  check("lives: then it is compared with itself", (await verify()) === "true" && !(await verdict.innerText()).includes("another log"), await verdict.innerText());
  check("lives: the earlier one is an older copy now", (await verify("/log?log=3-0")) === "false" && (await verdict.innerText()).includes("older copy"), await verdict.innerText());

  const recall = (visit) => page.evaluate(([name, visit]) => localStorage.setItem(name, visit), [name, visit]);
  await recall(JSON.stringify({ ...JSON.parse(seen), root: `0x${"34".repeat(32)}` }));
  check("lives: an earlier log that was changed is found", (await verify()) === "false" && (await verdict.innerText()).includes("two histories"), await verdict.innerText());
  await recall(seen);
  await page.route("**/v1/logs", async (route) => {
    const response = await route.fetch();
    const json = await response.json();
    await route.fulfill({ response, json: { ...json, data: json.data.filter(({ current }) => current) } });
  });
  const { size, root } = JSON.parse(seen);
  const asks = async () => (await verdict.innerText()).includes("does not serve it any more") && (await verdict.innerText()).includes(`${size} entries under the root ${root}`);
  check("lives: one that is gone is told, with what it was", (await verify()) === "true" && (await asks()), await verdict.innerText());
  check("lives: it is not forgotten", (await verify()) === "true" && (await asks()), await verdict.innerText());
  await page.unroute("**/v1/logs");
  check("lives: and compared once it is there again", (await verify()) === "true" && /of life 0: .*(Nothing was added|unchanged)/.test(await verdict.innerText()), await verdict.innerText());
  check("lives: then it is done with", (await memory()).length === 1, (await memory()).join(" "));

  const current = await page.getByRole("button", { name: "Verify this log" }).getAttribute("data-of");
  await page.route(`**${current}/**`, async (route) => {
    const response = await route.fetch({ url: route.request().url().replace(current, "/log/3-0") });
    await route.fulfill({ response });
  });
  check("lives: another log in its place is refused", (await verify()) === "false" && (await verdict.innerText()).includes("another log in its place"), await verdict.innerText());
  await page.unroute(`**${current}/**`);
  none("lives: policy", await page.evaluate(() => window.violations));
  none("lives: console", tab.complaints);
  await tab.close();
}

/** A dossier that somebody was given: whole, of another network, tampered with, and something else altogether. */
async function dossiers(page, verdict) {
  const whole = await readFile(new URL("../../feed/tests/golden/dossier.json", import.meta.url), "utf8");
  const field = page.getByLabel("Network id that you know");
  const bring = async (text) => {
    await page.locator(LOG).evaluate((host) => host.replaceChildren());
    await page.locator("[data-verify-file]").setInputFiles({ name: "dossier.json", mimeType: "application/json", buffer: Buffer.from(text) });
    await becomes(async () => (await page.locator(`${LOG} [data-good]`).count()) === 1);
    return page.locator(`${LOG} [data-good]`).getAttribute("data-good");
  };
  await field.fill(JSON.parse(whole).network);
  check("verify: a whole dossier holds", (await bring(whole)) === "true", await verdict.innerText());
  const told = await verdict.innerText();
  none("verify: the verdict is for everybody", await axe(page));
  const room = await verdict.evaluate((host) => host.scrollWidth - host.clientWidth + Math.max(0, host.querySelector("p").clientHeight - 100));
  check("verify: the verdict fits its place", room <= 0, `${room} px too large`);
  check("verify: what was checked is told one by one", (await page.locator(`${LOG} li.yes`).count()) > 5, told);
  check("verify: and what was not", told.includes("nothing else about this exit") && !told.includes("taken from this page"), told);
  check("verify: one changed digit is found", (await bring(whole.replace(/"opened":(\d+)/, (_, slot) => `"opened":${Number(slot) + 1}`))) === "false", await verdict.innerText());
  check("verify: what is no dossier is refused", (await bring("{}")) === "false", await verdict.innerText());
  await field.fill("");
  check("verify: a dossier of another network is refused", (await bring(whole)) === "false", await verdict.innerText());
}
