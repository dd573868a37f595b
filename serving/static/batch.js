// Several pictures at once: a strip of them, how far each is, and one table for all.

import { fileOf, openPicture, screenCopy, withinLimits } from "./picture.js";
import { problemIn, show } from "./result.js";
import { limits } from "./send.js";
import { say } from "./status.js";
import { keepPictures, keptPictures } from "./store.js";
import { hideWorking, showProgress, showWorking } from "./working.js";

const AT_MOST = 50;
const ROUTE = "/api/v1/predict/batch?landmarks=true&chips=true";
const KEPT_SIDE_PX = 640;
const OVERHEAD_BYTES = 2000; // of a form, for each file
const strip = document.getElementById("pictures");
let entries = [];
let turn = 0;

// The class balance chosen in the options; null for the network's own.
function balanceWanted() {
  const { value } = document.querySelector("[name=balance]");
  return value === "" ? null : Number(value);
}

function makeEntry(file) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "picture";
  const image = document.createElement("img");
  image.alt = "";
  const state = Object.assign(document.createElement("span"), { className: "state", textContent: "Waiting" });
  const progress = Object.assign(document.createElement("progress"), { max: 1, value: 0 });
  progress.ariaLabel = `Progress of ${file.name}`;
  button.append(image, state, progress);
  button.title = file.name;
  const entry = { file, name: file.name, button, image, state, progress, answer: null, balance: balanceWanted(), picture: null, html: "" };
  button.addEventListener("click", () => showEntry(entry));
  return entry;
}

function setState(entry, text, { failed = false, done = false } = {}) {
  entry.state.textContent = text;
  entry.button.classList.toggle("failed", failed);
  entry.button.ariaLabel = `${entry.name}: ${text}`;
  entry.progress.hidden = done || failed;
}

function inWords({ faces }) {
  if (faces.length === 0) return "no face";
  const counts = Map.groupBy ? Map.groupBy(faces, ({ label }) => label) : new Map([["faces", faces]]);
  return [...counts].map(([label, those]) => `${those.length} ${label}`).join(", ");
}

async function showEntry(entry) {
  if (!entry.answer) {
    if (entry.problem) say(`${entry.name}: ${entry.problem}`, { bad: true });
    return;
  }
  for (const each of entries) each.button.ariaCurrent = String(each === entry);
  if (!entry.html) {
    const answer = await fetch("/result", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ name: entry.name, answer: entry.answer, balance: entry.balance }),
    });
    entry.html = await answer.text();
    if (!answer.ok || problemIn(entry.html)) {
      hideWorking({ stale: true });
      say(`${entry.name} could not be shown.`, { bad: true });
      entry.html = "";
      return;
    }
  }
  const { picture } = entry;
  const photo = picture.image ? await screenCopy(picture) : null;
  show(entry.html, { photo, picture, note: picture.note });
  keepAll();
}

// Small copies, for there may be fifty of them.
async function keepAll() {
  const mine = turn;
  const kept = [];
  for (const { name, answer, problem, picture, button, state } of entries) {
    const photo = picture?.image ? await screenCopy(picture, KEPT_SIDE_PX) : null;
    kept.push({ name, answer, problem, photo, note: picture?.note, state: state.textContent, isCurrent: button.ariaCurrent === "true" });
  }
  if (mine === turn) keepPictures(kept);
}

// One line of the server's answer belongs to the picture that was sent at its place.
function receive(entry, line) {
  if (line.problem) {
    entry.problem = line.problem.detail;
    setState(entry, line.problem.title, { failed: true });
  } else {
    entry.answer = line.answer;
    setState(entry, inWords(line.answer), { done: true });
    if (!entries.some((each) => each.button.ariaCurrent === "true")) showEntry(entry).then(countDone);
  }
  countDone();
}

function countDone() {
  const read = entries.filter((entry) => entry.answer).length;
  const failed = entries.filter((entry) => entry.problem).length;
  say(`${read} of ${entries.length} pictures read${failed ? `, ${failed} could not be` : ""}.`);
  strip.querySelector(".all-csv").hidden = !entries.some((entry) => entry.answer);
}

function showUpload(chunk, loaded) {
  let before = 0;
  for (const entry of chunk) {
    const { size } = entry.picture.file;
    entry.progress.value = Math.max(0, Math.min(1, (loaded - before) / size));
    if (loaded > before) setState(entry, loaded < before + size ? "Uploading" : "Looking");
    before += size;
  }
}

function send(chunk, mine) {
  const data = new FormData();
  if (chunk[0].balance !== null) data.append("balance", chunk[0].balance);
  for (const { picture, name } of chunk) data.append("image", picture.file, name);
  return new Promise((resolve) => {
    const request = new XMLHttpRequest();
    let taken = 0;
    let at = 0;
    const takeLines = () => {
      if (mine !== turn) return request.abort();
      const end = request.responseText.lastIndexOf("\n");
      if (request.status !== 200 || end < taken) return null;
      for (const line of request.responseText.slice(taken, end).split("\n")) if (line) receive(chunk[at++], JSON.parse(line));
      taken = end + 1;
      return null;
    };
    request.upload.addEventListener("progress", (event) => showUpload(chunk, event.loaded));
    request.addEventListener("progress", takeLines);
    request.addEventListener("loadend", () => {
      takeLines();
      let reason = "The server could not be reached.";
      try {
        reason = JSON.parse(request.responseText).detail ?? reason;
      } catch {
        // What is no problem of the server's own has no reason to give.
      }
      if (mine === turn) for (const entry of chunk.slice(at)) receive(entry, { problem: { title: "Not read", detail: reason } });
      resolve();
    });
    request.open("POST", ROUTE);
    request.send(data);
  });
}

// As many pictures at once as one request may hold.
function inChunks(all) {
  const chunks = [[]];
  let bytes = 0;
  for (const entry of all) {
    const size = entry.picture.file.size + OVERHEAD_BYTES;
    if (bytes + size > limits.maxBatchBytes && chunks.at(-1).length) {
      chunks.push([]);
      bytes = 0;
    }
    chunks.at(-1).push(entry);
    bytes += size;
  }
  return chunks;
}

async function saveTable() {
  const bare = ({ chip, landmarks, transform, ...face }) => face;
  const pictures = entries
    .filter((entry) => entry.answer)
    .map(({ name, answer }) => ({ name, answer: { ...answer, faces: answer.faces.map(bare) } }));
  const answer = await fetch("/table", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ pictures }),
  });
  if (!answer.ok) return say("The table could not be made.", { bad: true });
  const url = URL.createObjectURL(await answer.blob());
  Object.assign(document.createElement("a"), { href: url, download: `${pictures.length}-pictures-mien.csv` }).click();
  return setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

function showStrip() {
  const table = Object.assign(document.createElement("button"), { type: "button", className: "small all-csv", textContent: "CSV of all", hidden: true });
  table.addEventListener("click", saveTable);
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
  const made = kept.map(({ name }) => makeEntry(new File([], name)));
  entries = made;
  showStrip();
  for (const [index, { name, answer, problem, photo, note, state, isCurrent }] of kept.entries()) {
    const entry = made[index];
    Object.assign(entry, { answer, problem, picture: photo ? await openPicture(fileOf(photo, name)) : { file: entry.file, name, image: null } });
    if (mine !== turn) return;
    entry.picture.note = note;
    if (photo) entry.image.src = photo;
    entry.button.ariaCurrent = String(isCurrent);
    setState(entry, state, { done: Boolean(answer), failed: !answer });
  }
  strip.querySelector(".all-csv").hidden = !made.some(({ answer }) => answer);
}

export async function readPictures(files) {
  turn += 1;
  const mine = turn;
  const taken = files.slice(0, AT_MOST);
  entries = taken.map(makeEntry);
  showStrip();
  showWorking({ name: `${taken.length} pictures` });
  showProgress(null);
  const left = files.length > AT_MOST ? ` Took the first ${AT_MOST} of ${files.length}.` : "";
  say(`Reading ${taken.length} pictures.${left}`, { shown: Boolean(left) });
  for (const entry of entries) {
    entry.picture = await withinLimits(await openPicture(entry.file), limits);
    if (mine !== turn) return;
    if (entry.picture.image) entry.image.src = await screenCopy(entry.picture, 176);
  }
  for (const chunk of inChunks(entries)) {
    if (mine === turn) await send(chunk, mine);
  }
  if (mine !== turn) return;
  if (!entries.some(({ answer }) => answer)) hideWorking({ stale: true });
  keepAll();
}

// A single picture takes the place of several.
readPictures.leave = () => {
  turn += 1;
  entries = [];
  strip.hidden = true;
};
