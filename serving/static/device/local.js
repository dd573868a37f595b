// Frames that this device reads itself; `remote.js` has the same for the server.

import { load, readFrame } from "./client.js";

const LONGEST_PX = 960; // larger frames are shrunk, as `mien video` does

// A face of a shrunk frame in pixels of the video.
export function toVideo({ left, top, width, height, ...rest }, [across, down]) {
  return { ...rest, left: left * across, top: top * down, width: width * across, height: height * down };
}

export class LocalReader {
  load(tell) {
    return load(tell);
  }

  // Read the frame that a video shows since `taken_s`: its size, that time, and its faces.
  async read(video, taken_s) {
    const [width, height] = [video.videoWidth, video.videoHeight];
    const scale = Math.min(1, LONGEST_PX / Math.max(width, height));
    const size = scale < 1 ? { resizeWidth: Math.round(scale * width), resizeHeight: Math.round(scale * height) } : {};
    const reading = await readFrame(await createImageBitmap(video, size));
    const back = [width / reading.width, height / reading.height];
    return { width, height, taken_s, faces: reading.faces.map((face) => toVideo(face, back)) };
  }

  cancel() {} // what is being read stays here
}
