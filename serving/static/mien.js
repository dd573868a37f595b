// The page works without scripts; this brings what is on the screen at once, and keeps results.

import { readPictures, restorePictures } from "./batch.js";
import { offerCamera } from "./camera.js";
import { loadPlotly } from "./charts.js";
import { takeDropped } from "./drop.js";
import "./faces.js";
import { fileOf, openPicture } from "./picture.js";
import { show, showHome, shown } from "./result.js";
import { cancel, isSending, read, readFile, readSample } from "./send.js";
import { say, sayAndOffer } from "./status.js";
import { keepOn, kept, lastKept } from "./store.js";
import "./take.js";
import "./why.js";

const form = document.getElementById("upload");
const input = document.getElementById("image");
const snap = document.getElementById("snap");
const crop = document.getElementById("crop");
input.multiple = true;

// Each picture is taken for a whole one, until one says otherwise of it.
function take(files) {
  const isCrop = crop.checked && !document.querySelector("main.answered");
  crop.checked = false;
  if (files.length === 1) readPictures.leave(), readFile(files[0], { crop: isCrop });
  else if (files.length > 1) readPictures(files);
}

async function restore({ html, photo, note, options, name }, { isKept = false } = {}) {
  const picture = photo ? await openPicture(fileOf(photo, name || "picture.jpg")) : null;
  show(html, { photo, picture, options, note, isKept });
  restorePictures();
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  if (event.submitter?.name === "sample") {
    document.getElementById("samples").hidePopover?.();
    readPictures.leave();
    readSample(event.submitter);
  } else if (input.files.length) take([...input.files]);
  else say("Choose a photo first.", { bad: true });
});

document.addEventListener("click", (event) => {
  if (event.target.closest("[data-choose]")) input.click();
  else if (event.target.closest("[data-snap]")) snap.click();
  const again = event.target.closest("[data-crop]");
  if (again && shown.picture) read(shown.picture, { ...shown.options, crop: Boolean(again.dataset.crop) });
});
// While a person looks for a file, the charts come.
for (const kind of ["pointerdown", "keydown"]) {
  document.addEventListener(kind, (event) => {
    if (event.target.closest?.("[data-choose], [data-snap], [data-camera], .sample")) loadPlotly();
  });
}
for (const each of [input, snap]) {
  each.addEventListener("change", () => {
    const files = [...each.files];
    // To choose the same file again is a change only where it was forgotten.
    each.value = "";
    if (files.length) take(files);
  });
}
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && isSending()) cancel();
});

// The way to the first screen loads nothing anew, so that Back leads to the result again.
document.addEventListener("click", (event) => {
  const link = event.target.closest("a[href='/']");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey || !document.querySelector("main.answered")) return;
  event.preventDefault();
  readPictures.leave();
  history.pushState(null, "", "/");
  showHome();
  offerLast();
});
addEventListener("popstate", () => {
  const last = kept();
  if (last) restore(last);
  else if (location.hash) keepOn();
  else {
    readPictures.leave();
    showHome();
  }
});

function offerLast() {
  const other = lastKept();
  if (other) sayAndOffer(`Your last result is still here: ${other.title}.`, "Show it", () => restore(other, { isKept: true }));
}

takeDropped(take);
offerCamera(take);
const last = kept();
// Chosen before this script was there.
if (input.files.length) take([...input.files]);
else if (last) restore(last);
else if (!document.querySelector("main.answered")) offerLast();
