// The live camera: frames go from the video to the worker, and what it reads is drawn over them.

import { colour } from "../charts.js";
import { load, readFrame } from "./client.js";
import { Overlay } from "./overlay.js";
import { showPeople } from "./people.js";
import { Recording } from "./recording.js";
import { cameras, close, open } from "./stream.js";
import { Timeline } from "./timeline.js";
import { Tracker } from "./tracks.js";

const CHART_S = 1; // between two drawings of the chart
const FIGURES_FRAMES = 15; // over which speed and delay are averaged
const SLOW = 4; // frames a second, below which a person is told

const root = document.getElementById("live");
const part = (name) => root.querySelector(`[data-part=${name}]`);
const video = root.querySelector("video");
const [start, pause, shoot, record, camera, chart, subject] = ["start", "pause", "shoot", "record", "camera", "chart", "subject"].map(part);
const overlay = new Overlay(part("marks"));
const settings = {};
let spec = null;
let view = null;
let seen = [];
let tracker = null;
let timeline = null;
let recording = null;
let charted_s = 0;
let picked = null; // the face whose chart was asked for
let frames = [];
let total = 0;
let run = 0; // a number for each time that frames are read; 0 while none are

const now_s = () => performance.now() / 1000;

function say(text, { bad = false } = {}) {
  part("status").textContent = text;
  part("status").classList.toggle("bad", bad);
}

// off, on or paused: what shows, and which buttons do something.
function become(state) {
  root.dataset.state = state;
  start.textContent = state === "off" ? "Start the camera" : "Stop the camera";
  pause.textContent = state === "paused" ? "Go on" : "Pause";
  for (const button of [pause, shoot, record]) button.disabled = state === "off";
  part("lamp").hidden = state === "off";
  part("lamp").textContent = state === "paused" ? "Camera is on, paused" : "Camera is on";
  document.title = `${state === "off" ? "" : "● "}Live camera - Mien`;
}

async function listCameras() {
  const found = await cameras();
  camera.replaceChildren(...found.map(({ deviceId, label }, index) => new Option(label || `Camera ${index + 1}`, deviceId)));
  camera.value = video.srcObject?.getVideoTracks()[0].getSettings().deviceId ?? "";
  camera.closest("label").hidden = found.length < 2;
}

function save(blob, name) {
  const url = URL.createObjectURL(blob);
  Object.assign(document.createElement("a"), { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

function finishRecording() {
  if (!recording) return;
  save(new Blob([recording.toCsv()], { type: "text/csv" }), "live-mien.csv");
  say(`Saved ${recording.rows} rows.`);
  recording = null;
  record.textContent = "Record as CSV";
  record.ariaPressed = "false";
}

function stop(reason) {
  run = 0;
  finishRecording();
  close(video);
  seen = [];
  overlay.clear();
  become("off");
  say(reason);
}

async function begin() {
  start.disabled = true;
  try {
    say("Starting the camera…");
    const isMirrored = await open(video, camera.value);
    part("lamp").hidden = false;
    say("Loading what reads faces on this device, once…");
    spec = await load();
    // It may have been stopped meanwhile.
    if (!video.srcObject) return;
    view = { width: video.videoWidth, height: video.videoHeight, isMirrored };
    video.classList.toggle("mirrored", isMirrored);
    [tracker, timeline, charted_s, frames] = [new Tracker(), new Timeline(), 0, []];
    become("on");
    await listCameras();
    say("Nothing is sent: this device reads every frame itself.");
    readFrames();
  } catch (error) {
    stop("");
    say(error.message, { bad: true });
  } finally {
    start.disabled = false;
  }
}

const nextFrame = () => new Promise((resolve) => (video.requestVideoFrameCallback ? video.requestVideoFrameCallback(resolve) : requestAnimationFrame(resolve)));

// Read frame after frame, one at a time, until this run is over.
async function readFrames() {
  run = now_s();
  const mine = run;
  try {
    while (run === mine) {
      await nextFrame();
      if (run !== mine) return;
      const taken_s = now_s();
      const reading = await readFrame(await createImageBitmap(video));
      if (run === mine) show(reading, taken_s);
    }
  } catch (error) {
    if (run !== mine) return;
    stop("");
    say(`Reading stopped: ${error.message}`, { bad: true });
  }
}

function show({ width, height, faces }, taken_s) {
  Object.assign(view, { width, height });
  seen = tracker.update(faces, taken_s, settings);
  overlay.draw(seen, spec, view);
  showPeople(part("people"), seen, spec.labels);
  part("nobody").textContent = "No face in sight.";
  timeline.add(seen, taken_s);
  recording?.add(seen, taken_s);
  if (recording) record.textContent = `Stop and save (${recording.rows} rows)`;
  measure(taken_s);
  if (taken_s - charted_s > CHART_S) drawChart(taken_s);
}

function measure(taken_s) {
  total += 1;
  frames.push({ taken_s, delay_s: now_s() - taken_s });
  if (frames.length <= FIGURES_FRAMES) return;
  const last = frames.slice(-FIGURES_FRAMES - 1);
  const rate = FIGURES_FRAMES / (last.at(-1).taken_s - last[0].taken_s);
  const delay_ms = (1000 * last.reduce((sum, { delay_s }) => sum + delay_s, 0)) / last.length;
  Object.assign(part("figures").dataset, { rate, delayMs: delay_ms, frames: total });
  const hint = rate < SLOW ? ". This device is slow or busy: boxes lag behind faces that move." : "";
  part("figures").textContent = `${rate.toFixed(1)} frames a second, ${delay_ms.toFixed(0)} ms from a frame to its boxes${hint}`;
  frames = last;
}

async function drawChart(time_s) {
  charted_s = time_s;
  const { numbers } = timeline;
  const chosen = numbers.includes(picked) ? picked : (seen[0]?.number ?? numbers.at(-1));
  subject.replaceChildren(...numbers.map((number) => new Option(`Face ${number}`, number, false, number === chosen)));
  part("history").hidden = numbers.length === 0;
  if (chosen === undefined) return;
  const isDrawn = await timeline.draw(chart, chosen, spec.labels, time_s);
  part("no-chart").hidden = isDrawn;
}

function togglePause() {
  if (root.dataset.state === "paused") {
    video.play();
    frames = [];
    become("on");
    readFrames();
  } else {
    run = 0;
    video.pause();
    become("paused");
  }
}

async function takeSnapshot() {
  const colourOf = (index) => ({ fill: colour(`--saved-label-${index}`), ink: colour(`--saved-ink-${index}`) });
  save(await overlay.snapshot(video, { view, colourOf }), "live-mien.jpg");
}

function toggleRecording() {
  if (recording) {
    finishRecording();
    return;
  }
  recording = new Recording(spec.labels, now_s());
  record.ariaPressed = "true";
  record.textContent = "Stop and save (0 rows)";
}

function readSettings() {
  for (const input of root.querySelectorAll("[data-setting]")) {
    settings[input.dataset.setting] = Number(input.value) * Number(input.dataset.unit ?? 1);
    input.closest("label").querySelector("output").textContent = input.value;
  }
}

start.addEventListener("click", () => (root.dataset.state === "off" ? begin() : stop("The camera is off.")));
pause.addEventListener("click", togglePause);
shoot.addEventListener("click", takeSnapshot);
record.addEventListener("click", toggleRecording);
camera.addEventListener("change", begin);
subject.addEventListener("change", () => {
  picked = Number(subject.value);
  drawChart(now_s());
});
root.addEventListener("input", readSettings);
document.addEventListener("visibilitychange", () => {
  if (document.hidden && video.srcObject) stop("The camera was switched off when you left this page.");
});
addEventListener("pagehide", () => stop(""));
readSettings();
become("off");
start.disabled = false;
