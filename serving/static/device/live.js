// The live page: frames go from the camera, or from a video that a person opens, to a reader, and what
// it reads is drawn over them.

import { colour } from "../charts.js";
import { save } from "../save.js";
import { loadingWords } from "./download.js";
import { Figures } from "./figures.js";
import { readCamera, readFile } from "./frames.js";
import { History } from "./history.js";
import { LocalReader } from "./local.js";
import { Overlay } from "./overlay.js";
import { Panel } from "./panel.js";
import { showPeople } from "./people.js";
import { Recorder } from "./recording.js";
import { RemoteReader } from "./remote.js";
import { readSettings } from "./settings.js";
import { close, isOpen, listCameras, openCamera, openFile, takeDropped, watchCamera } from "./source.js";
import { Tracker } from "./tracks.js";

// What happens to frames, said when it begins.
const HERE = "Nothing is sent: this device reads every frame itself.";
const LEFT = "The camera was switched off when you left this page.";
const THERE = "Smaller copies of the frames go to the server, which reads them and stores nothing.";

const root = document.getElementById("live");
const part = (name) => root.querySelector(`[data-part=${name}]`);
const video = root.querySelector("video");
const names = ["start", "open", "file", "pause", "shoot", "record", "camera", "send"];
const [start, opener, file, pause, shoot, record, camera, send] = names.map(part);
const panel = new Panel(root, part);
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
let tracker = null;
let begun = 0; // grows each time that something is opened or closed
let run = 0; // a number for each time that frames are read; 0 while none are

const now_s = () => performance.now() / 1000;
const isSent = () => kind === "camera" && reader === there;
const become = (state) => panel.become(state, { kind, isSent: isSent() });
const sayWhere = () => panel.say(isSent() ? THERE : HERE);

function stop(reason) {
  run = 0;
  begun += 1;
  there?.cancel();
  // A file can be read again.
  if (recorder.isOn && kind === "camera") recorder.save();
  else recorder.drop();
  close(video);
  overlay.clear();
  become("off");
  panel.say(reason);
}

// Show the camera or a file, and read it, unless it is stopped meanwhile.
async function begin(chosen, opened) {
  stop("");
  kind = chosen;
  become("opening");
  const mine = begun;
  const isMine = () => begun === mine;
  try {
    const isMirrored = await open(opened, isMine);
    if (!isMine()) return;
    video.classList.toggle("mirrored", isMirrored);
    become("loading");
    spec = await loadReader(isMine);
    if (kind === "camera") await listCameras(camera, video);
    if (!isMine()) return;
    view = { width: video.videoWidth, height: video.videoHeight, isMirrored, whole_s: video.duration, reached_s: 0 };
    tracker = new Tracker();
    history.restart(spec.labels);
    figures.restart();
    become("on");
    sayWhere();
    // A file is recorded from its start.
    if (kind === "file") recorder.start(spec.labels, 0);
    if (kind === "camera") watchCamera(video, { ended: fail, dark: wait, back: sayWhere });
    readFrames();
  } catch (error) {
    if (!isMine()) return;
    fail(error.message);
    // The one that was chosen may be gone.
    if (kind === "camera") await listCameras(camera, video).catch(() => {});
  }
}

// Open the camera or a file. Resolves to whether one looks at oneself in it.
async function open(opened, isMine) {
  if (kind === "file") {
    panel.say(`Opening ${opened.name}…`);
    await openFile(video, opened);
    return false;
  }
  panel.say("Starting the camera…");
  // Who left the page before they allowed it does not see that it is on.
  const isWanted = () => isMine() && !document.hidden;
  const isMirrored = await openCamera(video, camera.value, isWanted);
  if (isMine() && !isWanted()) end(LEFT);
  return isMirrored;
}

async function loadReader(isMine) {
  const tell = (progress) => isMine() && panel.say(loadingWords(progress));
  try {
    return await (isSent() ? there.load() : here.load(tell));
  } catch (error) {
    if (kind === "camera") panel.offerServer();
    throw error;
  }
}

// Switch off because of what went wrong.
function fail(why) {
  end("");
  panel.say(why, { bad: true });
}

// Say why no frame is read for a while; boxes would be old.
function wait(why) {
  overlay.clear();
  panel.say(why, { bad: true });
}

// Show what is read in frame after frame, until this run is over.
async function readFrames() {
  run = now_s();
  const mine = run;
  const isMine = () => run === mine;
  let isWaiting = false;
  try {
    const readings = kind === "file" ? readFile(video, here, isMine) : readCamera(video, isSent() ? there : here, isMine);
    for await (const reading of readings) {
      if (reading.waiting) wait(reading.waiting);
      else {
        if (isWaiting) sayWhere();
        show(reading);
      }
      isWaiting = Boolean(reading.waiting);
    }
    if (isMine()) finishFile();
  } catch (error) {
    if (isMine()) fail(`Reading stopped: ${error.message}`);
  }
}

function finishFile() {
  run = 0;
  become("done");
  history.draw();
  panel.tellEnd(view, { isBroken: video.error !== null, isRecorded: recorder.isOn });
}

function show({ width, height, faces, taken_s, time_s }) {
  Object.assign(view, { width, height, reached_s: time_s });
  const seen = tracker.update(faces, time_s, settings);
  overlay.draw(seen, spec, view);
  showPeople(part("people"), seen, spec.labels);
  part("nobody").textContent = "No face in sight.";
  history.add(seen, time_s);
  recorder.add(seen, time_s);
  if (kind === "file") panel.tellProgress(time_s, video.duration);
  else panel.tell(figures.add(taken_s, now_s()), { isSent: isSent() });
}

function togglePause() {
  if (panel.state === "paused") {
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
  if (reader === there || panel.state !== "off") begin("camera");
}

async function takeSnapshot() {
  const colourOf = (index) => ({ fill: colour(`--saved-label-${index}`), ink: colour(`--saved-ink-${index}`) });
  save(await overlay.snapshot(video, { view, colourOf }), "live-mien.jpg");
}

function toggleRecording() {
  if (recorder.isOn) panel.say(`Saved ${recorder.save()} rows.`);
  else recorder.start(spec.labels, kind === "file" ? 0 : now_s());
}

function readVideo(opened) {
  readBy(here);
  begin("file", opened);
}

start.addEventListener("click", ({ detail }) => {
  if (detail > 1) return; // of a double click, which means one
  if (panel.state === "off") begin("camera");
  else end(kind === "camera" ? "The camera is off." : "The video is closed.");
});
opener.addEventListener("click", () => file.click());
file.addEventListener("change", () => {
  if (file.files.length) readVideo(file.files[0]);
  file.value = "";
});
takeDropped(readVideo);
pause.addEventListener("click", togglePause);
shoot.addEventListener("click", takeSnapshot);
record.addEventListener("click", toggleRecording);
camera.addEventListener("change", () => begin("camera"));
send?.addEventListener("click", toggleServer);
root.addEventListener("input", () => Object.assign(settings, readSettings(root)));
// A camera was plugged in or out.
navigator.mediaDevices?.addEventListener("devicechange", () => video.srcObject && listCameras(camera, video));
document.addEventListener("visibilitychange", () => {
  if (!document.hidden || !isOpen(video)) return;
  if (kind === "camera") end(LEFT);
  else if (panel.state === "on") togglePause();
});
addEventListener("pagehide", () => end(""));
Object.assign(settings, readSettings(root));
become("off");
for (const button of [start, opener, ...(send ? [send] : [])]) button.disabled = false;
