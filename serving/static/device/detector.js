// From the raw output of YuNet to faces. Mirrors what OpenCV's `FaceDetectorYN` does, and
// `preprocessing.faces.detectors._to_dlib_square`.

export const SIDE_PX = 320;
const STRIDES_PX = [8, 16, 32];
const COLUMNS = 16; // class, objectness, box (4), points (10): `tests/tools/detector_for_browsers.py`
const OVERLAP = 0.3; // OpenCV's default
const SIDE = 1.65;
const ABOVE = 0.04;

// A black square as the detector takes it: red, green and blue of each pixel, 0 to 255.
export const emptySquare = () => new Float32Array(3 * SIDE_PX * SIDE_PX);

// Detections in one square of `SIDE_PX`: boxes, the five points, scores of at least `leastScore`.
export function decode(anchors, leastScore) {
  const found = [];
  let at = 0;
  for (const stride of STRIDES_PX) {
    const columns = SIDE_PX / stride;
    for (let index = 0; index < columns * columns; index += 1, at += COLUMNS) {
      const score = Math.sqrt(anchors[at] * anchors[at + 1]);
      if (score < leastScore) continue;
      const x = index % columns;
      const y = Math.floor(index / columns);
      const width = Math.exp(anchors[at + 4]) * stride;
      const height = Math.exp(anchors[at + 5]) * stride;
      const points = [];
      for (let k = at + 6; k < at + COLUMNS; k += 2) points.push([(anchors[k] + x) * stride, (anchors[k + 1] + y) * stride]);
      const left = (x + anchors[at + 2]) * stride - width / 2;
      const top = (y + anchors[at + 3]) * stride - height / 2;
      found.push({ left, top, width, height, points, score });
    }
  }
  return suppress(found);
}

export function overlap(one, other) {
  const width = Math.min(one.left + one.width, other.left + other.width) - Math.max(one.left, other.left);
  const height = Math.min(one.top + one.height, other.top + other.height) - Math.max(one.top, other.top);
  if (width <= 0 || height <= 0) return 0;
  const both = width * height;
  return both / (one.width * one.height + other.width * other.height - both);
}

// Leave out what overlaps a surer detection.
function suppress(found) {
  const kept = [];
  for (const each of found.sort((one, other) => other.score - one.score)) {
    if (kept.every((better) => overlap(better, each) <= OVERLAP)) kept.push(each);
  }
  return kept;
}

// Frame a face as the server does: by its points, which a box of YuNet's surrounds loosely.
export function toSquare({ points, score }) {
  const [eyeLeft, eyeRight, , mouthLeft, mouthRight] = points;
  const middle = (one, other) => [(one[0] + other[0]) / 2, (one[1] + other[1]) / 2];
  const eyes = middle(eyeLeft, eyeRight);
  const mouth = middle(mouthLeft, mouthRight);
  const unit = Math.hypot(eyeRight[0] - eyeLeft[0], eyeRight[1] - eyeLeft[1], mouth[0] - eyes[0], mouth[1] - eyes[1]);
  const [x, y] = middle(eyes, mouth);
  const side = SIDE * unit;
  return { left: x - side / 2, top: y - ABOVE * unit - side / 2, width: side, height: side, points, score };
}
