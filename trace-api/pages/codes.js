// Reads QR codes and GS1 DataMatrix in pictures: with the browser's own reader where it reads both, else with the one that this server may have.
//
// The way through: `choose` says which reader there is and loads nothing; what it gives loads the reader when it is called, and
// gives a function from a picture to the text of a code in it.
//
// What holds: no picture leaves this device. The server's reader (zxing-wasm) is two files of this server; the browser runs neither
// if its hash is another than the page names. The text of a GS1 symbol begins with its symbology identifier (`]d2`), and has FNC1 between
// its parts as the symbol has it (U+001D).
//
// Sources: W3C Shape Detection API, section "Barcode Detection"; W3C Subresource Integrity; GS1 General Specifications, section 5.1.2;
// the package zxing-wasm, https://github.com/Sec-ant/zxing-wasm.

const OWN_FORMATS = ["qr_code", "data_matrix"];
const FORMATS = ["QRCode", "DataMatrix"];

/** Which of both codes the browser itself reads. */
async function ownFormats() {
  if (!("BarcodeDetector" in globalThis)) return [];
  const known = await BarcodeDetector.getSupportedFormats().catch(() => []);
  return OWN_FORMATS.filter((format) => known.includes(format));
}

/** The browser's own reader. */
function ownReader(formats) {
  const detector = new BarcodeDetector({ formats });
  return async (picture) => (await detector.detect(picture))[0]?.rawValue;
}

/** Runs a script of this server, if it has this hash. */
function run(src, integrity) {
  return new Promise((resolve, reject) => {
    const script = document.createElement("script");
    Object.assign(script, { src, integrity, onload: resolve, onerror: () => reject(new Error(`${src} does not load`)) });
    document.head.append(script);
  });
}

/** Points of a picture that is drawn with its longer side at most `most`. */
function points(picture, most) {
  const [wide, high] = [picture.videoWidth ?? picture.width, picture.videoHeight ?? picture.height];
  if (!wide || !high) return undefined;
  const scale = Math.min(1, most / Math.max(wide, high));
  const [width, height] = [wide, high].map((side) => Math.max(1, Math.round(side * scale)));
  const canvas = Object.assign(document.createElement("canvas"), { width, height });
  const drawing = canvas.getContext("2d", { willReadFrequently: true });
  // What is transparent would be black.
  drawing.fillStyle = "#fff";
  drawing.fillRect(0, 0, width, height);
  drawing.drawImage(picture, 0, 0, width, height);
  return drawing.getImageData(0, 0, width, height);
}

/** The reader of this server. */
async function servedReader({ script, scriptIntegrity, module, moduleIntegrity }) {
  const [answer] = await Promise.all([fetch(module, { integrity: moduleIntegrity }), run(script, scriptIntegrity)]);
  if (!answer.ok) throw new Error(`${module}: ${answer.status}`);
  const { prepareZXingModule, readBarcodes } = globalThis.ZXingWASM;
  await prepareZXingModule({ overrides: { wasmBinary: await answer.arrayBuffer() }, fireImmediately: true });
  return async (picture, sides) => {
    for (const side of sides) {
      const seen = points(picture, side);
      const options = { formats: FORMATS, textMode: "Plain", maxNumberOfSymbols: 1 };
      const [code] = seen ? await readBarcodes(seen, options) : [];
      if (code?.isValid) return code.contentType === "GS1" ? code.symbologyIdentifier + code.text : code.text;
    }
    return undefined;
  };
}

/** How a reader is loaded, once; undefined if there is none. `files` has paths and hashes of the server's reader, if it has one. */
export async function choose(files) {
  const formats = await ownFormats();
  const isServed = formats.length < OWN_FORMATS.length && files.script !== undefined;
  if (!isServed && formats.length === 0) return undefined;
  let loaded;
  return () => {
    loaded ??= isServed ? servedReader(files) : Promise.resolve(ownReader(formats));
    // What did not load may load at the next press.
    loaded.catch(() => (loaded = undefined));
    return loaded;
  };
}
