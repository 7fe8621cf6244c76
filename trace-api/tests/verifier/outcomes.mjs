// Reads [{ bundle, policy }] from standard input and writes the outcomes of the browser's verifier as a JSON array;
// "policy" where the policy file is refused.
import { readFileSync } from "node:fs";

import { verify } from "../../pages/verify/verify.js";

const outcomes = [];
for (const { bundle, policy } of JSON.parse(readFileSync(0, "utf8"))) {
  const report = await verify(bundle, policy);
  const [name, outcome] = report.checks.at(-1);
  outcomes.push(name === "policy" && outcome === "failed" ? "policy" : report.outcome);
}
process.stdout.write(JSON.stringify(outcomes));
