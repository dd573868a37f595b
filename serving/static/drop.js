// Pictures that are dropped anywhere on the window, or pasted.

import { say } from "./status.js";

const TEXT = "That is text, not a picture. Copy the image itself, then paste.";
let veil = null;
let inside = 0;

function showVeil(isOn) {
  if (!isOn) veil?.remove();
  else if (!veil?.isConnected) {
    veil = Object.assign(document.createElement("div"), { className: "veil", textContent: "Drop to read the faces" });
    document.body.append(veil);
  }
}

export function takeDropped(take) {
  document.addEventListener("dragenter", (event) => {
    event.preventDefault();
    inside += 1;
    showVeil(event.dataTransfer?.types.includes("Files"));
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
    const files = [...event.dataTransfer.files];
    if (files.length) take(files);
    else say("That is text, not a picture. Save the image, then drop its file.", { bad: true });
  });
  document.addEventListener("paste", (event) => {
    if (event.target.matches?.("input, textarea")) return;
    const files = [...event.clipboardData.files];
    if (files.length) take(files);
    else say(TEXT, { bad: true });
  });
}
