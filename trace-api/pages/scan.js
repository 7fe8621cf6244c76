// Reads a QR code or a GS1 DataMatrix with the camera of the start page, where the browser itself can; elsewhere the button stays hidden.
//
// The way through: a press on the button asks for the camera, the browser's own reader (BarcodeDetector) looks at each picture, and the
// first code is sent with the form, as if it had been typed.
//
// What holds: the camera is asked for after a press only, and ends with the first code, a second press, or when the page is left; no picture leaves
// the device. What is said stands in the attributes of the button, in the language of the page.
//
// Source: W3C Shape Detection API, section "Barcode Detection"; Media Capture and Streams.

const FORMATS = ["qr_code", "data_matrix"];
const PAUSE_MS = 120;

const button = document.querySelector("#scan");
const view = document.querySelector("#camera");
const said = document.querySelector("#scan-said");
const field = document.querySelector("#code");
let stream;

/** Whether this browser has a camera and reads one of the codes. */
async function canRead() {
  if (!("BarcodeDetector" in globalThis) || !navigator.mediaDevices?.getUserMedia) return [];
  const known = await BarcodeDetector.getSupportedFormats();
  return FORMATS.filter((format) => known.includes(format));
}

/** Ends the camera. */
function end(text) {
  for (const track of stream?.getTracks() ?? []) track.stop();
  stream = undefined;
  view.replaceChildren();
  view.hidden = true;
  button.setAttribute("aria-pressed", "false");
  said.textContent = text;
}

/** Looks at pictures until there is a code, or the camera was ended. */
async function look(video, detector) {
  const own = stream;
  while (stream && stream === own) {
    const [code] = await detector.detect(video).catch(() => []);
    if (code?.rawValue && stream === own) {
      field.value = code.rawValue;
      end(button.dataset.found);
      field.form.requestSubmit();
      return;
    }
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
}

/** Starts the camera, or ends it. */
async function toggle(formats) {
  if (stream) return end("");
  try {
    stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
  } catch {
    return end(button.dataset.refused);
  }
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
  return look(video, new BarcodeDetector({ formats }));
}

const formats = await canRead().catch(() => []);
if (formats.length > 0) {
  button.hidden = false;
  button.addEventListener("click", () => toggle(formats));
  addEventListener("pagehide", () => end(""));
}
