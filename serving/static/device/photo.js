// Read one picture in this browser, and show the result as one of the server's is shown.

import { openPicture, screenCopy } from "../picture.js";
import { show, shown } from "../result.js";
import { abandon, cancel, chosenBalance, opening, refuse, refuseVideo } from "../send.js";
import { say, sayAndOffer } from "../status.js";
import { currentTurn, showWorking } from "../working.js";
import { load, read } from "./client.js";
import { loadingWords } from "./download.js";
import { render } from "./render.js";

// Larger ones are shrunk first: faces are looked for in a third of it.
const LONGEST_PX = 2880;

async function toBitmap({ file, image }) {
  const { naturalWidth: width, naturalHeight: height } = image;
  const scale = LONGEST_PX / Math.max(width, height);
  const source = /svg/i.test(file.type) ? image : file; // browsers make no bitmap of the file of a drawing
  if (scale >= 1) return createImageBitmap(source);
  return createImageBitmap(source, { resizeWidth: Math.round(width * scale), resizeHeight: Math.round(height * scale), resizeQuality: "high" });
}

// Read a picture of `openPicture` without sending it anywhere.
export async function readHere(picture, { balance = chosenBalance() } = {}) {
  abandon();
  if (!picture.image) {
    refuse(`${picture.name} cannot be opened by your browser. Let the server read it, or choose a JPEG or PNG.`);
    return;
  }
  showWorking(picture);
  const mine = currentTurn();
  const tell = (words) => mine === currentTurn() && sayAndOffer(words, "Cancel", cancel);
  try {
    const spec = await load((progress) => tell(loadingWords(progress)));
    tell("Looking for faces…");
    const started = performance.now();
    const reading = await read(await toBitmap(picture), { balance });
    if (mine !== currentTurn()) return;
    const html = render(reading, { name: picture.name, spec, balance, took_ms: performance.now() - started });
    show(html, { photo: await screenCopy(picture), picture });
  } catch (error) {
    if (mine !== currentTurn()) return;
    refuse(`${picture.name} could not be read on this device: ${error.message}`);
  }
}

// Read the first of these files here. None of them is ever sent, whatever hinders that.
export async function readFilesHere(files, { isCrop }) {
  if (isCrop) {
    say("Cropped faces are read by the server only. Clear one of the two options, then choose the picture again.", { bad: true });
    return;
  }
  if (files[0].type.startsWith("video/")) {
    refuseVideo(files[0]);
    return;
  }
  const picture = await opening(files[0].name, () => openPicture(files[0]));
  if (!picture) return;
  await readHere(picture);
  if (files.length > 1 && shown.picture === picture) say(`On this device one picture is read at a time: this is the first of ${files.length}.`, { shown: true });
}
