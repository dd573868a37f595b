// A picture from the camera, where there is one.

import { rest } from "./rest.js";
import { say } from "./status.js";

const dialog = document.getElementById("camera");
const video = dialog.querySelector("video");
const countdown = dialog.querySelector(".countdown");
const turn = document.getElementById("turn");
const shoot = document.getElementById("shoot");
const delay = document.getElementById("delay");
const DELAY_S = 3;
const WIDTH_PX = 1280;
const REASONS = {
  NotAllowedError: "The camera was refused. Allow it in the browser's settings for this page, or choose a picture.",
  NotFoundError: "No camera was found. Choose a picture instead.",
  NotReadableError: "The camera is used by another program. Close that, or choose a picture.",
};
const NONE = "This page has no camera: browsers give one only to pages over https, or on this machine. Choose a picture instead.";
const GONE = "The camera is gone: it was unplugged, or this page may not use it any more. Choose a picture instead.";
let facing = "user";
let counting = null;
let take = null;
let begun = 0; // grows each time that the camera is opened or closed

async function cameras() {
  const devices = (await navigator.mediaDevices?.enumerateDevices()) ?? [];
  return devices.filter((device) => device.kind === "videoinput");
}

function sayWhy(error) {
  say(REASONS[error.name] ?? `The camera did not start: ${error.message}`, { bad: true });
}

function stop() {
  begun += 1;
  clearInterval(counting);
  countdown.textContent = "";
  rest(shoot, false);
  for (const track of video.srcObject?.getTracks() ?? []) track.stop();
  video.srcObject = null;
}

// Show the camera, unless it is closed or opened anew before it is there.
async function start() {
  stop();
  const mine = begun;
  const stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: facing, width: { ideal: WIDTH_PX } } });
  const [track] = stream.getVideoTracks();
  if (mine !== begun) {
    track.stop();
    return;
  }
  track.onended = () => {
    dialog.close();
    say(GONE, { bad: true });
  };
  video.srcObject = stream;
  // As in a mirror; the picture itself stays as it is.
  video.classList.toggle("mirrored", facing === "user");
  turn.hidden = (await cameras()).length < 2;
}

function takePicture() {
  const canvas = document.createElement("canvas");
  canvas.width = video.videoWidth;
  canvas.height = video.videoHeight;
  canvas.getContext("2d").drawImage(video, 0, 0);
  return new Promise((resolve) => {
    canvas.toBlob((blob) => resolve(blob && new File([blob], "camera.jpg", { type: "image/jpeg" })), "image/jpeg", 0.95);
  });
}

function countDown(act) {
  let left = DELAY_S;
  const show = () => {
    countdown.textContent = left || "";
    if (left === 0) {
      clearInterval(counting);
      act();
    }
    left -= 1;
  };
  counting = setInterval(show, 1000);
  show();
}

async function snap() {
  const picture = video.videoWidth ? await takePicture() : null;
  dialog.close();
  if (picture) take([picture]);
  else say("The camera had no picture yet. Try again.", { bad: true });
}

// Open the camera from a button; `takeFiles` gets the picture.
export async function openCamera(button, takeFiles) {
  if (!navigator.mediaDevices) {
    say(NONE, { bad: true });
    return;
  }
  take = takeFiles;
  rest(button, true);
  try {
    await start();
    dialog.returnValue = "";
    dialog.showModal();
  } catch (error) {
    sayWhy(error);
  } finally {
    rest(button, false);
  }
}

shoot.addEventListener("click", () => {
  rest(shoot, true);
  if (delay.checked) countDown(snap);
  else snap();
});
turn.addEventListener("click", () => {
  facing = facing === "user" ? "environment" : "user";
  start().catch((error) => {
    dialog.close();
    sayWhy(error);
  });
});
dialog.addEventListener("close", stop);
