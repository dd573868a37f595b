// Pictures that are dropped anywhere on the window, also in folders, or pasted.

import { say } from "./status.js";

const TEXT = "That is text, not a picture. Copy the image itself, then paste.";
const PICTURE = /^image\/|\.(heic|heif|avif|jxl|tiff?)$/i; // by its type, or where systems know none, its name
const MOST_FILES = 1000; // that are looked at in folders
let veil = null;
let inside = 0;
let isOwn = false; // something of the page itself is dragged

function showVeil(isOn) {
  if (!isOn) veil?.remove();
  else if (!veil?.isConnected) {
    veil = Object.assign(document.createElement("div"), { className: "veil", textContent: "Drop to read the faces" });
    document.body.append(veil);
  }
}

const asked = (ask) => new Promise((resolve, reject) => ask(resolve, reject));

// List the pictures in a folder and those within it.
async function picturesIn(folder, found = []) {
  const reader = folder.createReader();
  for (;;) {
    const entries = await asked((...answers) => reader.readEntries(...answers));
    if (entries.length === 0) return found;
    for (const entry of entries) {
      if (found.length === MOST_FILES) return found;
      if (entry.isDirectory) await picturesIn(entry, found);
      else {
        const file = await asked((...answers) => entry.file(...answers));
        if (PICTURE.test(file.type) || PICTURE.test(file.name)) found.push(file);
      }
    }
  }
}

// Resolves to the files that were dropped, with the pictures in folders among them.
async function droppedFiles({ items, files }) {
  const entries = [...items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
  const folders = entries.filter(({ isDirectory }) => isDirectory);
  if (folders.length === 0) return [...files];
  const names = new Set(folders.map(({ name }) => name));
  const found = [...files].filter(({ name }) => !names.has(name));
  for (const folder of folders) await picturesIn(folder, found);
  return found;
}

async function takeDrop(transfer, take) {
  if (transfer.files.length === 0) {
    say("That is text, not a picture. Save the image, then drop its file.", { bad: true });
    return;
  }
  const [{ name }] = transfer.files;
  const files = await droppedFiles(transfer).catch(() => []);
  if (files.length) take(files);
  else say(`There is no picture in ${name} that can be read.`, { bad: true });
}

export function takeDropped(take) {
  document.addEventListener("dragstart", () => {
    isOwn = true;
  });
  document.addEventListener("dragend", () => {
    isOwn = false;
  });
  document.addEventListener("dragenter", (event) => {
    event.preventDefault();
    inside += 1;
    showVeil(!isOwn && event.dataTransfer?.types.includes("Files"));
  });
  document.addEventListener("dragover", (event) => event.preventDefault());
  document.addEventListener("dragleave", () => {
    inside -= 1;
    if (inside <= 0) showVeil(false);
  });
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    inside = 0;
    showVeil(false);
    if (!isOwn) takeDrop(event.dataTransfer, take);
  });
  document.addEventListener("paste", (event) => {
    if (event.target.matches?.("input, textarea")) return;
    const files = [...event.clipboardData.files];
    if (files.length) take(files);
    else say(TEXT, { bad: true });
  });
}
