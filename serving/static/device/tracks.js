// Which face of this frame is which of the last: each keeps its number while it is in sight, and for
// some time after. Faces are { left, top, width, height }, with probabilities where they were read in
// this frame; times are in seconds.

import { overlap } from "./detector.js";
import { OneEuro, SmoothOdds, SteadyWord } from "./smoothing.js";

// A face may be this far from where it was expected, in widths of a face; one that was away, farther.
const REACH = 0.9;
const REACH_BACK = 1.6;
const MOST_GROWTH = 2;
// A face that is hidden by another moves on as before for so long.
const COAST_S = 0.7;
const SPEED_S = 0.15; // over which its speed is averaged
const SIGHTINGS = 2; // before a face gets a number

const middle = ({ left, top, width, height }) => [left + width / 2, top + height / 2];

class Track {
  number = null;
  sightings = 0;
  probabilities = null; // until it was read
  speed = [0, 0];

  constructor(face, time_s) {
    this.face = face;
    this.seen_s = time_s;
    this.odds = new SmoothOdds();
    this.word = new SteadyWord();
    this.filters = { left: new OneEuro(), top: new OneEuro(), width: new OneEuro(), height: new OneEuro() };
  }

  expected(time_s) {
    const gap_s = Math.min(time_s - this.seen_s, COAST_S);
    const { left, top, width, height } = this.face;
    return { left: left + this.speed[0] * gap_s, top: top + this.speed[1] * gap_s, width, height };
  }

  // How badly a face fits to this track, from 0; infinite where it cannot be the same.
  misfit(face, time_s, keep_s) {
    const away_s = time_s - this.seen_s;
    const expected = this.expected(time_s);
    const [x, y] = middle(expected);
    const [u, v] = middle(face);
    const size = (face.width + expected.width) / 2;
    const apart = Math.hypot(u - x, v - y) / size;
    const growth = Math.max(face.width / expected.width, expected.width / face.width);
    const reach = REACH + (REACH_BACK - REACH) * Math.min(1, away_s / COAST_S);
    if (apart > reach || growth > MOST_GROWTH || away_s > keep_s) return Infinity;
    return apart + (1 - overlap(expected, face)) + Math.log(growth);
  }

  take(face, time_s, settings) {
    const gap_s = time_s - this.seen_s;
    if (gap_s > 0 && this.sightings > 0) {
      const [x, y] = middle(this.face);
      const [u, v] = middle(face);
      // After it was away its speed is a new one.
      const weight = gap_s > COAST_S ? 0 : 1 - Math.exp(-gap_s / SPEED_S);
      const old = gap_s > COAST_S ? [0, 0] : this.speed;
      this.speed = [old[0] + weight * ((u - x) / gap_s - old[0]), old[1] + weight * ((v - y) / gap_s - old[1])];
    }
    this.face = face;
    this.seen_s = time_s;
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
      .flatMap((track) => faces.map((face) => ({ track, face, misfit: track.misfit(face, time_s, settings.keep_s) })))
      .filter(({ misfit }) => Number.isFinite(misfit))
      .sort((one, other) => one.misfit - other.misfit);
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
    this.#tracks = this.#tracks.filter(({ seen_s, number }) => time_s - seen_s <= (number === null ? 0 : settings.keep_s));
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
