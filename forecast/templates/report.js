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

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-language]");
  if (button) openLanguage(button.dataset.language);
});
document.addEventListener("change", (event) => {
  if (event.target.dataset.toggle) setLayer(event.target.dataset.toggle, event.target.checked);
});
addEventListener("beforeprint", () => { for (const part of all("details.more:not([open])")) { part.open = true; part.dataset.printed = ""; } });
addEventListener("afterprint", () => { for (const part of all("details[data-printed]")) { part.open = false; delete part.dataset.printed; } });
for (const box of all("[data-toggle]")) setLayer(box.dataset.toggle, box.checked);
root.classList.add("scripted");
