// The page works without scripts; this adds dropping, pasting, progress, and keeps the last result.

import { offerCamera } from "./camera.js";
import { drawCharts, loadPlotly, removeCharts } from "./charts.js";
import "./faces.js";
import { rest } from "./rest.js";
import { say, sayAndOffer, sayAndOfferToCancel } from "./status.js";

const form = document.getElementById("upload");
const input = document.getElementById("image");
const progress = document.getElementById("progress");
// What a person set beside a picture holds for the next one too.
const switches = new Map();
// A picture is { file }, or {} for the sample.
let shown = null;
let inFlight = null;
let sending = null;

function inWords(count, found) {
  if (count < found) return `Showing ${count} of ${found} faces, the largest.`;
  if (found < 2) return found ? "One face found." : "No face found.";
  return `${found} faces found.`;
}

// Show what the server answered; return what it says went wrong.
function show(html) {
  const fresh = new DOMParser().parseFromString(html, "text/html").getElementById("result");
  if (!fresh) throw new Error("no result in the answer");
  const problem = fresh.querySelector(".problem");
  if (problem) return Array.from(problem.children, (each) => each.textContent).join(". ");
  for (const table of fresh.querySelectorAll(".numbers")) table.open = false;
  for (const [id, checked] of switches) {
    const box = fresh.querySelector(`#${id}`);
    if (box) box.checked = checked;
  }
  removeCharts();
  const last = document.getElementById("result");
  const hadFocus = last.contains(document.activeElement);
  last.replaceWith(document.adoptNode(fresh));
  if (hadFocus) fresh.focus({ preventScroll: true });
  const faces = fresh.querySelectorAll(".faces .card").length;
  const found = inWords(faces, Number(fresh.querySelector(".faces").dataset.found));
  say(found);
  drawCharts().then((drawn) => {
    if (!drawn) say(`${found} The charts could not be loaded; the tables show the same.`);
  });
  fresh.scrollIntoView({ block: "nearest" });
  return "";
}

function setBusy(busy) {
  progress.hidden = !busy;
  for (const button of form.querySelectorAll("button")) rest(button, busy);
  document.getElementById("result").classList.toggle("waiting", busy);
}

function cancel() {
  sending.abort();
  inFlight = null;
  setBusy(false);
  say("Cancelled.");
}

function send(picture) {
  const { file } = picture;
  const data = new FormData(form);
  if (file) data.set("image", file);
  else {
    data.delete("image");
    data.set("sample", "1");
  }
  // The last picture sent is the one that is shown.
  sending?.abort();
  const request = new XMLHttpRequest();
  sending = request;
  inFlight = picture;
  setBusy(true);
  progress.value = 0;
  sayAndOfferToCancel("Uploading…", cancel);
  request.upload.addEventListener("progress", (event) => {
    if (event.lengthComputable) progress.value = event.loaded / event.total;
  });
  request.upload.addEventListener("load", () => {
    progress.removeAttribute("value");
    sayAndOfferToCancel("Looking for faces…", cancel);
  });
  const fail = (text, { wait_s = 0 } = {}) => sayAndOffer(text, () => send(picture), { wait_s });
  request.addEventListener("load", () => {
    inFlight = null;
    setBusy(false);
    try {
      const problem = show(request.responseText);
      if (!problem) shown = picture;
      else if (request.status === 429 || request.status >= 500) {
        fail(problem, { wait_s: Number(request.getResponseHeader("Retry-After")) });
      } else say(problem, { bad: true });
    } catch {
      fail("The server's answer could not be read.");
    }
  });
  request.addEventListener("error", () => {
    inFlight = null;
    setBusy(false);
    fail("The server could not be reached.");
  });
  request.open("POST", form.action);
  request.send(data);
  loadPlotly();
}

function sendFile(file) {
  const maxMb = Number(form.dataset.maxMb);
  if (file.size > maxMb * 1e6) {
    say(`Too large. A picture may have at most ${maxMb} MB.`, { bad: true });
    return;
  }
  send({ file });
}

// Where a picture came by another way than the input, that shall not name the one before.
function takeFile(file) {
  const files = new DataTransfer();
  files.items.add(file);
  input.files = files.files;
  sendFile(file);
}

function sendSample() {
  input.value = "";
  send({});
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  if (event.submitter.name === "sample") sendSample();
  else if (input.files.length) sendFile(input.files[0]);
  else say("Choose a picture first.", { bad: true });
});

// To choose the same file again is no change, unless it is forgotten before.
input.addEventListener("click", () => {
  input.value = "";
});
input.addEventListener("change", () => {
  if (input.files.length) sendFile(input.files[0]);
});

form.elements.crop.addEventListener("change", () => {
  const last = inFlight ?? shown;
  if (last) send(last);
});

document.addEventListener("change", (event) => {
  if (event.target.closest("#result")) switches.set(event.target.id, event.target.checked);
});

for (const kind of ["dragenter", "dragover", "dragleave", "drop"]) {
  document.addEventListener(kind, (event) => {
    event.preventDefault();
    form.classList.toggle("over", kind === "dragenter" || kind === "dragover");
  });
}
document.addEventListener("drop", (event) => {
  const file = event.dataTransfer.files[0];
  if (file) takeFile(file);
  else say("That was no picture but perhaps its address. Save the picture, then drop its file.", { bad: true });
});
document.addEventListener("paste", (event) => {
  const file = [...event.clipboardData.files].find((each) => each.type.startsWith("image/"));
  if (file) takeFile(file);
  else say("That was no picture but perhaps its address. Copy the picture itself, then paste it.", { bad: true });
});

offerCamera(takeFile);
// Chosen before this script was there.
if (input.files.length) sendFile(input.files[0]);
