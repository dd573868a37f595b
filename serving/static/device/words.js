// What may be said of an answer. Mirrors `serving.inference.certainty`.

import { calibration } from "./outputs.js";

const LEAST_SECOND = 0.1; // `serving.inference.certainty.LEAST_SECOND`
const capitalize = (word) => word[0].toUpperCase() + word.slice(1);
export const percent = (fraction) => `${(100 * fraction).toFixed(0)}\u00a0%`;

// The indices of the likeliest label and of the second.
export function likeliest(probabilities) {
  const order = probabilities.map((_, index) => index).sort((one, other) => probabilities[other] - probabilities[one]);
  return [order[0], order[1]];
}

// As `Record.level`: how sure the answer is.
export function levelOf(confidence, spec, balance = null) {
  if (confidence >= calibration(spec.output, balance).sureConfidence) return "sure";
  return confidence >= spec.probable_from ? "probable" : "open";
}

// As `headline`.
export function headline(label, second, level) {
  if (level === "open") return `${capitalize(label)} or ${second}?`;
  return level === "probable" ? `Probably ${label}` : capitalize(label);
}

// As `odds`; each of both is a label and its probability.
export function odds([label, first], [second, other], level) {
  const alone = other < LEAST_SECOND && level !== "open";
  return alone ? `${percent(first)} ${label}.` : `${percent(first)} ${label}, ${percent(other)} ${second}.`;
}

// As `group_of`.
export function groupOf(label, level) {
  if (level === "open") return "too close to call";
  return level === "probable" ? `probably ${label}` : label;
}
