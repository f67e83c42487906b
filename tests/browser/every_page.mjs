// Every page, in light and dark, on a desk and on a phone: it complains of nothing, and everybody can use it.

import { mkdir } from "node:fs/promises";
import { axe, DEVICES, open } from "./browser.mjs";
import { none, check } from "./report.mjs";

export async function everyPage(browser, base, all, pictures) {
  if (pictures) await mkdir(pictures, { recursive: true });
  for (const device of Object.keys(DEVICES)) {
    for (const scheme of ["light", "dark"]) {
      const tab = await open(browser, { base, device, scheme });
      for (const [name, path] of Object.entries(all)) {
        const what = `${name}, ${device}, ${scheme}`;
        tab.complaints.length = 0;
        await tab.page.goto(base + path, { waitUntil: "load" });
        await tab.page.waitForFunction(() => document.getElementById("link")?.dataset.state === "live");
        none(`axe: ${what}`, await axe(tab.page));
        const wide = await tab.page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
        check(`width: ${what}`, wide <= 0, `${wide} px too wide`);
        none(`policy: ${what}`, await tab.page.evaluate(() => window.violations));
        none(`console: ${what}`, tab.complaints);
        if (pictures) {
          await tab.page.screenshot({ path: `${pictures}/${name.replaceAll(" ", "-")}-${device}-${scheme}.png`, fullPage: true });
        }
      }
      await tab.close();
    }
  }
}
