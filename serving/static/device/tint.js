// Pictures that are tinted, or whose colours are noise, are seen in grey. Mirrors `Picture` of
// `preprocessing.faces.picture`.

import { luma, toGrey } from "./grey.js";
import { brighten } from "./light.js";

const LEAST_COLOUR = 8;
const PROBED_EVERY_PX = 16;
const LEAST_COLOURED = 0.1;
const NOISY_COLOUR = 36;
const NOISIER_THAN_GREY = 3.5;
const NEAR_PX = 8;
const TINTED = 2;

// A picture as faces are looked for in it: dark ones brighter, and in grey where colours would only hide
// faces. `read` gives its pixels, ImageData that is changed here; it is called again where they are not used.
export function seen(read) {
  const bright = brighten(read());
  return hasColours(bright) ? bright : brighten(inGrey(read()));
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
  const pixel = (x, y) => data.subarray(4 * (y * width + x), 4 * (y * width + x) + 3);
  const probes = [];
  const pairs = [];
  for (let y = 0; y < height; y += PROBED_EVERY_PX) {
    for (let x = 0; x < width; x += PROBED_EVERY_PX) {
      probes.push(pixel(x, y));
      if (x + NEAR_PX < width) pairs.push([pixel(x, y), pixel(x + NEAR_PX, y)]);
    }
  }
  const light = [0, 1, 2].map((channel) => probes.reduce((sum, probe) => sum + probe[channel], 0));
  const [, next, brightest] = light.sort((one, other) => one - other);
  const coloured = probes.filter((probe) => Math.max(...probe) - Math.min(...probe) >= LEAST_COLOUR);
  if (brightest >= TINTED * next || coloured.length < LEAST_COLOURED * probes.length) return false;
  return !pairs.length || !hasNoisyColours(pairs);
}

function hasNoisyColours(pairs) {
  const ofColour = pairs.map(([[r, g, b], [u, v, w]]) => Math.max(Math.abs(r - u - (g - v)), Math.abs(b - w - (g - v))));
  const ofGrey = pairs.map(([here, near]) => Math.abs(luma(...here) - luma(...near)));
  return median(ofColour) >= Math.max(NOISY_COLOUR, NOISIER_THAN_GREY * median(ofGrey));
}
