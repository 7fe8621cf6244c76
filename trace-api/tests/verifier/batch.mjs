// Runs the browser's verifier on many inputs: reads the file named on the command line, writes one outcome a line;
// "policy" where the policy file is refused. The file, all numbers of 4 bytes, big-endian: the number of policies; for
// each its length and bytes; then until the end for each input the number of its policy, its length and bytes.
import { readFileSync } from "node:fs";

import { verify } from "../../pages/verify/verify.js";

const data = readFileSync(process.argv[2]);
let at = 0;
const number = () => data.readUInt32BE((at += 4) - 4);
const block = () => {
  const length = number();
  return new Uint8Array(data.subarray(at, (at += length)));
};
const policies = Array.from({ length: number() }, block);
const inputs = [];
while (at < data.length) inputs.push({ policy: policies[number()], bundle: block() });

const outcome = async ({ bundle, policy }) => {
  const report = await verify(bundle, policy);
  const [name, found, detail] = report.checks.at(-1);
  if (name === "this verifier failed") return `failed: ${detail}`.split("\n")[0];
  return name === "policy" && found === "failed" ? "policy" : report.outcome;
};
// Some at a time, so that hashing on other threads is waited for less.
for (let first = 0; first < inputs.length; first += 16) {
  const outcomes = await Promise.all(inputs.slice(first, first + 16).map(outcome));
  process.stdout.write(`${outcomes.join("\n")}\n`);
}
