// Where pictures come from: a camera, or a video that a person opens, which stays in the browser.

const WIDTH_PX = 640; // of a camera, ideal: faces need no more, and larger frames take longer
const REASONS = {
  NotAllowedError: "The camera was refused. Allow it in the browser's settings for this page.",
  NotFoundError: "No camera was found.",
  NotReadableError: "The camera is used by another program. Close that, then try again.",
  OverconstrainedError: "This camera is not there any more. Choose another one, or start the camera again.",
};
const GONE = "The camera is gone: it was unplugged, or this page may not use it any more.";
const DARK = "The camera gives no picture at the moment. Is it switched off, covered, or used by another program?";

// Fill the choice of cameras, with the one that is shown selected; hide it where there is one only.
export async function listCameras(select, video) {
  const devices = (await navigator.mediaDevices?.enumerateDevices()) ?? [];
  const cameras = devices.filter(({ kind }) => kind === "videoinput");
  select.replaceChildren(...cameras.map(({ deviceId, label }, index) => new Option(label || `Camera ${index + 1}`, deviceId)));
  select.value = video.srcObject?.getVideoTracks()[0].getSettings().deviceId ?? "";
  select.closest("label").hidden = cameras.length < 2;
}

// Show a camera in a video element, unless it is not wanted any more once a person has allowed it.
// Resolves to whether one looks at oneself in it.
export async function openCamera(video, deviceId, isWanted) {
  close(video);
  if (!navigator.mediaDevices) throw new Error("This page has no camera: browsers give one only to pages over https, or on this machine.");
  const choice = deviceId ? { deviceId: { exact: deviceId } } : { facingMode: "user" };
  let stream = null;
  try {
    stream = await navigator.mediaDevices.getUserMedia({ video: { ...choice, width: { ideal: WIDTH_PX } } });
  } catch (error) {
    throw new Error(REASONS[error.name] ?? `The camera did not start: ${error.message}`);
  }
  const [track] = stream.getVideoTracks();
  if (!isWanted()) {
    track.stop();
    return false;
  }
  video.srcObject = stream;
  await video.play();
  return track.getSettings().facingMode !== "environment";
}

// Say what happens to the camera that a video element shows: `ended` when it is gone for good, `dark`
// while it gives no picture, `back` when it does again. A camera that is closed here says nothing.
export function watchCamera(video, { ended, dark, back }) {
  const [track] = video.srcObject.getVideoTracks();
  track.onended = () => ended(GONE);
  track.onmute = () => dark(DARK);
  track.onunmute = back;
  if (track.readyState === "ended") ended(GONE);
  else if (track.muted) dark(DARK);
}

// Show a video of the person's own in a video element, at its first frame.
export async function openFile(video, file) {
  close(video);
  await new Promise((resolve, reject) => {
    video.onloadeddata = resolve;
    video.onerror = () => reject(new Error(`${file.name} cannot be played by this browser. Try an MP4 (H.264) or a WebM.`));
    video.src = URL.createObjectURL(file);
  });
  if (!video.videoWidth) throw new Error(`${file.name} has no picture, or one of a kind that this browser cannot show. Try an MP4 (H.264) or a WebM.`);
}

// Take a video that is dropped anywhere on the page.
export function takeDropped(take) {
  document.addEventListener("dragover", (event) => event.preventDefault());
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    const [file] = event.dataTransfer.files;
    if (file) take(file);
  });
}

export const isOpen = (video) => Boolean(video.srcObject || video.src);

export function close(video) {
  for (const track of video.srcObject?.getTracks() ?? []) {
    track.onended = track.onmute = track.onunmute = null;
    track.stop();
  }
  video.srcObject = null;
  if (!video.src) return;
  URL.revokeObjectURL(video.src);
  video.removeAttribute("src");
  video.load();
}
