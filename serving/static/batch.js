// Several pictures at once: a strip of them, how far each is, and one table for all.

import { postPictures } from "./chunk.js";
import { fileOf, openPicture, screenCopy, withinLimits } from "./picture.js";
import { problemIn, show } from "./result.js";
import { abandon, chosenBalance, formOf, limits, refuse } from "./send.js";
import { reasonOf, say, sayAndOffer, sayAndOfferAgain } from "./status.js";
import { keepPictures, keptPictures } from "./store.js";
import { inChunks, inWords, isCurrent, makeEntry, setState, showName } from "./strip.js";
import { saveTable } from "./table.js";
import { hideWorking, showProgress, showWorking } from "./working.js";

const AT_MOST = 50;
const RESULT = new URL("../../result", import.meta.url);
const PAGE = new URL("../../", import.meta.url);
const KEPT_SIDE_PX = 640;
const THUMBNAIL_PX = 176;
const REASONS_SAID = 3; // where no picture could be read
const strip = document.getElementById("pictures");
let entries = [];
let turn = 0;
let sending = null; // ends all requests that carry these pictures
let hasShown = false; // one of these pictures
let given = [];
let again_ms = 0; // from when on the server takes what it refused

// Ask for the result of a picture. One that the browser cannot show is sent once more, by itself, for its
// photo comes back then.
function resultOf({ name, answer, balance, crop, picture, file }) {
  if (!picture.image && file.size) {
    const data = formOf(picture, { crop, hasPhoto: false });
    data.set("balance", balance ?? "");
    return fetch(PAGE, { method: "POST", body: data });
  }
  return fetch(RESULT, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ name, answer, balance }),
  });
}

async function fetchResult(entry) {
  const answer = await resultOf(entry);
  const html = await answer.text();
  if (!answer.ok || problemIn(html)) throw new Error("Choose the picture again, by itself.");
  return html;
}

async function showEntry(entry) {
  if (!entry.answer) {
    const words = `${entry.name}: ${entry.problem}`;
    if (entry.canRetry) sayAndOfferAgain(words, sendAgain, { wait_s: waitFor() });
    else if (entry.problem) say(words, { bad: true });
    return;
  }
  const mine = turn;
  for (const each of entries) each.button.ariaCurrent = String(each === entry);
  const isWanted = () => mine === turn && isCurrent(entry);
  try {
    entry.html ||= await fetchResult(entry);
  } catch (error) {
    if (!isWanted()) return;
    refuse(`${entry.name} could not be shown. ${reasonOf(error)}`);
    entry.button.ariaCurrent = "false"; // the next that is read is shown
    return;
  }
  const { picture, crop } = entry;
  const photo = picture.image ? await screenCopy(picture) : null;
  if (!isWanted()) return;
  // All pictures of a strip share an entry of the tab's history.
  show(entry.html, { photo, picture, note: picture.note, options: { crop }, isOther: !hasShown });
  hasShown = true;
  await takeCopy(entry);
  keepAll();
}

// Of a picture that the browser cannot show there is what the server made of it.
async function takeCopy(entry) {
  const href = document.getElementById("photo").getAttribute("href");
  if (entry.picture.image || entry.copy || !href) return;
  entry.copy = await openPicture(fileOf(href, entry.name));
  entry.image.src = await screenCopy(entry.copy, THUMBNAIL_PX);
  entry.button.querySelector(".name")?.replaceWith(entry.image);
}

// Small copies, for there may be fifty of them.
async function keepAll() {
  const mine = turn;
  const kept = [];
  for (const entry of entries) {
    const { name, answer, problem, crop, balance, picture, state } = entry;
    const visible = entry.copy ?? picture;
    const photo = visible?.image ? await screenCopy(visible, KEPT_SIDE_PX) : null;
    kept.push({ name, answer, problem, crop, balance, photo, note: picture?.note, state: state.textContent, isShown: isCurrent(entry) });
  }
  if (mine === turn) keepPictures(kept);
}

// One line of the server's answer belongs to the picture that was sent at its place.
function receive(entry, line) {
  if (line.problem) {
    entry.problem = line.problem.detail;
    entry.canRetry = line.problem.status === 429 || line.problem.status >= 500;
    if (line.wait_s) again_ms = performance.now() + 1000 * line.wait_s;
    setState(entry, line.problem.title, { failed: true });
  } else {
    entry.answer = line.answer;
    setState(entry, inWords(line.answer), { done: true });
    if (!entries.some(isCurrent)) showEntry(entry).then(countDone);
  }
  countDone();
}

// What is said where there are too many.
function cutInWords() {
  return given.length > AT_MOST ? ` Took the first ${AT_MOST} of ${given.length}.` : "";
}

// Say how many are read; as long as others are to come, they can be cancelled.
function countDone() {
  const read = entries.filter((entry) => entry.answer).length;
  const failed = entries.filter((entry) => entry.problem).length;
  const cut = cutInWords();
  const words = `${read} of ${entries.length} pictures read${failed ? `, ${failed} could not be` : ""}.${cut}`;
  strip.querySelector(".all-csv").hidden = read === 0;
  const missing = entries.find(({ canRetry }) => canRetry);
  if (read + failed < entries.length) sayAndOffer(words, "Cancel", cancel);
  else if (read && missing) sayAndOfferAgain(`${words} ${missing.problem}`, sendAgain, { wait_s: waitFor() });
  else if (read) say(words, { shown: cut !== "" });
  else if (failed) sayNone();
}

function sayNone() {
  const none = `None of the ${entries.length} pictures could be read.${cutInWords()}`;
  const reasons = entries.slice(0, REASONS_SAID).map(({ name, problem }) => `${name}: ${problem}`);
  refuse(`${none} ${reasons.join(" ")}`);
  if (!entries.every(({ canRetry }) => canRetry)) return;
  sayAndOfferAgain(`${none} ${entries[0].problem}`, sendAgain, { wait_s: waitFor() });
}

const waitFor = () => (again_ms - performance.now()) / 1000;

// Send once more what did not reach the server, or what it had no time for.
function sendAgain() {
  const missing = entries.filter(({ canRetry }) => canRetry);
  for (const entry of missing) {
    Object.assign(entry, { problem: "", canRetry: false });
    setState(entry, "Waiting");
  }
  if (!hasShown) begin();
  countDone();
  sendAll(missing);
}

function begin() {
  showWorking({ name: `${entries.length} pictures` });
  showProgress(null);
}

async function sendAll(some) {
  const { signal } = sending;
  for (const chunk of inChunks(some, limits.maxBatchBytes)) {
    if (signal.aborted) return;
    await postPictures(chunk, receive, signal);
  }
  if (!signal.aborted) keepAll();
}

// Go on with what was read; where that is nothing, with what was there before.
function cancel() {
  turn += 1;
  sending?.abort();
  const read = entries.filter(({ answer }) => answer);
  for (const entry of entries) if (!read.includes(entry)) entry.button.remove();
  entries = read;
  if (read.length === 0) {
    readPictures.leave();
    hideWorking();
  } else if (hasShown) keepAll();
  else showEntry(read[0]);
  say("Cancelled.", { shown: true });
}

function showStrip() {
  const table = Object.assign(document.createElement("button"), { type: "button", className: "small all-csv", textContent: "CSV of all", hidden: true });
  table.addEventListener("click", () => saveTable(entries));
  strip.replaceChildren(...entries.map(({ button }) => button), table);
  strip.hidden = false;
  document.getElementById("main").classList.add("answered");
}

// Show the strip of before again, after a reload or on the way back.
export async function restorePictures() {
  const kept = keptPictures();
  readPictures.leave();
  if (!kept) return;
  const mine = turn;
  entries = kept.map(({ name, crop, balance }) => makeEntry(new File([], name), { crop, balance, onClick: showEntry }));
  const made = entries;
  hasShown = true;
  showStrip();
  for (const [index, { name, answer, problem, photo, note, state, isShown }] of kept.entries()) {
    const entry = made[index];
    Object.assign(entry, { answer, problem, picture: photo ? await openPicture(fileOf(photo, name)) : { file: entry.file, name, image: null } });
    if (mine !== turn) return;
    entry.picture.note = note;
    if (photo) entry.image.src = photo;
    else showName(entry);
    entry.button.ariaCurrent = String(isShown);
    setState(entry, state, { done: Boolean(answer), failed: !answer });
  }
  strip.querySelector(".all-csv").hidden = !made.some(({ answer }) => answer);
}

// Read several pictures; with `crop` each of them as one cropped face.
export async function readPictures(files, { crop = false } = {}) {
  abandon();
  turn += 1;
  sending?.abort();
  sending = new AbortController();
  const mine = turn;
  const taken = files.slice(0, AT_MOST);
  const balance = chosenBalance();
  entries = taken.map((file) => makeEntry(file, { balance, crop, onClick: showEntry }));
  hasShown = false;
  showStrip();
  begin();
  given = files;
  sayAndOffer(`Reading ${taken.length} pictures.${cutInWords()}`, "Cancel", cancel);
  for (const entry of entries) {
    entry.picture = await withinLimits(await openPicture(entry.file), limits);
    if (mine !== turn) return;
    if (entry.picture.image) entry.image.src = await screenCopy(entry.picture, THUMBNAIL_PX);
    else showName(entry);
  }
  await sendAll(entries);
}

// A single picture takes the place of several.
readPictures.leave = () => {
  turn += 1;
  sending?.abort();
  entries = [];
  strip.hidden = true;
};
