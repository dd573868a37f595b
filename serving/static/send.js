// Send a picture, say how far it is, and show what comes back.

import { loadPlotly } from "./charts.js";
import { openPicture, screenCopy, withinLimits } from "./picture.js";
import { needsPhoto, problemIn, show } from "./result.js";
import { say, sayAndOffer, sayAndOfferAgain } from "./status.js";
import { hideWorking, showProgress, showWorking } from "./working.js";

const form = document.getElementById("upload");
export const limits = {
  maxBytes: Number(form.dataset.maxBytes),
  maxPixels: Number(form.dataset.maxPixels),
  maxBatchBytes: Number(form.dataset.maxBatchBytes),
};
let sending = null;

function formOf(picture, { crop, sample, hasPhoto }) {
  const data = new FormData(form);
  for (const name of ["image", "crop", "sample"]) data.delete(name);
  if (sample) data.set("sample", sample);
  else data.set("image", picture.file, picture.name);
  if (crop) data.set("crop", "1");
  if (!hasPhoto) data.set("photo", "1");
  data.set("light", "1");
  return data;
}

// Post a form; resolve to the request when its answer is there, and with null where there is none.
function post(data) {
  return new Promise((resolve) => {
    const request = new XMLHttpRequest();
    sending = { request, resolve };
    request.upload.addEventListener("progress", (event) => {
      if (!event.lengthComputable || sending?.request !== request) return;
      sayAndOffer(showProgress(event.loaded / event.total), "Cancel", cancel);
    });
    request.upload.addEventListener("load", () => {
      if (sending?.request === request) sayAndOffer(showProgress(null), "Cancel", cancel);
    });
    request.addEventListener("load", () => resolve(request));
    request.addEventListener("error", () => resolve(null));
    request.open("POST", form.action);
    request.send(data);
  });
}

// Wait no longer for what was sent.
export function abandon() {
  sending?.request.abort();
  sending = null;
}

function cancel() {
  abandon();
  hideWorking();
  say("Cancelled.", { shown: true });
}

async function receive(request, picture, options) {
  const again = () => read(picture, options);
  const html = request?.responseText;
  let problem = "";
  try {
    if (!request) throw new Error("The server could not be reached.");
    try {
      problem = problemIn(html);
    } catch {
      throw new Error("The server's answer could not be read.");
    }
    if (!problem) return html;
    if (request.status === 429 || request.status >= 500) {
      hideWorking({ stale: true });
      sayAndOfferAgain(problem, again, { wait_s: Number(request.getResponseHeader("Retry-After")) });
      return null;
    }
  } catch (error) {
    hideWorking({ stale: true });
    sayAndOfferAgain(`${picture.name ? `${picture.name}: ` : ""}${error.message}`, again);
    return null;
  }
  hideWorking({ stale: true });
  say(problem, { bad: true });
  return null;
}

// Read a picture of `openPicture`, or a sample by its name.
export async function read(picture, options = {}) {
  loadPlotly();
  // The last picture sent is the one that is shown.
  abandon();
  showWorking(picture);
  sayAndOffer(showProgress(0), "Cancel", cancel);
  const { image } = picture;
  const copied = image ? screenCopy(picture) : null;
  let request = await post(formOf(picture, { ...options, hasPhoto: image !== null }));
  if (request === null && sending === null) return;
  if (sending && request && sending.request !== request) return;
  const mine = sending;
  let html = await receive(request, picture, options);
  if (html && image && needsPhoto(html, picture)) {
    request = await post(formOf(picture, { ...options, hasPhoto: false }));
    html = await receive(request, picture, options);
  } else if (sending !== mine) return;
  sending = null;
  if (html) show(html, { photo: html.includes('id="photo" href') ? null : await copied, picture, options, note: picture.note });
}

// Read a file, shrunk here where it is over the limits.
export async function readFile(file, options = {}) {
  if (file.size === 0) {
    hideWorking({ stale: true });
    say(`${file.name} is empty (0 bytes).`, { bad: true });
    return;
  }
  const picture = await withinLimits(await openPicture(file), limits);
  if (picture.file.size > limits.maxBytes) {
    hideWorking({ stale: true });
    const mega = (bytes) => (bytes / 1e6).toFixed(0);
    say(`${file.name} has ${mega(file.size)} MB; the limit is ${mega(limits.maxBytes)}. Your browser cannot shrink such a file.`, { bad: true });
    return;
  }
  read(picture, options);
}

// Open the picture of a sample by its button.
export async function openSample(button) {
  const { value } = button;
  const small = button.querySelector("img").src;
  const address = small.replace("-small", "");
  const answer = await fetch(address);
  const file = new File([await answer.blob()], `${value}.webp`, { type: "image/webp" });
  return { ...(await openPicture(file)), name: `${button.textContent.trim()} (sample)` };
}

export async function readSample(button) {
  read(await openSample(button), { sample: button.value });
}

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && sending) cancel();
});
