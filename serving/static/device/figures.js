// How many frames are read in a second, and how long after a frame its boxes are drawn.

const FRAMES = 15; // that are averaged
const SLOW = 4; // frames a second, below which boxes lag behind faces that move

export class Figures {
  #frames = [];
  #total = 0;

  // Take in a frame: when it was shown and when its boxes were, in seconds. Returns the means of the
  // last frames, null while these are few.
  add(taken_s, drawn_s) {
    this.#total += 1;
    this.#frames.push({ taken_s, delay_s: drawn_s - taken_s });
    if (this.#frames.length <= FRAMES) return null;
    this.#frames = this.#frames.slice(-FRAMES - 1);
    const rate = FRAMES / (this.#frames.at(-1).taken_s - this.#frames[0].taken_s);
    const delay_ms = (1000 * this.#frames.reduce((sum, { delay_s }) => sum + delay_s, 0)) / this.#frames.length;
    return { rate, delay_ms, total: this.#total, isSlow: rate < SLOW };
  }

  // After a pause.
  restart() {
    this.#frames = [];
  }
}
