const form = document.getElementById("sliders");
const message = document.getElementById("message");
const ranges = all("input[type=range]", form);
const moved = new Set();
let asking = false;
let stale = false;

function written(range) {
  const number = Number(range.value);
  if (range.dataset.form === "number") return String(number);
  if (range.dataset.form === "money") return String(Math.round(number * Number(form.dataset.factor) * 1e6) / 1e6);
  if (range.dataset.form === "quarter") return form.dataset.quarter.replace("#year", Math.floor(number / 4)).replace("#quarter", (number % 4) + 1);
  return form.dataset.percent.replace("#", String(Math.round(number * 1000) / 10));
}

function showPosition(range) {
  const slider = range.closest(".slider");
  const together = ranges.filter((other) => other.dataset.together === range.dataset.together);
  const untouched = range.dataset.unmoved !== "" && !together.some((other) => moved.has(other.name));
  slider.classList.toggle("moved", moved.has(range.name));
  slider.querySelector(".back").hidden = !moved.has(range.name);
  slider.querySelector("output").textContent = untouched ? range.dataset.unmoved : written(range);
  range.setAttribute("aria-valuetext", slider.querySelector("output").textContent);
}

function say(text, wrong) {
  message.textContent = text;
  message.classList.toggle("wrong", wrong);
}

async function ask() {
  const positions = Object.fromEntries(ranges.filter((range) => moved.has(range.name)).map((range) => [range.name, Number(range.value)]));
  const headers = { "Content-Type": "application/json" };
  const answer = await fetch("/trial", { method: "POST", headers, body: JSON.stringify(positions) });
  const told = await answer.json();
  if (!answer.ok) return say(told.message, true);
  document.getElementById("trial").innerHTML = told.html;
  document.body.dataset.asked = String(Number(document.body.dataset.asked || 0) + 1);
  return say(form.dataset.done.replace("#", told.milliseconds), false);
}

async function refresh() {
  stale = true;
  if (asking) return;
  asking = true;
  say(form.dataset.working, false);
  while (stale) {
    stale = false;
    try {
      await ask();
    } catch {
      say(form.dataset.unreached, true);
    }
  }
  asking = false;
}

form.addEventListener("input", (event) => {
  moved.add(event.target.name);
  for (const range of ranges) showPosition(range);
  refresh();
});
form.addEventListener("click", (event) => {
  if (!event.target.matches(".back")) return;
  const range = event.target.closest(".slider").querySelector("input");
  range.value = range.defaultValue;
  moved.delete(range.name);
  for (const other of ranges) showPosition(other);
  range.focus();
  refresh();
});
form.addEventListener("reset", () => {
  moved.clear();
  setTimeout(() => { for (const range of ranges) showPosition(range); refresh(); });
});
form.addEventListener("submit", (event) => event.preventDefault());
document.getElementById("trial").addEventListener("click", (event) => {
  if (!event.target.matches(".save")) return;
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([document.getElementById("file").textContent], { type: "application/yaml" }));
  link.download = event.target.dataset.name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
});
for (const range of ranges) showPosition(range);
root.classList.add("scripted");
