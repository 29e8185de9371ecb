"use strict";
const root = document.documentElement;
const all = (selector, within = document) => [...within.querySelectorAll(selector)];

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

for (const kind of ["pointerover", "pointerdown"]) {
  document.addEventListener(kind, (event) => {
    if (event.target.classList.contains("strip")) readYear(event.target.closest("figure"), event.target);
  });
}
document.addEventListener("keydown", (event) => {
  const diagram = event.target.closest(".diagram");
  if (diagram && moveReading(diagram.closest("figure"), event.key)) event.preventDefault();
});
