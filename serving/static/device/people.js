// The list of the faces in sight: number, word, and the odds as a strip of colours.

import { percent } from "./words.js";

const SVG = "http://www.w3.org/2000/svg";

function makeRow(number, labels) {
  const row = document.createElement("li");
  row.dataset.face = number;
  const name = Object.assign(document.createElement("span"), { className: "name" });
  const strip = document.createElementNS(SVG, "svg");
  strip.setAttribute("class", "strip");
  strip.setAttribute("viewBox", "0 0 100 10");
  strip.setAttribute("preserveAspectRatio", "none");
  strip.setAttribute("aria-hidden", "true");
  for (const index of labels.keys()) {
    const rectangle = document.createElementNS(SVG, "rect");
    rectangle.setAttribute("class", `label-${index}`);
    rectangle.setAttribute("height", "10");
    strip.append(rectangle);
  }
  const percentage = Object.assign(document.createElement("span"), { className: "percent" });
  row.append(name, strip, percentage);
  return row;
}

function fill(row, { number, index, probabilities }, labels) {
  row.querySelector(".name").textContent = `${number} · ${labels[index]}`;
  row.querySelector(".percent").textContent = percent(probabilities[index]);
  let x = 0;
  for (const [at, rectangle] of [...row.querySelectorAll("rect")].entries()) {
    rectangle.setAttribute("x", x.toFixed(1));
    rectangle.setAttribute("width", (100 * probabilities[at]).toFixed(1));
    x += 100 * probabilities[at];
  }
}

// Show a row for each face; rows of faces that stay are kept, so that nothing flickers.
export function showPeople(list, tracks, labels) {
  const rows = new Map([...list.children].map((row) => [Number(row.dataset.face), row]));
  const wanted = tracks.map(({ number }) => rows.get(number) ?? makeRow(number, labels));
  if (wanted.length !== list.children.length || wanted.some((row, index) => list.children[index] !== row)) list.replaceChildren(...wanted);
  for (const [index, track] of tracks.entries()) fill(wanted[index], track, labels);
}
