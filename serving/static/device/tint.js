// Pictures that are tinted, or whose colours are noise, are seen in grey. Mirrors `Picture` of
// `preprocessing.faces.picture`.

import { toGrey } from "./grey.js";
import { brighten } from "./light.js";

const LEAST_COLOUR = 8;
const PROBED_EVERY_PX = 16;
const LEAST_COLOURED = 0.1;
const NOISY_COLOUR = 36;
const NOISIER_THAN_GREY = 3.5;
const NEAR_PX = 8;
const TINTED = 2;

// A picture, ImageData, as faces are looked for in it: dark ones brighter, and in grey where colours
// would only hide faces.
export function seen(pixels) {
  const bright = brighten(new ImageData(pixels.data.slice(), pixels.width, pixels.height));
  return hasColours(bright) ? bright : brighten(inGrey(pixels));
}

function inGrey(pixels) {
  toGrey(pixels).data.forEach((level, at) => pixels.data.fill(level, 4 * at, 4 * at + 3));
  return pixels;
}

function median(levels) {
  const sorted = levels.sort((one, other) => one - other);
  const half = (sorted.length - 1) / 2;
  return (sorted[Math.floor(half)] + sorted[Math.ceil(half)]) / 2;
}

function hasColours({ data, width, height }) {
  const grey = toGrey({ data, width, height }).data;
  const sums = [0, 0, 0];
  const [coloured, ofColour, ofGrey] = [[], [], []];
  for (let y = 0; y < height; y += PROBED_EVERY_PX) {
    for (let x = 0; x < width; x += PROBED_EVERY_PX) {
      const at = y * width + x;
      const [red, green, blue] = data.subarray(4 * at, 4 * at + 3);
      [red, green, blue].forEach((level, channel) => (sums[channel] += level));
      coloured.push(Math.max(red, green, blue) - Math.min(red, green, blue) >= LEAST_COLOUR);
      if (x + NEAR_PX >= width) continue;
      const [r, g, b] = data.subarray(4 * (at + NEAR_PX), 4 * (at + NEAR_PX) + 3);
      ofColour.push(Math.max(...[red - r, blue - b].map((change) => Math.abs(change - (green - g)))));
      ofGrey.push(Math.abs(grey[at] - grey[at + NEAR_PX]));
    }
  }
  const [, next, brightest] = sums.sort((one, other) => one - other);
  if (brightest >= TINTED * next || coloured.filter(Boolean).length < LEAST_COLOURED * coloured.length) return false;
  return !ofColour.length || median(ofColour) < Math.max(NOISY_COLOUR, NOISIER_THAN_GREY * median(ofGrey));
}
