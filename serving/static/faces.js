// What belongs to one face: its box, its card, its bars, and what mattered for it.

import { emphasize } from "./charts.js";
import { say } from "./status.js";

function choose(number) {
  for (const element of document.querySelectorAll("[data-face]")) {
    element.classList.toggle("chosen", element.dataset.face === number);
  }
  emphasize(Number(number));
}

for (const kind of ["pointerover", "focusin"]) {
  document.addEventListener(kind, (event) => {
    const element = event.target.closest("[data-face]");
    if (element && !element.classList.contains("chosen")) choose(element.dataset.face);
  });
}

async function showWhatMattered(form) {
  const figure = form.querySelector("figure");
  const button = form.querySelector("button");
  button.disabled = true;
  figure.hidden = false;
  try {
    const answer = await fetch(form.action, { method: "POST", body: new FormData(form) });
    if (!answer.ok) throw new Error((await answer.json()).detail);
    const image = figure.querySelector("img");
    image.src = URL.createObjectURL(await answer.blob());
    image.addEventListener("load", () => URL.revokeObjectURL(image.src), { once: true });
    button.hidden = true;
  } catch (error) {
    figure.hidden = true;
    button.disabled = false;
    say(`What mattered could not be drawn. ${error.message}`, { bad: true });
  }
}

document.addEventListener("submit", (event) => {
  if (!event.target.matches(".what-mattered")) return;
  event.preventDefault();
  showWhatMattered(event.target);
});
