// Why an answer: what spoke for and against each label, over the face in its own colours.

import { rest } from "./rest.js";
import { reasonOf, say } from "./status.js";

const SVG = "http://www.w3.org/2000/svg";
let shown = 0;

// The face straightened as the chip is, out of the picture itself.
function straightened(form, { size = 48 } = {}) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", `0 0 ${size} ${size}`);
  svg.setAttribute("class", "face-under in-colour");
  svg.ariaHidden = true;
  const use = document.createElementNS(SVG, "use");
  use.setAttribute("href", "#photo");
  use.setAttribute("transform", form.dataset.matrix);
  svg.append(use);
  return svg;
}

function prepare(reasons, form) {
  shown += 1;
  for (const input of reasons.querySelectorAll("[name=reason]")) {
    const label = reasons.querySelector(`label[for="${input.id}"]`);
    input.name += `-${shown}`;
    input.id += `-${shown}`;
    label.htmlFor = input.id;
  }
  const colour = reasons.querySelector(".over-colour");
  const hasPhoto = document.getElementById("photo").hasAttribute("href");
  colour.hidden = !hasPhoto;
  if (!hasPhoto) return;
  for (const layers of reasons.querySelectorAll(".layers")) layers.firstElementChild.after(straightened(form));
  colour.addEventListener("change", () => {
    for (const each of reasons.querySelectorAll(".in-colour")) each.toggleAttribute("hidden", !colour.querySelector("input").checked);
    for (const each of reasons.querySelectorAll("img.face-under")) each.hidden = colour.querySelector("input").checked;
  });
  for (const each of reasons.querySelectorAll("img.face-under")) each.hidden = true;
}

async function showWhy(form) {
  const area = form.querySelector(".reason");
  const button = form.querySelector("button");
  rest(button, true);
  area.textContent = "Looking at each spot of the face…";
  const data = new FormData(form);
  data.set("chip", form.closest(".row").querySelector(".chip").src);
  try {
    const answer = await fetch(form.action, { method: "POST", body: data });
    if (!answer.ok) throw new Error((await answer.json()).detail);
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const reasons = document.adoptNode(page.querySelector(".reasons"));
    prepare(reasons, form);
    area.replaceChildren(reasons);
  } catch (error) {
    area.textContent = "";
    say(`The reasons could not be shown. ${reasonOf(error)}`, { bad: true });
  }
  rest(button, false);
}

document.addEventListener("submit", (event) => {
  if (!event.target.matches(".why")) return;
  event.preventDefault();
  showWhy(event.target);
});
