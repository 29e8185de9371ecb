"use strict";
const root = document.documentElement;
const all = (selector, within = document) => [...within.querySelectorAll(selector)];

function openLanguage(code) {
  for (const edition of all("main")) edition.hidden = edition.lang !== code;
  for (const button of all("[data-language]")) button.setAttribute("aria-pressed", String(button.dataset.language === code));
  root.lang = code;
  document.title = document.querySelector(`main[lang="${code}"]`).dataset.title;
}

function setLayer(name, shown) {
  for (const section of all(".layers")) section.classList.toggle(`without-${name}`, !shown);
  for (const box of all(`[data-toggle="${name}"]`)) box.checked = shown;
}

function readYear(figure, strip) {
  const cursor = figure.querySelector(".cursor");
  figure.dataset.reading = strip.dataset.year;
  cursor.setAttribute("x1", strip.dataset.x);
  cursor.setAttribute("x2", strip.dataset.x);
  for (const reading of all(".reading > *", figure)) reading.hidden = reading.dataset.year !== strip.dataset.year;
}

function moveReading(figure, key) {
  const strips = all(".strip", figure);
  const now = strips.findIndex((strip) => strip.dataset.year === figure.dataset.reading);
  const places = { ArrowLeft: now < 0 ? strips.length - 1 : now - 1, ArrowRight: now + 1, Home: 0, End: strips.length - 1 };
  if (!(key in places)) return false;
  readYear(figure, strips[Math.min(Math.max(places[key], 0), strips.length - 1)]);
  return true;
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-language]");
  if (button) openLanguage(button.dataset.language);
});
document.addEventListener("change", (event) => {
  if (event.target.dataset.toggle) setLayer(event.target.dataset.toggle, event.target.checked);
});
for (const kind of ["pointerover", "pointerdown"]) {
  document.addEventListener(kind, (event) => {
    if (event.target.classList.contains("strip")) readYear(event.target.closest("figure"), event.target);
  });
}
document.addEventListener("keydown", (event) => {
  const diagram = event.target.closest(".diagram");
  if (diagram && moveReading(diagram.closest("figure"), event.key)) event.preventDefault();
});
addEventListener("beforeprint", () => { for (const part of all("details.more:not([open])")) { part.open = true; part.dataset.printed = ""; } });
addEventListener("afterprint", () => { for (const part of all("details[data-printed]")) { part.open = false; delete part.dataset.printed; } });
for (const box of all("[data-toggle]")) setLayer(box.dataset.toggle, box.checked);
root.classList.add("scripted");
