// Dark pictures brighter, and more contrast in chips that have too little. Mirrors
// `preprocessing.faces.light`.

const QUANTILES = [0.02, 0.98];
const LEVELS = [18, 238];
const LEAST_CONTRAST = 60;
const FULL_CONTRAST = 80;
const LEAST_LEVELS = 3;
const BRIGHTEST_QUANTILE = 0.995;
const DARK_LEVEL = 64;
const BRIGHT_LEVEL = 200;
const PALE_LEVELS = 40;
const MOST_PALE_LEVELS = 64;
const PROBES = 50_000;
const SMOOTHED_PX = 0.8;
const REACH_PX = 3;

export function stretchContrast(chip) {
  const side = Math.sqrt(chip.length);
  const isMiddle = (at) => at >= Math.floor(side / 4) && at < Math.ceil((3 * side) / 4);
  const levels = chip.filter((_, at) => isMiddle(at % side) && isMiddle(Math.floor(at / side))).sort();
  const [darkest, brightest] = QUANTILES.map((at) => levels[Math.ceil(at * levels.length) - 1]);
  const contrast = brightest - darkest;
  if (contrast < LEAST_LEVELS || contrast >= FULL_CONTRAST) return chip;
  const weight = Math.min(1, (FULL_CONTRAST - contrast) / (FULL_CONTRAST - LEAST_CONTRAST));
  const [low, high] = [darkest, brightest].map((level, index) => weight * LEVELS[index] + (1 - weight) * level);
  const gain = (high - low) / contrast;
  return chip.map((level) => Math.min(Math.max(Math.round((level - darkest) * gain + low), 0), 255));
}

// Brighten the pixels of a picture, ImageData, in their place if it is dark or pale.
export function brighten(pixels) {
  const { data, width, height } = pixels;
  const step = Math.max(1, Math.floor(Math.sqrt(Math.floor((width * height) / PROBES))));
  let [darkest, brightest] = levelsOf(pixels, step, [1 - BRIGHTEST_QUANTILE, BRIGHTEST_QUANTILE]);
  let most = PALE_LEVELS;
  if (brightest < DARK_LEVEL) [darkest, most] = [0, DARK_LEVEL];
  else if (brightest - darkest < PALE_LEVELS) [darkest, brightest, most] = [...levelsOf(pixels, 1, [0, 1]), MOST_PALE_LEVELS];
  if (brightest - darkest < LEAST_LEVELS || brightest - darkest >= most) return pixels;
  const gain = BRIGHT_LEVEL / (brightest - darkest);
  for (let at = 0; at < data.length; at += 1) if (at % 4 !== 3) data[at] = Math.round((data[at] - darkest) * gain);
  smooth(data, { step: 4, length: width, lines: height, apart: 4 * width });
  smooth(data, { step: 4 * width, length: height, lines: width, apart: 4 });
  return pixels;
}

// The lowest levels that these fractions of every `step`th pixel's levels do not exceed.
function levelsOf({ data, width, height }, step, fractions) {
  const counts = new Uint32Array(256);
  let count = 0;
  for (let y = 0; y < height; y += step) {
    for (let x = 0; x < width; x += step) {
      const at = 4 * (y * width + x);
      for (let channel = at; channel < at + 3; channel += 1) counts[data[channel]] += 1;
      count += 3;
    }
  }
  return fractions.map((fraction) => {
    let level = 0;
    for (let below = counts[0]; below < Math.max(1, fraction * count); below += counts[level]) level += 1;
    return level;
  });
}

// Smooth each line of pixels, a row or a column, as OpenCV's GaussianBlur: pixels lie `step` bytes
// apart, lines `apart`.
function smooth(data, { step, length, lines, apart }) {
  const weights = Array.from({ length: 2 * REACH_PX + 1 }, (_, at) => Math.exp(-((at - REACH_PX) ** 2) / (2 * SMOOTHED_PX ** 2)));
  const all = weights.reduce((sum, weight) => sum + weight);
  const line = new Float64Array(length);
  const last = length - 1;
  for (let first = 0; first < lines * apart; first += apart) {
    for (let channel = first; channel < first + 3; channel += 1) {
      for (let at = 0; at < length; at += 1) line[at] = data[channel + at * step];
      for (let at = 0; at < length; at += 1) {
        let sum = 0;
        for (let k = -REACH_PX; k <= REACH_PX; k += 1) {
          const place = Math.abs(at + k);
          sum += weights[k + REACH_PX] * line[Math.max(0, place > last ? 2 * last - place : place)];
        }
        data[channel + at * step] = Math.round(sum / all);
      }
    }
  }
}
