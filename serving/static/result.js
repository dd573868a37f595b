// Put an answer's result onto the page, with the picture that the browser holds.

import { drawCharts, removeCharts } from "./charts.js";
import { watchMarks } from "./marks.js";
import { say } from "./status.js";
import { keep, VERSION } from "./store.js";
import { offerToTake } from "./take.js";
import { hideWorking } from "./working.js";

// What is shown: the picture to send again, and what was said with it.
export const shown = { picture: null, options: {} };

const HOME_TITLE = document.querySelector(".answered") ? "Mien" : document.title;

function fits(fresh, image) {
  const { width, height } = fresh.dataset;
  return image && Number(width) === image.naturalWidth && Number(height) === image.naturalHeight;
}

function parse(html) {
  const fresh = new DOMParser().parseFromString(html, "text/html").getElementById("result");
  if (!fresh) throw new Error("no result in the answer");
  return fresh;
}

// Say what an answer says went wrong; empty where it holds a result.
export function problemIn(html) {
  const problem = parse(html).querySelector(".problem");
  if (!problem) return "";
  const sentences = Array.from(problem.children, (each) => each.textContent.trim());
  return sentences.map((each) => (/[.!?]$/.test(each) ? each : `${each}.`)).join(" ");
}

// Whether the browser's picture is the one that was read: the same width and height, upright.
export function needsPhoto(html, { image }) {
  const fresh = parse(html);
  return !fresh.querySelector("#photo[href]") && !fits(fresh, image);
}

// Say that the server was upgraded while this page stood open, whose scripts may not fit its results.
function sayOld(fresh) {
  const note = Object.assign(document.createElement("p"), { className: "hint", textContent: "Mien was updated since this page was opened. Some of it may not work until you load it again. " });
  const button = Object.assign(document.createElement("button"), { type: "button", className: "small", textContent: "Load it again" });
  button.addEventListener("click", () => location.reload());
  note.append(button);
  fresh.querySelector("h1").after(note);
}

function put(fresh, photo) {
  if (photo) fresh.querySelector("#photo").setAttribute("href", photo);
  for (const table of fresh.querySelectorAll(".numbers")) table.open = false;
  removeCharts();
  const last = document.getElementById("result");
  const hadFocus = last.contains(document.activeElement);
  const wantsPoints = last.querySelector("#points")?.checked;
  last.replaceWith(document.adoptNode(fresh));
  hideWorking();
  if (wantsPoints && fresh.querySelector("#points")) fresh.querySelector("#points").checked = true;
  if (hadFocus) fresh.focus({ preventScroll: true });
  document.title = `${fresh.dataset.title} - Mien`;
  watchMarks();
  offerToTake();
  drawCharts().then((drawn) => {
    if (!drawn) say(`${fresh.dataset.title}. The charts could not be loaded; the tables show the same.`, { shown: true });
  });
}

// Show a result. It begins at the top of the window, whatever was read before. One of another picture
// gets an entry of its own in the tab's history.
export function show(html, { photo, picture, options = {}, note = "", isKept = true, isOther = picture !== shown.picture }) {
  const fresh = parse(html);
  const { title, name, version: madeBy } = fresh.dataset;
  fresh.querySelector(".shrunk")?.append(note);
  if (madeBy && madeBy !== VERSION) sayOld(fresh);
  put(fresh, photo);
  Object.assign(shown, { picture, options });
  say(`${title}.`);
  fresh.scrollIntoView({ block: "start", behavior: "instant" });
  if (!isKept) return;
  keep({ html, photo: fresh.querySelector("#photo").getAttribute("href"), note, options, title, name }, { isOther, madeBy });
}

// Back to the first screen; the result stays where Back leads to.
export function showHome() {
  removeCharts();
  const empty = Object.assign(document.createElement("section"), { id: "result", className: "result", tabIndex: -1 });
  document.getElementById("result").replaceWith(empty);
  hideWorking();
  Object.assign(shown, { picture: null, options: {} });
  document.title = HOME_TITLE;
  say("");
  scrollTo({ top: 0, behavior: "instant" });
}
