// Shows how far an export is without loading its page anew.
//
// Entry: the page of an export that waits or runs has an element [data-live]; it is asked for again and again, and what changed is taken over.
// What holds: every word comes from the server's page, except the one that says that nothing answers, which the page brings; what is taken
// over is text, or elements of our own page parsed as a document, in which nothing runs; a page that nobody looks at asks for nothing.
// People who listen to a page are told every ten seconds, and at the end. Without this script the page loads itself anew.

const PAUSE = 1_000;
const SPOKEN = 10_000;
const LONGEST = 15_000;

const said = document.getElementById("said");
let pause = PAUSE;
let spokenAt = performance.now();
// Whether it waits to ask, or has asked and has no answer.
let isBusy = false;

const say = (text, isNow) => {
  if (said.textContent === text || (!isNow && performance.now() - spokenAt < SPOKEN)) return;
  spokenAt = performance.now();
  said.textContent = text;
};

// The page as it is now, as a document.
const ask = () => new Promise((resolve, reject) => {
  const request = new XMLHttpRequest();
  request.responseType = "document";
  request.timeout = LONGEST;
  request.onload = () => resolve(request);
  request.onerror = request.ontimeout = () => reject(new Error("nothing answers"));
  request.open("GET", location.pathname);
  request.send();
});

const partOf = (page) => page.querySelector("[data-export]");

// Takes over how far it is; gives false once it has ended, and then shows what came of it.
const follow = (now, next) => {
  const [live, newer] = [now.querySelector("[data-live]"), next.querySelector("[data-live]")];
  if (!newer) {
    const hasFocus = now.contains(document.activeElement);
    const result = document.importNode(next, true);
    now.replaceWith(result);
    const heading = result.querySelector("h2");
    say(heading.parentElement.textContent, true);
    if (hasFocus) {
      heading.tabIndex = -1;
      heading.focus();
    }
    return false;
  }
  now.querySelector("[data-state]").textContent = next.querySelector("[data-state]").textContent;
  live.querySelector("p").textContent = newer.querySelector("p").textContent;
  const [bar, other] = [live.querySelector("progress"), newer.querySelector("progress")];
  if (bar && other) [bar.max, bar.value] = [other.max, other.value];
  else if (other) live.append(document.importNode(other, true));
  say(live.querySelector("p").textContent, false);
  return true;
};

const look = async () => {
  const now = partOf(document);
  let answer;
  try { answer = await ask(); } catch {
    pause = Math.min(pause * 2, LONGEST);
    say(said.dataset.lost, true);
    plan(true);
    return;
  }
  const next = answer.status === 200 && answer.response ? partOf(answer.response) : undefined;
  // The session has ended, or the export is no longer there: the page itself says so.
  if (!next) {
    location.reload();
    return;
  }
  pause = PAUSE;
  if (follow(now, next)) plan(true);
};

// Asks again after a pause; of a page that nobody looks at, when somebody looks.
const plan = (isOver) => {
  if (isOver) isBusy = false;
  if (isBusy || document.hidden || !partOf(document).querySelector("[data-live]")) return;
  isBusy = true;
  setTimeout(look, pause);
};

if (partOf(document)?.querySelector("[data-live]") && said) {
  document.addEventListener("visibilitychange", () => plan(false));
  plan(false);
}
