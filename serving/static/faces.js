// What belongs to one face: its box, its card, its bars, and what mattered for it.

import { emphasize } from "./charts.js";
import { rest } from "./rest.js";
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
  const area = form.querySelector(".answer");
  const button = form.querySelector("button");
  rest(button, true);
  area.textContent = "Looking at each place of the face…";
  try {
    const answer = await fetch(form.action, { method: "POST", body: new FormData(form) });
    if (!answer.ok) throw new Error((await answer.json()).detail);
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    area.replaceChildren(document.adoptNode(page.querySelector(".heat-map")));
  } catch (error) {
    area.textContent = "";
    say(`What mattered could not be drawn. ${error.message}`, { bad: true });
  }
  rest(button, false);
}

document.addEventListener("submit", (event) => {
  if (!event.target.matches(".what-mattered")) return;
  event.preventDefault();
  showWhatMattered(event.target);
});
