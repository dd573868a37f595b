// Which face of this frame is which of the last, as `serving.inference.video.tracking` tells it: each
// keeps its number while it is in sight, and for some time after. Faces are { left, top, width, height },
// with probabilities where they were read in this frame; times are in seconds.

import { overlap } from "./detector.js";
import { OneEuro, SmoothOdds, SteadyWord } from "./smoothing.js";

// `tracking.py` has the same, and says what each is.
const REACH = 0.8;
const REACH_PER_S = 1.5;
const MOST_RESIZED = 1.8;
const MOTION_S = 0.5;
const COAST_S = 1;
const ABSENCE_COST = 0.3;
const SIGHTINGS = 2; // before a face gets a number

const middle = ({ left, top, width, height }) => [left + width / 2, top + height / 2];
const distance = ([x, y], [u, v]) => Math.hypot(u - x, v - y);

class Track {
  number = null;
  sightings = 0;
  probabilities = null; // until it was read
  speed = null; // until it was seen twice
  missed_s = null; // when the first frame was shown that it is missing in

  constructor(face, time_s) {
    this.face = face;
    this.seen_s = time_s;
    this.odds = new SmoothOdds();
    this.word = new SteadyWord();
    this.filters = { left: new OneEuro(), top: new OneEuro(), width: new OneEuro(), height: new OneEuro() };
  }

  // For how long it is known to be away. Between frames that are far apart nobody looked.
  goneFor(time_s) {
    return this.missed_s === null ? 0 : time_s - this.missed_s;
  }

  // Where it is expected: it goes on as it moved, ever more slowly.
  expected(unseen_s) {
    const [x, y] = this.speed ?? [0, 0];
    const moving_s = COAST_S * -Math.expm1(-unseen_s / COAST_S);
    return { ...this.face, left: this.face.left + x * moving_s, top: this.face.top + y * moving_s };
  }

  // What it costs to take a face for this one; infinite where it cannot be.
  cost(face, time_s, keep_s) {
    const gone_s = this.goneFor(time_s);
    const resized = Math.max(face.width / this.face.width, this.face.width / face.width);
    if (gone_s > keep_s || resized > MOST_RESIZED) return Infinity;
    const unseen_s = time_s - this.seen_s;
    const expected = this.expected(unseen_s);
    const width = (face.width + this.face.width) / 2;
    let apart = distance(middle(expected), middle(face)) / width;
    // It may have stopped, or turned back, while nobody saw it.
    if (gone_s) apart = Math.min(apart, distance(middle(this.face), middle(face)) / width);
    if (apart > REACH + REACH_PER_S * unseen_s) return Infinity;
    return apart - overlap(expected, face) + ABSENCE_COST * gone_s;
  }

  take(face, time_s, settings) {
    const passed_s = time_s - this.seen_s;
    if (passed_s > 0) {
      const [x, y] = middle(this.face);
      const [u, v] = middle(face);
      const measured = [(u - x) / passed_s, (v - y) / passed_s];
      const weight = -Math.expm1(-passed_s / MOTION_S);
      this.speed = this.speed ? this.speed.map((each, at) => each + weight * (measured[at] - each)) : measured;
    }
    this.face = face;
    this.seen_s = time_s;
    this.missed_s = null;
    this.sightings += 1;
    const { cutoff_hz, response } = settings;
    this.box = Object.fromEntries(Object.entries(this.filters).map(([name, filter]) => [name, filter.next(face[name], time_s, { cutoff_hz, response, unit: face.width })]));
    if (!face.probabilities) return;
    this.probabilities = this.odds.next(face.probabilities, time_s, settings.smooth_s);
    this.index = this.word.next(this.probabilities, settings.margin);
  }
}

export class Tracker {
  #tracks = [];
  #numbers = 0;

  // Take the faces of a frame; return those in sight that have a number, by number.
  update(faces, time_s, settings) {
    const pairs = this.#tracks
      .flatMap((track) => faces.map((face) => ({ track, face, cost: track.cost(face, time_s, settings.keep_s) })))
      .filter(({ cost }) => Number.isFinite(cost))
      .sort((one, other) => one.cost - other.cost);
    const taken = new Set();
    for (const { track, face } of pairs) {
      if (taken.has(track) || taken.has(face)) continue;
      taken.add(track).add(face);
      track.take(face, time_s, settings);
    }
    for (const face of faces.filter((each) => !taken.has(each))) {
      const track = new Track(face, time_s);
      track.take(face, time_s, settings);
      this.#tracks.push(track);
    }
    for (const track of this.#tracks) if (track.seen_s !== time_s) track.missed_s ??= time_s;
    // What has no number yet was perhaps no face.
    this.#tracks = this.#tracks.filter((track) => track.missed_s === null || (track.number !== null && track.goneFor(time_s) <= settings.keep_s));
    const inSight = this.#tracks.filter(({ seen_s, sightings, probabilities }) => seen_s === time_s && probabilities && sightings >= SIGHTINGS);
    for (const track of inSight) {
      if (track.number === null) {
        this.#numbers += 1;
        track.number = this.#numbers;
      }
    }
    return inSight.sort((one, other) => one.number - other.number);
  }
}
