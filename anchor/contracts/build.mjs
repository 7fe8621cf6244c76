// Compiles AnchorRegistry.sol into the artefact that the anchor crate embeds.
//
//   node build.mjs            writes AnchorRegistry.json
//   node build.mjs --print    prints the same bytes; the test that rebuilds the artefact compares them
//
// What holds: no path, time or compiler metadata enters the output, so that the same source gives the same
// bytes on every machine.
import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import solc from "solc";

const here = dirname(fileURLToPath(import.meta.url));
const source = "AnchorRegistry.sol";
const contract = "AnchorRegistry";

const settings = {
  optimizer: { enabled: true, runs: 200 },
  evmVersion: "paris",
  metadata: { bytecodeHash: "none", appendCBOR: false },
};

const input = {
  language: "Solidity",
  sources: { [source]: { content: readFileSync(join(here, source), "utf8") } },
  settings: {
    ...settings,
    outputSelection: {
      [source]: { [contract]: ["abi", "evm.bytecode.object", "evm.methodIdentifiers"] },
    },
  },
};

const output = JSON.parse(solc.compile(JSON.stringify(input)));
const complaints = output.errors ?? [];
if (complaints.length > 0) {
  for (const complaint of complaints) console.error(complaint.formattedMessage);
  process.exit(1);
}

const built = output.contracts[source][contract];
const artefact = {
  contract,
  source,
  compiler: `solc ${solc.version()}`,
  settings,
  methods: built.evm.methodIdentifiers,
  abi: built.abi,
  bytecode: `0x${built.evm.bytecode.object}`,
};
const text = `${JSON.stringify(artefact, null, 2)}\n`;

if (process.argv.includes("--print")) {
  process.stdout.write(text);
} else {
  writeFileSync(join(here, `${contract}.json`), text);
  console.error(`wrote ${contract}.json, ${built.evm.bytecode.object.length / 2} bytes of bytecode`);
}
