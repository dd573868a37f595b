// The page works without scripts; this adds dropping, pasting, progress, and keeps the last result.

import { offerCamera } from "./camera.js";
import { drawCharts, loadPlotly, removeCharts } from "./charts.js";
import "./faces.js";
import { say } from "./status.js";

const form = document.getElementById("upload");
const input = document.getElementById("image");
const progress = document.getElementById("progress");
let shownFile = null;
let sending = null;

function show(html) {
  const fresh = new DOMParser().parseFromString(html, "text/html").getElementById("result");
  if (!fresh) throw new Error("no result in the answer");
  const problem = fresh.querySelector(".problem");
  if (problem) {
    const [title, detail] = problem.children;
    say(`${title.textContent}. ${detail.textContent}`, { bad: true });
    return;
  }
  for (const table of fresh.querySelectorAll(".numbers")) table.open = false;
  removeCharts();
  document.getElementById("result").replaceWith(document.adoptNode(fresh));
  drawCharts();
  const faces = fresh.querySelectorAll(".faces .card").length;
  say(faces === 0 ? "No face found." : faces === 1 ? "One face found." : `${faces} faces found.`);
  fresh.scrollIntoView({ block: "nearest" });
}

function setBusy(busy) {
  progress.hidden = !busy;
  for (const button of form.querySelectorAll("button")) button.disabled = busy;
  document.getElementById("result").classList.toggle("waiting", busy);
}

function send(data) {
  // The last picture sent is the one that is shown.
  sending?.abort();
  const request = new XMLHttpRequest();
  sending = request;
  setBusy(true);
  progress.value = 0;
  say("Uploading…");
  request.upload.addEventListener("progress", (event) => {
    if (event.lengthComputable) progress.value = event.loaded / event.total;
  });
  request.upload.addEventListener("load", () => {
    progress.removeAttribute("value");
    say("Looking for faces…");
  });
  request.addEventListener("load", () => {
    setBusy(false);
    try {
      show(request.responseText);
    } catch {
      say("The server's answer could not be read. Please try again.", { bad: true });
    }
  });
  request.addEventListener("error", () => {
    setBusy(false);
    say("The server could not be reached. Please try again.", { bad: true });
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
  shownFile = file;
  const data = new FormData(form);
  data.set("image", file);
  send(data);
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  if (event.submitter.name === "sample") {
    const data = new FormData(form, event.submitter);
    data.delete("image");
    shownFile = null;
    send(data);
  } else if (input.files.length) {
    sendFile(input.files[0]);
  } else {
    say("Choose a picture first.", { bad: true });
  }
});

input.addEventListener("change", () => {
  if (input.files.length) sendFile(input.files[0]);
});

form.elements.crop.addEventListener("change", () => {
  if (shownFile) sendFile(shownFile);
});

for (const kind of ["dragenter", "dragover", "dragleave", "drop"]) {
  document.addEventListener(kind, (event) => {
    event.preventDefault();
    form.classList.toggle("over", kind === "dragenter" || kind === "dragover");
  });
}
document.addEventListener("drop", (event) => {
  const file = event.dataTransfer.files[0];
  if (file) sendFile(file);
});
document.addEventListener("paste", (event) => {
  const file = [...event.clipboardData.files].find((each) => each.type.startsWith("image/"));
  if (file) sendFile(file);
});

offerCamera(sendFile);
