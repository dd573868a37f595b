// Boxes and bars over the live picture, which is shown as in a mirror.

import { levelOf, percent } from "./words.js";

const SVG = "http://www.w3.org/2000/svg";

function make(name, attributes, ...children) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
}

// Where a box is in the mirror.
export const mirrored = ({ left, top, width, height }, { isMirrored, width: whole }) => ({ left: isMirrored ? whole - left - width : left, top, width, height });

function bars(shares, { x, y, wide, high, anchor }) {
  const step = high / shares.length;
  return shares.map((share, index) => {
    const width = share * wide;
    return make("rect", { class: `label-${index}`, x: anchor === "end" ? x - width : x, y: y + index * step, width, height: step * 0.8 });
  });
}

// What stands below a box; a question mark says that it is not sure.
function wordOf({ number, index, shares }, spec) {
  const isSure = levelOf(shares[index], spec) === "sure";
  return `${number} ${spec.labels[index]}${isSure ? "" : "?"} ${percent(shares[index])}`;
}

function mark(track, spec, view) {
  const { left, top, width, height } = mirrored(track.box, view);
  const unit = view.width / 100;
  const wide = Math.min(width, 20 * unit);
  // Beside the box, where there is room.
  const isLeft = left + width + unit + wide > view.width;
  const place = { x: isLeft ? left - unit : left + width + unit, y: top, wide, high: Math.min(height, 20 * unit), anchor: isLeft ? "end" : "start" };
  const rectangle = { x: left, y: top, width, height, rx: width / 16 };
  return make(
    "g",
    { class: `face label-${track.index} ${levelOf(track.shares[track.index], spec)}`, "data-face": track.number },
    make("rect", { class: "halo", ...rectangle }),
    make("rect", { class: "box", ...rectangle }),
    make("g", { class: "bars" }, ...bars(track.shares, place)),
    make("text", { class: "tag", x: Math.max(left, unit), y: Math.min(top + height + 4.2 * unit, view.height - unit), "font-size": 3.2 * unit }, wordOf(track, spec)),
  );
}

// Draw the faces of a frame; `view` is { width, height, isMirrored } of the video.
export function drawFaces(svg, tracks, spec, view) {
  svg.setAttribute("viewBox", `0 0 ${view.width} ${view.height}`);
  svg.replaceChildren(...tracks.map((track) => mark(track, spec, view)));
}

// A picture of what is seen, as a JPEG.
export function snapshot(video, tracks, spec, { view, colourOf }) {
  const canvas = Object.assign(document.createElement("canvas"), { width: view.width, height: view.height });
  const context = canvas.getContext("2d");
  context.save();
  if (view.isMirrored) context.setTransform(-1, 0, 0, 1, view.width, 0);
  context.drawImage(video, 0, 0, view.width, view.height);
  context.restore();
  const unit = view.width / 100;
  context.lineWidth = Math.max(2, unit / 2);
  context.font = `600 ${3.2 * unit}px system-ui, sans-serif`;
  for (const track of tracks) {
    const { left, top, width, height } = mirrored(track.box, view);
    const { fill, ink } = colourOf(track.index);
    const word = wordOf(track, spec);
    context.strokeStyle = context.fillStyle = fill;
    context.strokeRect(left, top, width, height);
    context.fillRect(left, top + height, context.measureText(word).width + unit, 4.2 * unit);
    context.fillStyle = ink;
    context.fillText(word, left + unit / 2, top + height + 3.2 * unit);
  }
  return new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", 0.92));
}
