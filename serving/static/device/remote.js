// Frames of the camera that the server reads, where this device is too slow. They are sent only after a
// person has agreed: small, one at a time, and no faster than `perMinute` of `serving/web/settings.py`.

import { toVideo } from "./local.js";
import { specOf } from "./spec.js";

const ADDRESS = new URL("../../../live/frame", import.meta.url);
const LONGEST_PX = 480; // `templates/live.html` says so
const QUALITY = 0.8;
const AWAY_S = 2; // before another try, where the server is busy and does not say for how long

const wait = (time_ms) => new Promise((resolve) => setTimeout(resolve, time_ms));

async function toJpeg(video) {
  const scale = Math.min(1, LONGEST_PX / Math.max(video.videoWidth, video.videoHeight));
  const [width, height] = [video.videoWidth, video.videoHeight].map((length) => Math.max(1, Math.round(scale * length)));
  const canvas = Object.assign(document.createElement("canvas"), { width, height });
  canvas.getContext("2d").drawImage(video, 0, 0, width, height);
  return new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", QUALITY));
}

// A face of the API as one that was read here.
function toFace({ box, probabilities }, labels, scale) {
  const { left, top, right, bottom } = box;
  const face = { left, top, width: right - left, height: bottom - top, probabilities: labels.map((label) => probabilities[label]) };
  return toVideo(face, scale);
}

export class RemoteReader {
  #gap_ms;
  #next_ms = 0;
  #spec = null;
  #running = null;

  constructor(perMinute) {
    this.#gap_ms = 60_000 / perMinute;
  }

  async load() {
    this.#spec = await specOf();
    return this.#spec;
  }

  // Send the frame that a video shows; null where it was not read: the server is busy, or `cancel` was
  // called meanwhile.
  async read(video) {
    const running = new AbortController();
    this.#running = running;
    await wait(this.#next_ms - performance.now());
    if (running.signal.aborted) return null;
    this.#next_ms = performance.now() + this.#gap_ms;
    const taken_s = performance.now() / 1000;
    const [width, height] = [video.videoWidth, video.videoHeight];
    const body = await toJpeg(video);
    try {
      const answer = await fetch(ADDRESS, { method: "POST", body, signal: running.signal });
      if (answer.status === 429 || answer.status === 503) {
        this.#next_ms = performance.now() + 1000 * (Number(answer.headers.get("Retry-After")) || AWAY_S);
        return null;
      }
      const content = await answer.json();
      if (!answer.ok) throw new Error(content.detail ?? content.title);
      const scale = [width / content.image.width, height / content.image.height];
      return { width, height, taken_s, faces: content.faces.map((face) => toFace(face, this.#spec.labels, scale)) };
    } catch (error) {
      if (running.signal.aborted) return null;
      throw error;
    }
  }

  // Send nothing any more; what is on its way is given up.
  cancel() {
    this.#running?.abort();
  }
}
