// Read one picture in this browser, and show the result as one of the server's is shown.

import { openPicture, screenCopy } from "../picture.js";
import { show } from "../result.js";
import { abandon } from "../send.js";
import { say } from "../status.js";
import { currentTurn, hideWorking, showWorking } from "../working.js";
import { load, read } from "./client.js";
import { loadingWords } from "./download.js";
import { render } from "./render.js";

// Larger ones are shrunk first: faces are looked for in a third of it.
const LONGEST_PX = 2880;

// The class balance chosen in the options; null for the bundle's own.
function chosenBalance() {
  const { value } = document.querySelector("[name=balance]");
  return value === "" ? null : Number(value);
}

async function toBitmap({ file, image }) {
  const { naturalWidth: width, naturalHeight: height } = image;
  const scale = LONGEST_PX / Math.max(width, height);
  if (scale >= 1) return createImageBitmap(file);
  return createImageBitmap(file, { resizeWidth: Math.round(width * scale), resizeHeight: Math.round(height * scale), resizeQuality: "high" });
}

// Read a picture of `openPicture` without sending it anywhere.
export async function readHere(picture, { balance = chosenBalance() } = {}) {
  abandon();
  if (!picture.image) {
    hideWorking({ stale: true });
    say(`${picture.name} cannot be opened by your browser. Let the server read it, or choose a JPEG or PNG.`, { bad: true });
    return;
  }
  showWorking(picture);
  const mine = currentTurn();
  try {
    const spec = await load((progress) => mine === currentTurn() && say(loadingWords(progress), { shown: true }));
    say("Looking for faces…", { shown: true });
    const started = performance.now();
    const reading = await read(await toBitmap(picture), { balance });
    if (mine !== currentTurn()) return;
    const html = render(reading, { name: picture.name, spec, balance, took_ms: performance.now() - started });
    show(html, { photo: await screenCopy(picture), picture });
  } catch (error) {
    if (mine !== currentTurn()) return;
    hideWorking({ stale: true });
    say(`${picture.name} could not be read on this device: ${error.message}`, { bad: true });
  }
}

// Read the first of these files here. None of them is ever sent, whatever hinders that.
export async function readFilesHere(files, { isCrop }) {
  if (isCrop) {
    say("Cropped faces are read by the server only. Clear one of the two options, then choose the picture again.", { bad: true });
    return;
  }
  await readHere(await openPicture(files[0]));
  if (files.length > 1) say(`On this device one picture is read at a time: this is the first of ${files.length}.`, { shown: true });
}
