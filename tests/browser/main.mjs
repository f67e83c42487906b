// Everything, against two running servers: one whose figures change, one with very many validators.
// `node main.mjs <living> <crowd> <chromium> [directory for pictures]`. Writes `stop` and `start` when the living one shall
// go and come back, `lapse` when it shall begin another life, and waits for a line on its input each time.

import { createInterface } from "node:readline";
import { launch } from "./browser.mjs";
import { everyPage } from "./every_page.mjs";
import { keyboard } from "./keyboard.mjs";
import { live } from "./live.mjs";
import { longList } from "./long_list.mjs";
import { places } from "./places.mjs";
import { check, failed, measured } from "./report.mjs";
import { verifying } from "./verifying.mjs";
import { withoutScripts } from "./without_scripts.mjs";

const [base, crowd, chromium, pictures] = process.argv.slice(2);
const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();

async function restart(what) {
  console.log(what);
  await lines.next();
}

const browser = await launch(chromium);
try {
  const all = await places(base);
  const phases = [
    ["every page", () => everyPage(browser, base, all, pictures)],
    ["without scripts", () => withoutScripts(browser, base, all)],
    ["keyboard", () => keyboard(browser, base)],
    ["verifying", () => verifying(browser, base, restart)],
    ["long list", () => longList(browser, crowd)],
    ["live", () => live(browser, base, restart)],
  ];
  for (const [name, phase] of phases) {
    const started = Date.now();
    await phase();
    measured(`phase ${name}`, `${Math.round((Date.now() - started) / 1000)} s`);
  }
} catch (error) {
  check("the walk itself", false, error.stack);
} finally {
  await browser.close();
}
console.log("end");
process.exit(failed() === 0 ? 0 : 1);
