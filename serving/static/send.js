// Send a picture, say how far it is, and show what comes back.

import { loadPlotly } from "./charts.js";
import { openPicture, screenCopy, withinLimits } from "./picture.js";
import { needsPhoto, problemIn, show } from "./result.js";
import { say, sayAndOffer, sayAndOfferAgain } from "./status.js";
import { currentTurn, hideWorking, nextTurn, showProgress, showWorking } from "./working.js";

const form = document.getElementById("upload");
export const limits = {
  maxBytes: Number(form.dataset.maxBytes),
  maxPixels: Number(form.dataset.maxPixels),
  maxBatchBytes: Number(form.dataset.maxBatchBytes),
};
const LATE_MS = 400; // a picture that opens sooner is shown at once instead of said to be opened
let sending = null;

// The class balance chosen in the options; null for the bundle's own.
export function chosenBalance() {
  const { value } = document.querySelector("[name=balance]");
  return value === "" ? null : Number(value);
}

// What the page's form sends for a picture.
export function formOf(picture, { crop, sample, hasPhoto }) {
  const data = new FormData(form);
  for (const name of ["image", "crop", "sample"]) data.delete(name);
  if (sample) data.set("sample", sample);
  else data.set("image", picture.file, picture.name);
  if (crop) data.set("crop", "1");
  if (!hasPhoto) data.set("photo", "1");
  data.set("light", "1");
  return data;
}

// Post a form; resolve to the request when its answer is there, and to null where there is none. What is
// abandoned stays open.
function post(data) {
  return new Promise((resolve) => {
    const request = new XMLHttpRequest();
    sending = request;
    request.upload.addEventListener("progress", (event) => {
      if (!event.lengthComputable || sending !== request) return;
      sayAndOffer(showProgress(event.loaded / event.total), "Cancel", cancel);
    });
    request.upload.addEventListener("load", () => {
      if (sending === request) sayAndOffer(showProgress(null), "Cancel", cancel);
    });
    const end = (answer) => {
      sending = null;
      resolve(answer);
    };
    request.addEventListener("load", () => end(request));
    request.addEventListener("error", () => end(null));
    request.open("POST", form.action);
    request.send(data);
  });
}

// Wait no longer for what was sent, nor for what is being opened.
export function abandon() {
  sending?.abort();
  sending = null;
  nextTurn();
}

export function cancel() {
  abandon();
  hideWorking();
  say("Cancelled.", { shown: true });
}

function receive(request, picture, options) {
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
  const mine = currentTurn();
  const { image } = picture;
  const copied = image ? screenCopy(picture) : null;
  const send = async (hasPhoto) => receive(await post(formOf(picture, { ...options, hasPhoto })), picture, options);
  let html = await send(image !== null);
  if (html && image && needsPhoto(html, picture)) html = await send(false);
  if (!html) return;
  const photo = html.includes('id="photo" href') ? null : await copied;
  if (mine === currentTurn()) show(html, { photo, picture, options, note: picture.note });
}

// Open a picture, and say so where that takes a while. Resolves to null where something else is read by then.
export async function opening(name, open) {
  abandon();
  let mine = currentTurn();
  const late = setTimeout(() => {
    if (mine !== currentTurn()) return;
    showWorking({ name });
    mine = currentTurn();
    sayAndOffer("Opening the picture…", "Cancel", cancel);
  }, LATE_MS);
  try {
    const picture = await open();
    return mine === currentTurn() ? picture : null;
  } catch (error) {
    if (mine === currentTurn()) throw error;
    return null;
  } finally {
    clearTimeout(late);
  }
}

// Refuse to read something, and say why.
export function refuse(text) {
  hideWorking({ stale: true });
  say(text, { bad: true });
}

// Videos are read on the live camera's page, where this server has it.
export function refuseVideo({ name }) {
  const live = document.querySelector("[data-live]");
  refuse(`${name} is a video. Choose a photo.`);
  if (live) sayAndOffer(`${name} is a video. The page of the live camera reads videos on this device.`, "Go there", () => live.click(), { bad: true });
}

// Read a file, shrunk here where it is over the limits.
export async function readFile(file, options = {}) {
  abandon();
  if (file.type.startsWith("video/")) {
    refuseVideo(file);
    return;
  }
  if (file.size === 0) {
    refuse(`${file.name} is empty (0 bytes).`);
    return;
  }
  const picture = await opening(file.name, async () => withinLimits(await openPicture(file), limits));
  if (!picture) return;
  if (picture.file.size > limits.maxBytes) {
    const mega = (bytes) => (bytes / 1e6).toFixed(0);
    refuse(`${file.name} has ${mega(file.size)} MB; the limit is ${mega(limits.maxBytes)}. Your browser cannot shrink such a file.`);
    return;
  }
  read(picture, options);
}

// Open the picture of a sample by its button. Resolves to null where it does not come; then that is
// said, and `again` can be tried.
export async function openSample(button, again) {
  const { value } = button;
  const name = `${button.textContent.trim()} (sample)`;
  const small = button.querySelector("img").src;
  try {
    return await opening(name, async () => {
      const answer = await fetch(small.replace("-small", ""));
      const file = new File([await answer.blob()], `${value}.webp`, { type: "image/webp" });
      return { ...(await openPicture(file)), name };
    });
  } catch {
    hideWorking({ stale: true });
    sayAndOfferAgain(`${name}: The server could not be reached.`, again);
    return null;
  }
}
