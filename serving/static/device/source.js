// The camera: which there are, opened and closed.

const WIDTH_PX = 640; // ideal: faces need no more, and larger frames take longer
const REASONS = {
  NotAllowedError: "The camera was refused. Allow it in the browser's settings for this page.",
  NotFoundError: "No camera was found.",
  NotReadableError: "The camera is used by another program. Close that, then try again.",
  OverconstrainedError: "This camera is not there any more. Choose another one.",
};

export async function cameras() {
  const devices = (await navigator.mediaDevices?.enumerateDevices()) ?? [];
  return devices.filter(({ kind }) => kind === "videoinput");
}

// Show a camera in a video element; resolve to whether one looks at oneself in it.
export async function open(video, deviceId) {
  close(video);
  if (!navigator.mediaDevices) throw new Error("This page has no camera: browsers give one only to pages over https, or on this machine.");
  const choice = deviceId ? { deviceId: { exact: deviceId } } : { facingMode: "user" };
  try {
    video.srcObject = await navigator.mediaDevices.getUserMedia({ video: { ...choice, width: { ideal: WIDTH_PX } } });
  } catch (error) {
    throw new Error(REASONS[error.name] ?? `The camera did not start: ${error.message}`);
  }
  await video.play();
  const [track] = video.srcObject.getVideoTracks();
  return track.getSettings().facingMode !== "environment";
}

export function close(video) {
  for (const track of video.srcObject?.getTracks() ?? []) track.stop();
  video.srcObject = null;
}
