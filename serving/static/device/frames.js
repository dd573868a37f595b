// Reads the frames of a camera, or of a video that a person opens, one at a time.

const STEP_S = 0.2; // between two frames of a video that are read, as in `mien video`

// Wait until a video shows another frame. Resolves to its time in the video, in seconds.
const nextFrame = (video) =>
  new Promise((resolve) => {
    if (video.requestVideoFrameCallback) video.requestVideoFrameCallback((_, { mediaTime }) => resolve(mediaTime));
    else requestAnimationFrame(() => resolve(video.currentTime));
  });

// The frames of a camera, of which each is given once. It takes note of them also while one is read,
// so that the newest can be read as soon as that is done.
class Frames {
  #video;
  #isOn = true;
  #shown_s = null; // when the newest frame was shown; null once it was given
  #wake = null;

  constructor(video) {
    this.#video = video;
    this.#watch();
  }

  #watch() {
    const note = (shown_ms) => {
      if (!this.#isOn) return;
      this.#shown_s = shown_ms / 1000;
      this.#wake?.();
      this.#watch();
    };
    if (this.#video.requestVideoFrameCallback) this.#video.requestVideoFrameCallback((_, { presentationTime }) => note(presentationTime));
    else requestAnimationFrame(note);
  }

  // Resolves to when the newest frame was shown, in seconds of `performance.now()`; null after `stop`.
  async next() {
    while (this.#isOn && this.#shown_s === null) {
      await new Promise((resolve) => {
        this.#wake = resolve;
      });
    }
    const shown_s = this.#shown_s;
    this.#shown_s = null;
    return this.#isOn ? shown_s : null;
  }

  stop() {
    this.#isOn = false;
    this.#wake?.();
  }
}

// Let a file go on to a time, and halt there, so that a slow device passes nothing over. Resolves to
// the time that was reached; null at the end, where the rest is damaged, which `video.error` then says,
// or where that is not wanted any more.
async function playTo(video, time_s, isWanted) {
  if (video.ended || video.error) return null;
  const ended = new Promise((resolve) => {
    video.onended = video.onerror = () => resolve(null);
  });
  let reached_s = nextFrame(video);
  await video.play().catch((error) => {
    if (!video.error && isWanted()) throw error;
  });
  for (;;) {
    const shown_s = await Promise.race([reached_s, ended]);
    if (shown_s === null || !isWanted()) return null;
    if (shown_s >= time_s) {
      video.pause();
      return shown_s;
    }
    reached_s = nextFrame(video);
  }
}

// What is read in the frames of a camera: always in the newest, until that is not wanted any more.
// `time_s` is when a frame was shown; where none could be read there is `waiting` instead, which says
// why.
export async function* readCamera(video, reader, isWanted) {
  const frames = new Frames(video);
  try {
    while (isWanted()) {
      const shown_s = await frames.next();
      if (!isWanted()) return;
      const reading = await reader.read(video, shown_s);
      if (!isWanted()) return;
      if (reading) yield { ...reading, time_s: reading.taken_s };
    }
  } finally {
    frames.stop();
  }
}

// What is read in the frames of a file, to its end; `time_s` is their time in the video.
export async function* readFile(video, reader, isWanted) {
  let time_s = video.currentTime;
  while (isWanted()) {
    time_s = await playTo(video, time_s, isWanted);
    if (time_s === null) return;
    const reading = await reader.read(video, performance.now() / 1000);
    if (!isWanted()) return;
    yield { ...reading, time_s };
    time_s += STEP_S;
  }
}
