// The live page: frames go from the camera, or from a video that a person opens, to a reader, and what
// it reads is drawn over them.

import { colour } from "../charts.js";
import { Figures } from "./figures.js";
import { History } from "./history.js";
import { LocalReader } from "./local.js";
import { Overlay } from "./overlay.js";
import { showPeople } from "./people.js";
import { Recorder } from "./recording.js";
import { RemoteReader } from "./remote.js";
import { save } from "./save.js";
import { readSettings } from "./settings.js";
import { close, isOpen, listCameras, nextFrame, openCamera, openFile, playTo, STEP_S } from "./source.js";
import { Tracker } from "./tracks.js";

// What happens to frames, said when it begins.
const HERE = "Nothing is sent: this device reads every frame itself.";
const THERE = "Smaller copies of the frames go to the server, which reads them and stores nothing.";

const root = document.getElementById("live");
const part = (name) => root.querySelector(`[data-part=${name}]`);
const video = root.querySelector("video");
const names = ["start", "open", "file", "pause", "shoot", "record", "camera", "offer", "send"];
const [start, opener, file, pause, shoot, record, camera, offer, send] = names.map(part);
const overlay = new Overlay(part("marks"));
const figures = new Figures();
const history = new History(part);
const recorder = new Recorder(record);
const settings = {};
const here = new LocalReader();
// Where a person may let the server read the camera.
const there = send && new RemoteReader(Number(send.dataset.framesPerMinute));
let reader = here; // of the camera; a file is read here always
let kind = "camera"; // or "file": what is shown, or was last
let spec = null;
let view = null;
let seen = [];
let tracker = null;
let begun = 0; // grows each time that something is opened or closed
let run = 0; // a number for each time that frames are read; 0 while none are

const now_s = () => performance.now() / 1000;
const isSent = () => kind === "camera" && reader === there;

function say(text, { bad = false } = {}) {
  part("status").textContent = text;
  part("status").classList.toggle("bad", bad);
}

// off, on, paused, or done at the end of a file: what shows, and which buttons do something.
function become(state) {
  const isCamera = kind === "camera" && state !== "off";
  root.dataset.state = state;
  if (state === "off") start.textContent = "Start the camera";
  else start.textContent = isCamera ? "Stop the camera" : "Close the video";
  pause.textContent = state === "paused" ? "Go on" : "Pause";
  pause.disabled = state === "off" || state === "done";
  for (const button of [shoot, record]) button.disabled = state === "off";
  const sent = isSent() ? ", sent to the server" : "";
  part("lamp").hidden = !isCamera;
  part("lamp").textContent = `Camera is on${state === "paused" ? ", paused" : sent}`;
  document.title = `${isCamera ? "● " : ""}Live camera - Mien`;
}

function stop(reason) {
  run = 0;
  begun += 1;
  start.disabled = false;
  there?.cancel();
  // A file can be read again.
  if (recorder.isOn && kind === "camera") recorder.save();
  else recorder.drop();
  close(video);
  seen = [];
  overlay.clear();
  become("off");
  say(reason);
}

// Show the camera or a file, and read it, unless it is stopped meanwhile.
async function begin(chosen, opened) {
  stop("");
  kind = chosen;
  start.disabled = true;
  const mine = begun;
  const isMine = () => begun === mine;
  try {
    say(kind === "camera" ? "Starting the camera…" : `Opening ${opened.name}…`);
    const isMirrored = kind === "camera" && (await openCamera(video, camera.value, isMine));
    if (kind === "file") await openFile(video, opened);
    if (!isMine()) return;
    part("lamp").hidden = kind === "file";
    if (!isSent()) say("Loading what reads faces on this device, once…");
    spec = await loadReader();
    if (kind === "camera") await listCameras(camera, video);
    if (!isMine()) return;
    view = { width: video.videoWidth, height: video.videoHeight, isMirrored };
    video.classList.toggle("mirrored", isMirrored);
    tracker = new Tracker();
    history.restart(spec.labels);
    figures.restart();
    become("on");
    say(isSent() ? THERE : HERE);
    // A file is recorded from its start.
    if (kind === "file") recorder.start(spec.labels, 0);
    start.disabled = false;
    readFrames();
  } catch (error) {
    if (!isMine()) return;
    end("");
    say(error.message, { bad: true });
  }
}

async function loadReader() {
  try {
    return await (isSent() ? there : here).load();
  } catch (error) {
    if (kind === "camera" && offer) offer.open = true;
    throw error;
  }
}

// Read frame after frame, one at a time, until this run is over.
async function readFrames() {
  run = now_s();
  const mine = run;
  const isMine = () => run === mine;
  const used = isSent() ? there : here;
  let next_s = video.currentTime; // of a file
  try {
    while (isMine()) {
      const reached_s = await (kind === "file" ? playTo(video, next_s, isMine) : nextFrame(video));
      if (!isMine()) return;
      if (reached_s === null) return finishFile();
      const reading = await used.read(video);
      if (!isMine()) return;
      if (!reading) continue; // the server had no time
      next_s = reached_s + STEP_S;
      show(reading, kind === "file" ? reached_s : reading.taken_s);
    }
  } catch (error) {
    if (!isMine()) return;
    end("");
    say(`Reading stopped: ${error.message}`, { bad: true });
  }
}

function finishFile() {
  run = 0;
  become("done");
  history.draw();
  say(`The video was read to its end, on this device. ${recorder.isOn ? "“Stop and save” gives the numbers." : ""}`);
}

function show({ width, height, faces, taken_s }, time_s) {
  Object.assign(view, { width, height });
  seen = tracker.update(faces, time_s, settings);
  overlay.draw(seen, spec, view);
  showPeople(part("people"), seen, spec.labels);
  part("nobody").textContent = "No face in sight.";
  history.add(seen, time_s);
  recorder.add(seen, time_s);
  // Some recordings do not say how long they are.
  const whole = Number.isFinite(video.duration) ? ` of ${video.duration.toFixed(1)}` : "";
  if (kind === "file") part("figures").textContent = `${time_s.toFixed(1)}${whole} seconds were read`;
  else tell(figures.add(taken_s, now_s()));
}

// Say how fast reading is, and where this device is too slow, what can be done.
function tell(means) {
  if (!means) return;
  const { rate, delay_ms, total, isSlow } = means;
  Object.assign(part("figures").dataset, { rate, delayMs: delay_ms, frames: total });
  const isSlowHere = isSlow && !isSent();
  const hint = isSlowHere ? ". This device is slow or busy: boxes lag behind faces that move." : "";
  part("figures").textContent = `${rate.toFixed(1)} frames a second, ${delay_ms.toFixed(0)} ms from a frame to its boxes${hint}`;
  if (isSlowHere && offer) offer.open = true;
}

function togglePause() {
  if (root.dataset.state === "paused") {
    if (kind === "camera") video.play();
    figures.restart();
    become("on");
    readFrames();
  } else {
    run = 0;
    there?.cancel();
    video.pause();
    become("paused");
  }
}

// Let the server read the camera, which the words beside the button explain, or this device again.
function readBy(chosen) {
  reader = chosen;
  if (send) send.textContent = reader === there ? "Read on this device again" : send.dataset.words;
}

// What a person has agreed to ends with the camera.
function end(reason) {
  stop(reason);
  readBy(here);
}

function toggleServer() {
  readBy(reader === here ? there : here);
  if (reader === there || root.dataset.state !== "off") begin("camera");
}

async function takeSnapshot() {
  const colourOf = (index) => ({ fill: colour(`--saved-label-${index}`), ink: colour(`--saved-ink-${index}`) });
  save(await overlay.snapshot(video, { view, colourOf }), "live-mien.jpg");
}

function toggleRecording() {
  if (recorder.isOn) say(`Saved ${recorder.save()} rows.`);
  else recorder.start(spec.labels, kind === "file" ? 0 : now_s());
}

start.addEventListener("click", () => (root.dataset.state === "off" ? begin("camera") : end(kind === "camera" ? "The camera is off." : "The video is closed.")));
opener.addEventListener("click", () => file.click());
file.addEventListener("change", () => {
  const [opened] = file.files;
  if (opened) {
    readBy(here);
    begin("file", opened);
  }
  file.value = "";
});
pause.addEventListener("click", togglePause);
shoot.addEventListener("click", takeSnapshot);
record.addEventListener("click", toggleRecording);
camera.addEventListener("change", () => begin("camera"));
send?.addEventListener("click", toggleServer);
root.addEventListener("input", () => Object.assign(settings, readSettings(root)));
document.addEventListener("visibilitychange", () => {
  if (!document.hidden || !isOpen(video)) return;
  if (kind === "camera") end("The camera was switched off when you left this page.");
  else if (root.dataset.state === "on") togglePause();
});
addEventListener("pagehide", () => end(""));
Object.assign(settings, readSettings(root));
become("off");
for (const button of [start, opener]) button.disabled = false;
if (send) send.disabled = false;
