// Reads a QR code or a GS1 DataMatrix on the start page, with the camera or in a picture that a person chooses.
//
// The way through: a press on the button of the camera asks for the camera, a press on the other for a picture; the reader of `codes.js` looks at
// each picture, and the first code is sent with the form, as if it had been typed.
//
// What holds: the buttons are hidden where nothing reads codes; reader and camera are asked for after a press only; the camera ends with the first code, a
// second press, or when the page is left; no picture leaves the device. What is said stands in the attributes of the buttons, in the language of
// the page.
//
// Source: W3C Media Capture and Streams.

import { choose } from "./codes.js";

const PAUSE_MS = 120;
/** Longer side of a picture of the camera as it is looked at, and of one that was chosen: first small, then as large as phones' photos. */
const OF_CAMERA = [1280];
const OF_PICTURE = [1600, 4000];

const button = document.querySelector("#scan");
const chooser = document.querySelector("#picture");
const file = document.querySelector("#file");
const view = document.querySelector("#camera");
const said = document.querySelector("#scan-said");
const field = document.querySelector("#code");
let stream;

/** Ends the camera. */
function end(text) {
  for (const track of stream?.getTracks() ?? []) track.stop();
  stream = undefined;
  view.replaceChildren();
  view.hidden = true;
  button.setAttribute("aria-pressed", "false");
  said.textContent = text;
}

/** Goes on with a code, as if it had been typed. */
function send(code) {
  field.value = code;
  end(button.dataset.found);
  field.form.requestSubmit();
}

/** Looks at pictures until there is a code, or the camera was ended. */
async function look(video, read) {
  const own = stream;
  while (stream && stream === own) {
    const code = await read(video, OF_CAMERA).catch(() => undefined);
    if (code && stream === own) return send(code);
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
}

/** Starts the camera, or ends it. */
async function toggle(load) {
  if (stream) return end("");
  try {
    stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment", width: { ideal: 1280 } } });
  } catch {
    return end(button.dataset.refused);
  }
  const own = stream;
  const video = document.createElement("video");
  video.muted = true;
  video.playsInline = true;
  video.srcObject = stream;
  video.setAttribute("aria-hidden", "true");
  view.replaceChildren(video);
  view.hidden = false;
  button.setAttribute("aria-pressed", "true");
  said.textContent = button.dataset.hold;
  await video.play().catch(() => {});
  const read = await load().catch(() => undefined);
  if (stream !== own) return undefined;
  return read ? look(video, read) : end(button.dataset.failed);
}

/** Reads the picture that was chosen. */
async function readPicture(load) {
  const [chosen] = file.files;
  if (!chosen) return;
  end(chooser.dataset.reading);
  const read = await load().catch(() => undefined);
  const picture = await createImageBitmap(chosen).catch(() => undefined);
  // The same picture may be chosen again.
  file.value = "";
  if (!read) return end(button.dataset.failed);
  if (!picture) return end(chooser.dataset.unreadable);
  const code = await read(picture, OF_PICTURE).catch(() => undefined);
  return code ? send(code) : end(chooser.dataset.none);
}

const load = await choose(button.dataset);
if (load) {
  chooser.hidden = false;
  chooser.addEventListener("click", () => file.click());
  file.addEventListener("change", () => readPicture(load));
  if (navigator.mediaDevices?.getUserMedia) {
    button.hidden = false;
    button.addEventListener("click", () => toggle(load));
    addEventListener("pagehide", () => end(""));
  }
}
