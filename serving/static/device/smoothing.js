// What calms the numbers of a moving face. All times are in seconds.

import { softmax } from "./outputs.js";

const LEAST_PROBABILITY = 1e-4; // of which the logarithm is taken
const SPEED_CUTOFF_HZ = 1;

const weightOf = (cutoff_hz, gap_s) => 1 / (1 + 1 / (2 * Math.PI * cutoff_hz * gap_s));

// The One-Euro filter (Casiez, Roussel and Vogel 2012, doi:10.1145/2207676.2208639): a low pass that
// lets more through the faster its value moves, so that it neither trembles at rest nor lags behind.
export class OneEuro {
  #value = null;
  #speed = 0;
  #time_s = 0;

  // `unit` is the size that speeds are measured in, here the width of the face.
  next(value, time_s, { cutoff_hz, response, unit }) {
    const gap_s = time_s - this.#time_s;
    this.#time_s = time_s;
    if (this.#value === null || gap_s <= 0) {
      this.#value = value;
      return value;
    }
    const speed = (value - this.#value) / gap_s / unit;
    this.#speed += weightOf(SPEED_CUTOFF_HZ, gap_s) * (speed - this.#speed);
    this.#value += weightOf(cutoff_hz + response * Math.abs(this.#speed), gap_s) * (value - this.#value);
    return this.#value;
  }
}

// Probabilities that follow with a time constant: of a change two thirds are there after it.
// Logarithms are averaged, as where several looks at one face are joined.
export class SmoothOdds {
  #logs = null;
  #time_s = 0;

  next(probabilities, time_s, constant_s) {
    const logs = probabilities.map((probability) => Math.log(Math.max(probability, LEAST_PROBABILITY)));
    const weight = this.#logs && constant_s > 0 ? 1 - Math.exp((this.#time_s - time_s) / constant_s) : 1;
    this.#logs = logs.map((log, index) => (weight === 1 ? log : this.#logs[index] + weight * (log - this.#logs[index])));
    this.#time_s = time_s;
    return softmax(this.#logs);
  }
}

// The label that is said: another one takes its place only when it is ahead by a margin, so that
// two that are about equally likely do not take turns.
export class SteadyWord {
  #index = null;

  next(probabilities, margin) {
    const best = probabilities.indexOf(Math.max(...probabilities));
    if (this.#index === null || probabilities[best] - probabilities[this.#index] >= margin) this.#index = best;
    return this.#index;
  }
}
