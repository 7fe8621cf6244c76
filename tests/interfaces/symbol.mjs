// Makes a GS1 DataMatrix: node symbol.mjs TEXT FILE
//
// TEXT has application identifiers in brackets, `(01)09521141123454(21)602`; FILE becomes a PNG of the symbol; printed are its rows, `1` where
// it is dark. The encoder is that of zxing-wasm, which no part of the product uses.

import { readFileSync, writeFileSync } from "node:fs";
import { prepareZXingModule, writeBarcode } from "../../trace-api/scanner/node_modules/zxing-wasm/dist/es/writer/index.js";

const [text, file] = process.argv.slice(2);
const wasm = new URL("../../trace-api/scanner/node_modules/zxing-wasm/dist/writer/zxing_writer.wasm", import.meta.url);
prepareZXingModule({ overrides: { wasmBinary: readFileSync(wasm).buffer } });
const made = await writeBarcode(text, { format: "DataMatrix", options: "gs1,forceSquare", scale: 4 });
if (made.error) throw new Error(made.error);
writeFileSync(file, new Uint8Array(await made.image.arrayBuffer()));
const { width, height, data } = made.symbol;
for (let row = 0; row < height; row += 1) {
  console.log(Array.from(data.slice(row * width, (row + 1) * width), (point) => (point === 0 ? "1" : "0")).join(""));
}
