// What is wrong with how a page looks: runs in the page, gives a list of sentences, none if all is well.
//
// Its argument says whether the page is one of the few of the desk that have nothing around their content.
//
// Looked at: width, size of text, contrast, structure, names of links and pictures, parts that a link leads to, what was
// loaded from elsewhere, what was stored.
//
// Sources: WCAG 2.2, 1.4.3 (contrast), 1.4.10 (reflow), 2.4.1 (skipping), 2.5.8 (target size); relative luminance as there.

const [isBare] = arguments;
const found = [];
const say = (text, element) => found.push(element ? `${text}: ${element.outerHTML.slice(0, 120)}` : text);
const all = [...document.querySelectorAll("body *")].filter((element) => element.checkVisibility());
const style = (element) => getComputedStyle(element);

if (document.documentElement.scrollWidth > innerWidth) say(`${document.documentElement.scrollWidth} of ${innerWidth} points wide`);

const parse = (colour) => {
  const numbers = (colour.match(/[\d.]+/g) ?? []).map(Number);
  const scale = colour.startsWith("color(") ? 255 : 1;
  return { rgb: numbers.slice(0, 3).map((number) => number * scale), alpha: numbers[3] ?? 1 };
};
const luminance = (rgb) => {
  const [r, g, b] = rgb.map((value) => value / 255).map((value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};
const behind = (element) => {
  for (let at = element; at; at = at.parentElement) {
    const { rgb, alpha } = parse(style(at).backgroundColor);
    if (alpha === 1) return rgb;
  }
  return [255, 255, 255];
};
let texts = 0;
for (const element of all) {
  const isHidden = element.closest(".vh, .skip, svg");
  const hasText = [...element.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.textContent.trim());
  if (!hasText || isHidden) continue;
  texts += 1;
  if (parseFloat(style(element).fontSize) < 16) say(`text of ${style(element).fontSize}`, element);
  const [light, dark] = [luminance(parse(style(element).color).rgb), luminance(behind(element))].sort((a, b) => b - a);
  const contrast = (light + 0.05) / (dark + 0.05);
  if (contrast < 4.5) say(`contrast ${contrast.toFixed(2)}`, element);
}
if (texts < 5) say(`only ${texts} texts were looked at`);

for (const [what, count] of [["h1", 1], ["main", 1], ["header", isBare ? 0 : 1]]) {
  const number = document.querySelectorAll(what).length;
  if (number !== count) say(`${number} of ${what}, expected ${count}`);
}
const ids = [...document.querySelectorAll("[id]")].map((element) => element.id);
for (const id of ids.filter((id, place) => ids.indexOf(id) !== place)) say(`two parts are called ${id}`);
for (const link of document.querySelectorAll("a[href^='#'], use[href^='#']")) {
  if (!ids.includes(link.getAttribute("href").slice(1))) say("leads nowhere", link);
}
for (const labelled of document.querySelectorAll("[aria-labelledby]")) {
  if (!ids.includes(labelled.getAttribute("aria-labelledby"))) say("is named by nothing", labelled);
}
for (const control of document.querySelectorAll("a, button, summary")) {
  if (!control.checkVisibility()) continue;
  if (!control.textContent.trim() && !control.hasAttribute("aria-label")) say("has no name", control);
  if (control.closest("p, td, dd, .scope, .chips, .plain") || control.matches(".skip")) continue;
  if (control.getBoundingClientRect().height < 44) say(`${control.getBoundingClientRect().height} points high`, control);
}
for (const picture of document.querySelectorAll("img")) if (!picture.hasAttribute("alt")) say("has no alt", picture);
for (const drawing of document.querySelectorAll("svg")) {
  if (drawing.getAttribute("aria-hidden") !== "true" && !drawing.hasAttribute("aria-label")) say("is read aloud without a name", drawing);
}
const first = document.querySelector("a, button, input, summary");
if (!isBare && !first?.matches(".skip")) say("the first stop of the keyboard does not lead to the content", first);

for (const { name } of performance.getEntriesByType("resource")) {
  if (!name.startsWith(location.origin)) say(`loaded from elsewhere: ${name}`);
}
if (document.cookie || localStorage.length || sessionStorage.length) say("something is stored in the browser");
return found;
