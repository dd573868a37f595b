// The page works without scripts; this brings what is on the screen at once, and keeps results.

import { takeDropped } from "./drop.js";
import "./marks.js";
import { say, sayAndOffer } from "./status.js";
import { keepOn, kept, lastKept } from "./store.js";

const form = document.getElementById("upload");
const input = document.getElementById("image");
const snap = document.getElementById("snap");
const crop = document.getElementById("crop");
// Only where this server has what it takes.
const here = document.getElementById("here");
input.multiple = true;

const reading = () => import("./reading.js");

// While a person looks for a file, all that shows its result comes.
async function prepare() {
  const { loadPlotly } = await reading();
  loadPlotly();
}

// Each picture is taken for a whole one, until one says otherwise of it.
async function take(files) {
  const isCrop = crop.checked;
  crop.checked = false;
  const { readFile, readPictures } = await reading();
  if (here?.checked) {
    readPictures.leave();
    const { readFilesHere } = await import("./device/photo.js");
    readFilesHere(files, { isCrop });
  } else if (files.length > 1) readPictures(files);
  else {
    readPictures.leave();
    readFile(files[0], { crop: isCrop });
  }
}

async function restore(last, options) {
  (await reading()).restore(last, options);
}

function offerLast() {
  const other = lastKept();
  if (other) sayAndOffer(`Your last result is still here: ${other.title}.`, "Show it", () => restore(other, { isKept: true }));
}

async function goHome() {
  const { readPictures, showHome } = await reading();
  readPictures.leave();
  showHome();
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  if (event.submitter?.name === "sample") {
    document.getElementById("samples").hidePopover?.();
    const { openSample, readPictures, readSample } = await reading();
    readPictures.leave();
    if (here?.checked) (await import("./device/photo.js")).readHere(await openSample(event.submitter));
    else readSample(event.submitter);
  } else say("Choose a photo first.", { bad: true });
});

document.addEventListener("click", async (event) => {
  if (event.target.closest("[data-choose]")) input.click();
  else if (event.target.closest("[data-snap]")) snap.click();
  const camera = event.target.closest("[data-camera]");
  if (camera) (await reading()).openCamera(camera, take);
});
for (const kind of ["pointerdown", "keydown", "dragenter"]) {
  document.addEventListener(kind, (event) => {
    if (kind === "dragenter" || event.target.closest?.("[data-choose], [data-snap], [data-camera], .sample")) prepare();
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

// The way to the first screen loads nothing anew, so that Back leads to the result again.
document.addEventListener("click", async (event) => {
  const link = event.target.closest("a[href='/']");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey || !document.querySelector("main.answered")) return;
  event.preventDefault();
  history.pushState(null, "", "/");
  await goHome();
  offerLast();
});
addEventListener("popstate", () => {
  const last = kept();
  if (last) restore(last);
  else if (location.hash) keepOn();
  else goHome();
});

takeDropped(take);
const last = kept();
// Chosen before this script was there.
if (input.files.length) {
  const files = [...input.files];
  input.value = "";
  take(files);
} else if (last) restore(last);
else if (!document.querySelector("main.answered")) offerLast();
