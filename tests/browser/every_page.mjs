// Every page, in light and dark, on a desk and on a phone: it complains of nothing, and everybody can use it.

import { mkdir } from "node:fs/promises";
import { axe, DEVICES, open } from "./browser.mjs";
import { none, check } from "./report.mjs";

export async function everyPage(browser, base, all, pictures) {
  if (pictures) await mkdir(pictures, { recursive: true });
  const looks = Object.keys(DEVICES).flatMap((device) => ["light", "dark"].map((scheme) => ({ base, device, scheme })));
  await Promise.all(looks.map((look) => walk(browser, look, all, pictures)));
}

async function walk(browser, look, all, pictures) {
  const { base, device, scheme } = look;
  const tab = await open(browser, look);
  const { page } = tab;
  for (const [name, path] of Object.entries(all)) {
    const what = `${name}, ${device}, ${scheme}`;
    tab.complaints.length = 0;
    await page.goto(base + path, { waitUntil: "load" });
    await page.waitForFunction(() => document.getElementById("link")?.dataset.state === "live");
    none(`axe: ${what}`, await axe(page));
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    check(`width: ${what}`, wide <= 0, `${wide} px too wide`);
    none(`policy: ${what}`, await page.evaluate(() => window.violations));
    none(`console: ${what}`, tab.complaints);
    if (pictures) {
      await page.screenshot({ path: `${pictures}/${name.replaceAll(" ", "-")}-${device}-${scheme}.png`, fullPage: true });
    }
  }
  await tab.close();
}
