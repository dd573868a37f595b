// On the page about privacy: delete what this tab has kept.

import { forgetAll } from "./store.js";

document.getElementById("forget").addEventListener("click", () => {
  forgetAll();
  document.getElementById("forgotten").textContent = "This tab holds no results any more.";
});
