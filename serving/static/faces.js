// What belongs to one face: its box on the picture and its row in the list.

import { enlarge } from "./enlarge.js";
import { faceAt, placeTag } from "./marks.js";

const TURN_MS = 300;
const isStill = matchMedia("(prefers-reduced-motion: reduce)");

function choose(number) {
  for (const element of document.querySelectorAll("#result [data-face]")) {
    element.classList.toggle("chosen", element.dataset.face === number);
    // A tag with its word needs another place near the picture's edge.
    if (element.matches(".face")) placeTag(element);
  }
}

for (const kind of ["pointerover", "focusin"]) {
  document.addEventListener(kind, (event) => {
    const element = event.target.closest("#result [data-face]");
    if (element && !element.classList.contains("chosen")) choose(element.dataset.face);
  });
}

// Open the row of a face where one sees it; the picture stays where it is.
function open(face) {
  const row = document.getElementById(`face-${face.dataset.face}`);
  if (row.classList.contains("filtered")) filter(null);
  choose(face.dataset.face);
  row.open = true;
  // When the row before has closed, and this one has its height.
  requestAnimationFrame(() => row.scrollIntoView({ block: "nearest" }));
  return row;
}

document.addEventListener("click", (event) => {
  const scene = event.target.closest(".scene");
  if (!scene) return;
  const face = event.target.closest(".face") ?? faceAt(scene, event);
  if (!face) {
    enlarge();
    return;
  }
  event.preventDefault();
  const row = open(face);
  // A key has no place on the screen.
  if (event.detail === 0) row.querySelector("summary").focus({ preventScroll: true });
});

// The chip turns into its place as the picture was turned for it.
document.addEventListener("toggle", (event) => {
  if (!event.target.matches(".row[open]") || isStill.matches) return;
  const chip = event.target.querySelector(".chip");
  chip.animate([{ transform: `rotate(${chip.dataset.tilt}deg)` }, { transform: "none" }], { duration: TURN_MS, easing: "ease-out" });
}, { capture: true });

document.addEventListener("keydown", (event) => {
  const step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
  if (!step || !event.target.matches(".row > summary")) return;
  const heads = [...document.querySelectorAll(".row:not(.filtered) > summary")];
  const next = heads[heads.indexOf(event.target) + step];
  if (!next) return;
  event.preventDefault();
  next.focus();
});

// Show the faces of one group only, by its chip in the summary; with null all.
function filter(chosen) {
  const isLeftOut = ({ dataset }) => chosen !== null && dataset.group !== chosen.dataset.filter;
  for (const chip of document.querySelectorAll("[data-filter]")) chip.ariaPressed = chip === chosen;
  for (const row of document.querySelectorAll(".row")) row.classList.toggle("filtered", isLeftOut(row));
  for (const face of document.querySelectorAll(".scene .face")) face.classList.toggle("dimmed", isLeftOut(face));
}

document.addEventListener("click", (event) => {
  const chip = event.target.closest("[data-filter]");
  if (chip) filter(chip.ariaPressed === "true" ? null : chip);
});
