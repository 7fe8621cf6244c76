// The verifier of the page /verify, on packs: reads a line of JSON for each, [pack in base64, policy], and prints one: [outcome, what failed].
import { createInterface } from "node:readline";

import { isArchive } from "../../../../trace-api/pages/verify/archive.js";
import { verifyPack } from "../../../../trace-api/pages/verify/pack.js";

for await (const line of createInterface({ input: process.stdin })) {
  const [pack, policy] = JSON.parse(line);
  const bytes = Uint8Array.from(Buffer.from(pack, "base64"));
  const report = await verifyPack(bytes, new TextEncoder().encode(policy));
  const failed = report.checks.filter(([, outcome]) => outcome === "failed").map(([name, , detail]) => `${name}: ${detail}`);
  console.log(JSON.stringify([isArchive(bytes) ? report.outcome : "no archive", failed.join("\n")]));
}
