// Pictures in colour as a canvas gives them: { data, width, height } with four bytes a pixel, RGBA, row
// by row; nothing shines through.

const BYTES = 4;
const CHANNELS = 3;

// Which pixels a shrunk one covers, and by how much: [first, weights] for each.
function covered(from, to) {
  const step = from / to;
  return Array.from({ length: to }, (_, index) => {
    const start = index * step;
    const end = Math.min(from, start + step);
    const first = Math.floor(start);
    const weights = [];
    for (let at = first; at < end - 1e-9; at += 1) weights.push((Math.min(end, at + 1) - Math.max(start, at)) / (end - start));
    return [first, weights];
  });
}

// As OpenCV's `resize` with `INTER_AREA`, which `preprocessing.faces.search` shrinks by: each pixel
// is the mean of what it covers.
export function shrink(picture, width, height) {
  const across = covered(picture.width, width);
  const down = covered(picture.height, height);
  const line = BYTES * width;
  const narrow = new Float32Array(line * picture.height);
  for (let y = 0; y < picture.height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      const [first, weights] = across[x];
      const start = BYTES * (y * picture.width + first);
      for (let channel = 0; channel < CHANNELS; channel += 1) {
        let sum = 0;
        for (let k = 0; k < weights.length; k += 1) sum += weights[k] * picture.data[start + BYTES * k + channel];
        narrow[y * line + BYTES * x + channel] = sum;
      }
    }
  }
  const data = new Uint8Array(line * height);
  for (let y = 0; y < height; y += 1) {
    const [first, weights] = down[y];
    for (let at = 0; at < line; at += 1) {
      let sum = 0;
      for (let k = 0; k < weights.length; k += 1) sum += weights[k] * narrow[(first + k) * line + at];
      data[y * line + at] = Math.round(sum);
    }
  }
  return { data, width, height };
}

// One of the colours alone, one byte a pixel: 0 red, 1 green, 2 blue.
export function planeOf({ data, width, height }, channel) {
  const plane = new Uint8Array(width * height);
  for (let at = 0; at < plane.length; at += 1) plane[at] = data[BYTES * at + channel];
  return { data: plane, width, height };
}

// Copy a part of a picture into the detector's square, as numbers.
export function copyTo(square, side_px, { data, width, height }, left, top) {
  for (let y = 0; y < Math.min(side_px, height - top); y += 1) {
    let from = BYTES * ((top + y) * width + left);
    let to = CHANNELS * y * side_px;
    for (let x = 0; x < Math.min(side_px, width - left); x += 1, from += BYTES, to += CHANNELS) {
      square[to] = data[from];
      square[to + 1] = data[from + 1];
      square[to + 2] = data[from + 2];
    }
  }
}
