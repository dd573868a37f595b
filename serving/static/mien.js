// The page works without scripts; this brings what is on the screen at once, and keeps results.

import { takeDropped } from "./drop.js";
import "./marks.js";
import { say, sayAndOffer } from "./status.js";
import { keepOn, kept, lastKept, showedResult } from "./store.js";

// The address of the first screen, which may be below a path of a site.
const { pathname: HOME } = new URL("../../", import.meta.url);
const form = document.getElementById("upload");
const input = document.getElementById("image");
const snap = document.getElementById("snap");
const crop = document.getElementById("crop");
// Only where this server has what it takes.
const here = document.getElementById("here");
input.multiple = true;

// Load a part of the page. Resolves to null where it does not come, and says so: browsers do not ask for
// it again until the page is loaded again.
async function load(part) {
  try {
    return await part();
  } catch {
    sayAndOffer("A part of this page could not be loaded: the connection failed, or Mien was updated meanwhile. Load the page again.", "Load again", () => location.reload(), { bad: true });
    return null;
  }
}
const reading = () => load(() => import("./reading.js"));
const device = () => load(() => import("./device/photo.js"));

// While a person looks for a file, all that shows its result comes.
const prepare = async () => (await reading())?.loadPlotly();

// Each picture is taken for a whole one, until one says otherwise of it.
async function take(files) {
  const isCrop = crop.checked;
  crop.checked = false;
  const parts = await reading();
  if (!parts) return;
  if (files.length > 1 && !here?.checked) {
    parts.readPictures(files, { crop: isCrop });
    return;
  }
  parts.readPictures.leave();
  if (here?.checked) (await device())?.readFilesHere(files, { isCrop });
  else parts.readFile(files[0], { crop: isCrop });
}

async function readSample(button) {
  const parts = await reading();
  if (!parts) return;
  parts.readPictures.leave();
  const picture = await parts.openSample(button, () => readSample(button));
  if (!picture) return;
  if (here?.checked) (await device())?.readHere(picture);
  else parts.read(picture, { sample: button.value });
}

const restore = async (last, options) => (await reading())?.restore(last, options);

const sayLost = () => say("This tab holds that result no more. Choose the picture again.", { shown: true });

function offerLast() {
  const other = lastKept();
  if (other) sayAndOffer(`Your last result is still here: ${other.title}.`, "Show it", () => restore(other, { isKept: true }));
}

async function goHome() {
  const parts = await reading();
  if (!parts) return;
  parts.abandon();
  parts.readPictures.leave();
  parts.showHome();
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  if (event.submitter?.name === "sample") {
    document.getElementById("samples").hidePopover?.();
    readSample(event.submitter);
  } else say("Choose a photo first.", { bad: true });
});

document.addEventListener("click", async (event) => {
  if (event.target.closest("[data-choose]")) input.click();
  else if (event.target.closest("[data-snap]")) snap.click();
  const camera = event.target.closest("[data-camera]");
  if (camera) (await reading())?.openCamera(camera, take);
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
  const link = event.target.closest(`a[href='${HOME}']`);
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey || !document.querySelector("main.answered")) return;
  event.preventDefault();
  history.pushState(null, "", HOME);
  await goHome();
  offerLast();
});
addEventListener("popstate", async () => {
  const last = kept();
  const isLost = showedResult() && !last;
  if (last) restore(last);
  else if (location.hash && !isLost) {
    if (document.querySelector("main.answered")) keepOn();
  } else {
    await goHome();
    if (isLost) sayLost();
  }
});

takeDropped(take);
const last = kept();
// Chosen before this script was there.
if (input.files.length) {
  const files = [...input.files];
  input.value = "";
  take(files);
} else if (last) restore(last);
else if (showedResult()) sayLost();
else if (!document.querySelector("main.answered")) offerLast();
