// Adds life to a page that is whole without it.

import { start as startClock } from "./clock.js";
import { start as startControls } from "./controls.js";
import { start as startList } from "./list.js";
import { start as startVerify } from "./verify.js";
import { Live } from "./live.js";

const voice = document.getElementById("voice");

/** Speaks to screen readers, once and politely. */
function say(text) {
  if (voice) voice.textContent = text;
}

startClock();
startControls(say);
startVerify(say);

if (document.getElementById("fresh")) {
  const live = new Live(say);
  const list = startList(say);
  if (list) live.heard(() => list.renew());
  live.start();
}
