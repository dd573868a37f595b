// A picture from the camera, where there is one.

import { rest } from "./rest.js";
import { say } from "./status.js";

const dialog = document.getElementById("camera");
const video = dialog.querySelector("video");
const button = document.getElementById("open-camera");
const REASONS = {
  NotAllowedError: "The camera was refused. Allow it in the browser's settings for this page, or choose a picture.",
  NotFoundError: "No camera was found. Choose a picture instead.",
  NotReadableError: "The camera is used by another program. Close that, or choose a picture.",
};

async function hasCamera() {
  const devices = (await navigator.mediaDevices?.enumerateDevices()) ?? [];
  return devices.some((device) => device.kind === "videoinput");
}

function takePicture() {
  const canvas = document.createElement("canvas");
  canvas.width = video.videoWidth;
  canvas.height = video.videoHeight;
  canvas.getContext("2d").drawImage(video, 0, 0);
  return new Promise((resolve) => {
    canvas.toBlob((blob) => resolve(blob && new File([blob], "camera.jpg")), "image/jpeg", 0.95);
  });
}

export async function offerCamera(send) {
  button.addEventListener("click", async () => {
    rest(button, true);
    try {
      video.srcObject = await navigator.mediaDevices.getUserMedia({ video: true });
    } catch (error) {
      say(REASONS[error.name] ?? `The camera did not start: ${error.message}`, { bad: true });
      return;
    } finally {
      rest(button, false);
    }
    dialog.returnValue = "";
    dialog.showModal();
  });
  dialog.addEventListener("close", async () => {
    const picture = dialog.returnValue === "snap" ? await takePicture() : null;
    for (const track of video.srcObject.getTracks()) track.stop();
    video.srcObject = null;
    if (picture) send(picture);
    else if (dialog.returnValue === "snap") say("The camera had no picture yet. Try again.", { bad: true });
  });
  button.hidden = !(await hasCamera());
}
