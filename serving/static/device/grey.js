// Grey pictures: { data, width, height } with one byte a pixel, row by row.

// As `preprocessing.images.decode.to_grey`: OpenCV's luma by ITU-R BT.601, in whole numbers.
export function toGrey({ data: rgba, width, height }) {
  const data = new Uint8Array(width * height);
  for (let at = 0, from = 0; at < data.length; at += 1, from += 4) {
    data[at] = (9798 * rgba[from] + 19235 * rgba[from + 1] + 3735 * rgba[from + 2] + 16384) >> 15;
  }
  return { data, width, height };
}

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
export function shrink(grey, width, height) {
  const across = covered(grey.width, width);
  const down = covered(grey.height, height);
  const narrow = new Float32Array(width * grey.height);
  for (let y = 0; y < grey.height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      const [first, weights] = across[x];
      const start = y * grey.width + first;
      let sum = 0;
      for (let k = 0; k < weights.length; k += 1) sum += weights[k] * grey.data[start + k];
      narrow[y * width + x] = sum;
    }
  }
  const data = new Uint8Array(width * height);
  for (let y = 0; y < height; y += 1) {
    const [first, weights] = down[y];
    for (let x = 0; x < width; x += 1) {
      let sum = 0;
      for (let k = 0; k < weights.length; k += 1) sum += weights[k] * narrow[(first + k) * width + x];
      data[y * width + x] = Math.round(sum);
    }
  }
  return { data, width, height };
}
