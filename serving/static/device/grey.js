// Grey pictures: { data, width, height } with one byte a pixel, row by row.

// OpenCV's luma by ITU-R BT.601, in whole numbers.
export const luma = (red, green, blue) => (9798 * red + 19235 * green + 3735 * blue + 16384) >> 15;

// As `preprocessing.images.decode.to_grey`.
export function toGrey({ data: rgba, width, height }) {
  const data = new Uint8Array(width * height);
  for (let at = 0, from = 0; at < data.length; at += 1, from += 4) {
    data[at] = luma(rgba[from], rgba[from + 1], rgba[from + 2]);
  }
  return { data, width, height };
}
