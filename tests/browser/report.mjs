// What was checked, one line each, for the test that started us.

let failures = 0;

/** Says that something is as it should be, or what is not. */
export function check(name, good, detail = "") {
  if (good) {
    console.log(`ok ${name}`);
  } else {
    failures += 1;
    console.log(`FAIL ${name}${detail ? `: ${detail}` : ""}`);
  }
}

/** Says that a list of complaints is empty, or what stands in it. */
export function none(name, complaints) {
  check(name, complaints.length === 0, complaints.slice(0, 5).join(" | "));
}

/** A number that is reported and not judged. */
export function measured(name, value) {
  console.log(`measured ${name}: ${value}`);
}

/** How many checks failed. */
export function failed() {
  return failures;
}

/** Waits until `test` is true, and says whether it became so. */
export async function becomes(test, milliseconds = 20_000) {
  const until = Date.now() + milliseconds;
  while (Date.now() < until) {
    if (await test().catch(() => false)) return true;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return false;
}
