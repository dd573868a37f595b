// While a picture is on its way: the picture itself, how far it is, and room for what will come.

const section = document.getElementById("working");
const preview = section.querySelector("img");
const progress = document.getElementById("progress");
const SIDE_PX = 1280;
const main = document.getElementById("main");
let turn = 0;

// A number that is another one as soon as something else is read or shown.
export const currentTurn = () => turn;

// Begin to read something else; return the new number.
export const nextTurn = () => (turn += 1);

export function showWorking({ name, url, image }) {
  turn += 1;
  document.getElementById("working-title").textContent = name ? `Reading ${name}` : "Reading your picture";
  if (image) {
    const enlarged = SIDE_PX / Math.max(image.naturalWidth, image.naturalHeight);
    preview.width = image.naturalWidth * enlarged;
    preview.height = image.naturalHeight * enlarged;
    preview.src = url;
  }
  preview.hidden = !image;
  main.classList.add("answered");
  document.getElementById("result").hidden = true;
  section.hidden = false;
  section.scrollIntoView({ block: "start", behavior: "instant" });
}

// Show how much was uploaded, 0 to 1, or null when all was and the faces are looked for. Say it in
// tens, so that screen readers do not read out every percent.
export function showProgress(fraction) {
  if (fraction === null) progress.removeAttribute("value");
  else progress.value = fraction;
  return fraction === null ? "Looking for faces…" : `Uploading ${10 * Math.floor(10 * fraction)} %`;
}

// Away with it; what was there before is there again, dimmed where it is not what was asked for.
export function hideWorking({ stale = false } = {}) {
  turn += 1;
  section.hidden = true;
  preview.removeAttribute("src");
  const result = document.getElementById("result");
  const hasResult = result.querySelector(".readings") !== null;
  result.hidden = false;
  result.classList.toggle("stale", stale && hasResult);
  main.classList.toggle("answered", hasResult);
}
