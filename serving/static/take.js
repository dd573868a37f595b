// Take a result along: the picture with its boxes and a key, saved, copied or shared.

import { colour } from "./charts.js";
import { save } from "./save.js";
import { say } from "./status.js";

const WORDS = 1 / 46; // of the longer side
const LEAST_WORDS_PX = 13;
const FONT = "system-ui, sans-serif";
const PAPER = "#ffffff";
const INK = "#14110d";

function load(href) {
  const image = new Image();
  image.src = href;
  return image.decode().then(() => image);
}

function facesOf(result) {
  return [...result.querySelectorAll(".row")].map((row) => {
    const box = result.querySelector(`#box-${row.dataset.face} .box`);
    const index = row.className.match(/label-(\d+)/)[1];
    return {
      box: box && ["x", "y", "width", "height"].map((name) => Number(box.getAttribute(name))),
      sure: row.classList.contains("sure"),
      number: row.dataset.face,
      label: result.dataset.labels.split(",")[index],
      headline: row.querySelector(".headline").textContent.split("·").at(-1).trim(),
      percent: row.querySelector(".percent").textContent,
      fill: colour(`--saved-label-${index}`),
      ink: colour(`--saved-ink-${index}`),
    };
  });
}

function drawFace(context, face, { size_px, line_px, scale }) {
  const [x, y, wide, high] = face.box.map((value) => value * scale);
  context.setLineDash([]);
  context.lineWidth = line_px + 2;
  context.strokeStyle = PAPER;
  context.strokeRect(x, y, wide, high);
  context.setLineDash(face.sure ? [] : [4 * line_px, 3 * line_px]);
  context.lineWidth = line_px;
  context.strokeStyle = face.fill;
  context.strokeRect(x, y, wide, high);
  const full = `${face.number} ${face.label}${face.sure ? "" : "?"}`;
  const words = context.measureText(full).width + size_px / 2 <= wide ? full : face.number;
  const width = context.measureText(words).width + size_px / 2;
  const left = Math.max(0, Math.min(x, context.canvas.width - width));
  const top = Math.max(0, Math.min(y + high, context.photoHeight - 1.3 * size_px));
  context.fillStyle = face.fill;
  context.fillRect(left, top, width, 1.3 * size_px);
  context.fillStyle = face.ink;
  context.fillText(words, left + size_px / 4, top + size_px);
}

function drawKey(context, faces, { size_px, columns, rows }) {
  const wide = context.canvas.width / columns;
  for (const [index, face] of faces.entries()) {
    const left = Math.floor(index / rows) * wide + size_px / 2;
    const top = context.photoHeight + ((index % rows) + 0.4) * 1.6 * size_px;
    context.fillStyle = face.fill;
    context.fillRect(left, top, size_px, size_px);
    context.fillStyle = INK;
    context.fillText(`${face.number}  ${face.headline}  ${face.percent}`, left + 1.6 * size_px, top + 0.85 * size_px, wide - 2.2 * size_px);
  }
}

// Draw the picture with every face marked, and a key below it that names them all.
async function annotated() {
  const result = document.getElementById("result");
  const photo = await load(document.getElementById("photo").getAttribute("href"));
  const faces = facesOf(result);
  const canvas = document.createElement("canvas");
  const size_px = Math.max(LEAST_WORDS_PX, WORDS * Math.max(photo.naturalWidth, photo.naturalHeight));
  const columns = Math.max(1, Math.min(faces.length, Math.floor(photo.naturalWidth / (17 * size_px))));
  const rows = Math.ceil(faces.length / columns);
  canvas.width = photo.naturalWidth;
  canvas.height = photo.naturalHeight + (rows + 0.6) * 1.6 * size_px;
  const context = canvas.getContext("2d");
  context.photoHeight = photo.naturalHeight;
  context.font = `600 ${size_px}px ${FONT}`;
  context.fillStyle = PAPER;
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.drawImage(photo, 0, 0);
  const look = { size_px, line_px: Math.max(2, size_px / 7), scale: photo.naturalWidth / Number(result.dataset.width) };
  for (const face of faces.filter(({ box }) => box)) drawFace(context, face, look);
  drawKey(context, faces, { size_px, columns, rows });
  return canvas;
}

async function toBlob(type, quality) {
  const canvas = await annotated();
  return new Promise((resolve, reject) => {
    canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error("This browser cannot draw it."))), type, quality);
  });
}

async function savePicture() {
  const { stem } = document.getElementById("result").dataset;
  save(await toBlob("image/jpeg", 0.92), `${stem}.jpg`);
}

async function copy() {
  await navigator.clipboard.write([new ClipboardItem({ "image/png": toBlob("image/png") })]);
  say("The picture is on the clipboard.", { shown: true });
}

async function share() {
  const { stem, title } = document.getElementById("result").dataset;
  const file = new File([await toBlob("image/jpeg", 0.9)], `${stem}.jpg`, { type: "image/jpeg" });
  await navigator.share({ files: [file], title });
}

// Take the picture along in one of these ways, and say so where that fails.
async function take(act, done) {
  try {
    await act();
  } catch (error) {
    // A person changed their mind.
    if (error.name !== "AbortError") say(`The picture could not be ${done}: ${error.message}`, { bad: true });
  }
}

const canShare = Boolean(navigator.canShare?.({ files: [new File([""], "a.jpg", { type: "image/jpeg" })] }));
const canCopy = Boolean(navigator.clipboard?.write && globalThis.ClipboardItem);

// Show the buttons for what this browser can do.
export function offerToTake() {
  const hasFaces = document.querySelector("#result .row") !== null;
  for (const [name, can] of [["share", canShare], ["copy", canCopy], ["save", true]]) {
    for (const button of document.querySelectorAll(`[data-${name}]`)) button.hidden = !(can && hasFaces);
  }
}

document.addEventListener("click", ({ target }) => {
  if (target.closest("[data-save]")) take(savePicture, "saved");
  else if (target.closest("[data-copy]")) take(copy, "copied");
  else if (target.closest("[data-share]")) take(share, "shared");
});
