// What a page with a verifier shows: the button of an item's page, and the page that takes a file.
//
// Entry: the page's own elements; lineOf(words, check) makes the line of a check in the reader's language.
// What holds: the words come from the server; a file is read in this browser and sent nowhere; all that is needed is fetched when the page loads, so
// that checking works with the network off.
// Not here: the checks (verify.js for bundles, pack.js for evidence packs).

import { verify } from "./verify.js";

// The words of the reader's language, written by the server from its one list: `outcomes` by code, `names` of checks and
// `details` of checks, and `parts` of lists within them, each a pair of the English text above and its translation, with
// {0}, {1} … for what varies; `colon` and `semicolon` as that language writes them.
const readWords = (place) => JSON.parse(place.dataset.words);
// The translation of a text, by the first pair whose English fits it, and of what varies in it by `inner`; none where no
// pair fits.
const fitting = (pairs, text, inner) => {
  for (const [english, translation] of pairs) {
    const parts = english.split(/\{\d\}/).map((part) => part.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&"));
    const found = new RegExp(`^${parts.join("(.*?)")}$`, "su").exec(text);
    if (found) return translation.replace(/\{(\d)\}/g, (_, place) => inner(found[Number(place) + 1]));
  }
  return undefined;
};
// A list of which every part can be translated; other text as it is.
const translateList = ({ parts, semicolon }, text) => {
  const part = (one) => fitting(parts, one, (varying) => fitting(parts, varying, String) ?? varying);
  const found = text.split("; ").map(part);
  return found.includes(undefined) ? text : found.join(semicolon);
};
const translate = (words, pairs, text) => fitting(pairs, text, (varying) => translateList(words, varying)) ?? text;
// What comes from the file must not change how the text around it is displayed.
const escaped = (text) => text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\u115f\u1160\u3164\uffa0]/gu, (found) => `\\u{${found.codePointAt(0).toString(16)}}`);
export const lineOf = (words, [name, outcome, detail]) => {
  const { outcomes, names, details, colon } = words;
  return escaped(`${outcomes[outcome]} · ${translate(words, names, name)}${colon}${translate(words, details, detail)}`);
};
const show = (place, report) => {
  const words = readWords(place);
  const { outcomes } = words;
  const lines = report.checks.map((check) => lineOf(words, check));
  place.dataset.outcome = report.outcome;
  place.textContent = [outcomes[report.isNoBundle ? "no bundle" : report.outcome], ...lines].join("\n");
};

// Bytes, because reading text would drop a byte order mark and repair what is not UTF-8.
const fetchBytes = async (address) => new Uint8Array(await (await fetch(address)).arrayBuffer());
const fileBytes = async (file) => new Uint8Array(await file.arrayBuffer());

// The page that takes files: chosen, or dropped anywhere on it; one that is no JSON and no archive is taken for a policy only where it was chosen as one.
const takeFiles = (file, own, place) => {
  const fetched = fetchBytes("/policy");
  const packs = Promise.all([import("./pack.js"), import("./archive.js")]);
  let asked = 0;
  const check = async (chosen) => {
    if (!chosen) return;
    asked += 1;
    const number = asked;
    const policy = own.files[0] ? await fileBytes(own.files[0]) : await fetched;
    const bytes = await fileBytes(chosen);
    const [{ verifyPack }, { isArchive }] = await packs;
    const report = isArchive(bytes) ? await verifyPack(bytes, policy) : await verify(bytes, policy);
    if (number === asked) show(place, report);
  };
  let last;
  const take = (chosen) => {
    last = chosen ?? last;
    return check(last);
  };
  file.addEventListener("change", () => take(file.files[0]));
  own.addEventListener("change", () => take(undefined));
  // Without the first the browser would open the file in place of the page.
  document.addEventListener("dragover", (event) => event.preventDefault());
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    const [dropped] = event.dataTransfer.files;
    if (dropped && !own.contains(event.target)) take(dropped);
  });
};

if (typeof document !== "undefined") {
  const button = document.getElementById("check");
  const place = document.getElementById("result");
  if (button) {
    button.hidden = false;
    // Fetched when the page loads, so that checking works with the network off.
    const fetched = Promise.all([button.dataset.bundle, "/policy"].map(fetchBytes));
    button.addEventListener("click", async () => {
      const [bundle, policy] = await fetched;
      show(place, await verify(bundle, policy));
    });
  }
  const file = document.getElementById("file");
  if (file) takeFiles(file, document.getElementById("policy"), place);
}
