// Boxes and bars over the live picture, which is shown as in a mirror.

import { Layout } from "./layout.js";
import { levelOf, percent } from "./words.js";

const SVG = "http://www.w3.org/2000/svg";
const RULED_PX = 100; // the size at which words are measured

function make(name, attributes, ...children) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
}

// Where a box is in the mirror.
export const mirrored = ({ left, top, width, height }, { isMirrored, width: whole }) => ({ left: isMirrored ? whole - left - width : left, top, width, height });

// The rectangles of the bars within their place; beside a face they begin at the face.
function barsOf(probabilities, { rect: { left, top, width, height }, side }) {
  const step = height / probabilities.length;
  return probabilities.map((probability, index) => {
    const wide = probability * width;
    return { x: side === "left" ? left + width - wide : left, y: top + index * step, width: wide, height: step * 0.8 };
  });
}

// What stands beside a box; a question mark says that it is not sure.
function wordOf({ number, index, probabilities }, spec) {
  const isSure = levelOf(probabilities[index], spec) === "sure";
  return `${number} ${spec.labels[index]}${isSure ? "" : "?"} ${percent(probabilities[index])}`;
}

function markOf({ track, box, word, tag, bars }, spec) {
  const { left, top, width, height } = box;
  const rectangle = { x: left, y: top, width, height, rx: width / 16 };
  const drawn = bars ? barsOf(track.probabilities, bars) : [];
  return make(
    "g",
    { class: `face label-${track.index} ${levelOf(track.probabilities[track.index], spec)}`, "data-face": track.number },
    make("rect", { class: "halo", ...rectangle }),
    make("rect", { class: "box", ...rectangle }),
    make("g", { class: "bars" }, ...drawn.map((each, index) => make("rect", { class: `label-${index}`, ...each }))),
    make("text", { class: "tag", x: tag.x, y: tag.y, "font-size": tag.em }, word),
  );
}

export class Overlay {
  #svg;
  #family;
  #ruler = document.createElement("canvas").getContext("2d");
  #layout = new Layout();
  #marks = [];

  constructor(svg) {
    this.#svg = svg;
    this.#family = getComputedStyle(svg).getPropertyValue("--sans") || "sans-serif";
    this.#ruler.font = `700 ${RULED_PX}px ${this.#family}`;
  }

  // Draw the faces of a frame; `view` is { width, height, isMirrored } of the video.
  draw(tracks, spec, view) {
    const faces = tracks.map((track) => {
      const word = wordOf(track, spec);
      return { track, word, number: track.number, box: mirrored(track.box, view), word_em: this.#ruler.measureText(word).width / RULED_PX };
    });
    this.#marks = this.#layout.place(faces, view);
    this.#svg.setAttribute("viewBox", `0 0 ${view.width} ${view.height}`);
    this.#svg.replaceChildren(...this.#marks.map((mark) => markOf(mark, spec)));
  }

  clear() {
    this.#marks = [];
    this.#svg.replaceChildren();
  }

  // A picture of what is seen, as a JPEG.
  snapshot(video, { view, colourOf }) {
    const canvas = Object.assign(document.createElement("canvas"), { width: view.width, height: view.height });
    const context = canvas.getContext("2d");
    context.save();
    if (view.isMirrored) context.setTransform(-1, 0, 0, 1, view.width, 0);
    context.drawImage(video, 0, 0, view.width, view.height);
    context.restore();
    context.lineWidth = Math.max(2, view.width / 200);
    for (const { track, box, word, tag, bars } of this.#marks) {
      const { fill, ink } = colourOf(track.index);
      context.strokeStyle = context.fillStyle = fill;
      context.strokeRect(box.left, box.top, box.width, box.height);
      context.fillRect(tag.rect.left, tag.rect.top, tag.rect.width, tag.rect.height);
      context.fillStyle = ink;
      context.font = `700 ${tag.em}px ${this.#family}`;
      context.fillText(word, tag.x, tag.y);
      for (const [index, { x, y, width, height }] of (bars ? barsOf(track.probabilities, bars) : []).entries()) {
        context.fillStyle = colourOf(index).fill;
        context.fillRect(x, y, width, height);
      }
    }
    return new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", 0.92));
  }
}
