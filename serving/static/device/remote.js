// Frames of the camera that the server reads, where this device is too slow. They are sent only after a
// person has agreed: small, one at a time, and no faster than `perMinute` of `serving/web/settings.py`.

import { toVideo } from "./local.js";
import { specOf } from "./spec.js";

const ADDRESS = new URL("../../../live/frame", import.meta.url);
const LONGEST_PX = 480; // `templates/live.html` says so
const QUALITY = 0.8;
const AWAY_S = 2; // before another try, where the server does not say when
const ANSWER_S = 25; // the longest that an answer may take; the server ends its own work after 20
const LOST_S = 30; // without any answer, after which the camera is switched off
const BUSY = [429, 503];
const UNREACHED = [502, 504]; // what a proxy says where the server behind it does not answer

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
  #lost_s = null; // since when there was no answer

  constructor(perMinute) {
    this.#gap_ms = 60_000 / perMinute;
  }

  async load() {
    this.#spec = await specOf();
    return this.#spec;
  }

  // Send the frame that a video shows. Where it was not read, the answer has `waiting` alone, which
  // says why, or is null where `cancel` was called meanwhile.
  async read(video) {
    const running = new AbortController();
    this.#running = running;
    await wait(this.#next_ms - performance.now());
    if (running.signal.aborted) return null;
    this.#next_ms = performance.now() + this.#gap_ms;
    const taken_s = performance.now() / 1000;
    const [width, height] = [video.videoWidth, video.videoHeight];
    const late = setTimeout(() => running.abort(), 1000 * ANSWER_S);
    try {
      const answer = await fetch(ADDRESS, { method: "POST", body: await toJpeg(video), signal: running.signal });
      if (UNREACHED.includes(answer.status)) return this.#lost(taken_s);
      this.#lost_s = null;
      if (BUSY.includes(answer.status)) return this.#busy(Number(answer.headers.get("Retry-After")) || AWAY_S);
      const content = await answer.json().catch(() => ({}));
      if (!answer.ok) throw new Error(content.detail ?? content.title ?? `the server answered with ${answer.status}.`);
      const scale = [width / content.image.width, height / content.image.height];
      return { width, height, taken_s, faces: content.faces.map((face) => toFace(face, this.#spec.labels, scale)) };
    } catch (error) {
      if (this.#running !== running) return null;
      if (running.signal.aborted || error instanceof TypeError) return this.#lost(taken_s);
      throw error;
    } finally {
      clearTimeout(late);
    }
  }

  #busy(away_s) {
    this.#next_ms = performance.now() + 1000 * away_s;
    return { waiting: `The server is busy. The next frame is sent in ${away_s} seconds.` };
  }

  #lost(taken_s) {
    this.#lost_s ??= taken_s;
    const now_s = performance.now() / 1000;
    if (now_s - this.#lost_s > LOST_S) {
      this.#lost_s = null;
      throw new Error(`the server could not be reached for ${LOST_S} seconds. Check the connection, then send frames again.`);
    }
    this.#next_ms = 1000 * (now_s + AWAY_S);
    return { waiting: "The server cannot be reached. Trying again…" };
  }

  // Send nothing any more; what is on its way is given up.
  cancel() {
    const running = this.#running;
    this.#running = null;
    this.#lost_s = null;
    running?.abort();
  }
}
