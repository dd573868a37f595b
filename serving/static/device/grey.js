// Grey pictures: { data, width, height } with one byte a pixel, row by row.

// As `preprocessing.images.decode.to_grey`: OpenCV's luma by ITU-R BT.601, in whole numbers.
export function toGrey({ data: rgba, width, height }) {
  const data = new Uint8Array(width * height);
  for (let at = 0, from = 0; at < data.length; at += 1, from += 4) {
    data[at] = (9798 * rgba[from] + 19235 * rgba[from + 1] + 3735 * rgba[from + 2] + 16384) >> 15;
  }
  return { data, width, height };
}
