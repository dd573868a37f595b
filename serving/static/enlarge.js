// The picture as large as the window: a click beside the faces, or the button, opens it.

import { shown } from "./result.js";

export function enlarge() {
  const dialog = document.createElement("dialog");
  dialog.className = "lightbox";
  dialog.ariaLabel = "The picture, enlarged";
  const image = document.createElement("img");
  image.alt = "";
  image.src = shown.picture?.url ?? document.getElementById("photo").getAttribute("href");
  const close = Object.assign(document.createElement("button"), { type: "button", textContent: "Close" });
  dialog.append(image, close);
  dialog.addEventListener("click", () => dialog.close());
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}

document.addEventListener("click", (event) => {
  if (event.target.closest("[data-enlarge]")) enlarge();
});
