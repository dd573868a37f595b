// All that reads pictures and shows results. It comes when it is about to be needed, so that the
// first screen is light.

import "./faces.js";
import "./why.js";
import { restorePictures } from "./batch.js";
import { fileOf, openPicture } from "./picture.js";
import { show, shown } from "./result.js";
import { abandon, read } from "./send.js";
import { currentTurn } from "./working.js";

export { readPictures } from "./batch.js";
export { openCamera } from "./camera.js";
export { loadPlotly } from "./charts.js";
export { showHome } from "./result.js";
export { abandon, openSample, read, readFile } from "./send.js";

// Show again what was kept.
export async function restore({ html, photo, note, options, name }, { isKept = false } = {}) {
  abandon();
  const mine = currentTurn();
  const picture = photo ? await openPicture(fileOf(photo, name || "picture.jpg")) : null;
  if (mine !== currentTurn()) return;
  show(html, { photo, picture, options, note, isKept });
  restorePictures();
}

document.addEventListener("click", (event) => {
  const again = event.target.closest("[data-crop]");
  if (again && shown.picture) read(shown.picture, { ...shown.options, crop: Boolean(again.dataset.crop) });
});
