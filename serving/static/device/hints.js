// Why an answer may be worse than usual. Mirrors `preprocessing.faces.quality` and `serving.web.hints`.

const SMALL_PX = 26;
const NOISY_SHARPNESS = 1.4;
const TURNED_YAW_DEG = 20;
const CUT_FRACTION = 0.05;
const BLURRED_SHARPNESS = 0.14;
const COVERED_CONTRAST = 0.3;
const CONTRASTS = [[[0.05, 0.95], 1], [[0, 1], COVERED_CONTRAST / 0.38]];
const EYES_AT = [[0.25, 0.54], [0.17, 0.83]];
const MOUTH_AT = [[0.625, 0.83], [0.33, 0.67]];
const LEAST_PART_PX = 4;
const NOSE_DEPTH = 0.5; // of YuNet's points, as in `preprocessing.faces.landmarks`
// By row; the middle one of three is the pixel itself.
const LAPLACIAN = [0, 1, 0, 1, -4, 1, 0, 1, 0];
const DIRECTIONS = [
  [0, 0, 0, 1, -2, 1, 0, 0, 0],
  [0, 1, 0, 0, -2, 0, 0, 1, 0],
  [0.5, 0, 0, 0, -1, 0, 0, 0, 0.5],
  [0, 0, 0.5, 0, -1, 0, 0.5, 0, 0],
];

function deviation(values) {
  const mean = values.reduce((sum, each) => sum + each, 0) / values.length;
  return Math.sqrt(values.reduce((sum, each) => sum + (each - mean) ** 2, 0) / values.length);
}

// How much a chip varies through a kernel of 3 x 3, by how much it varies itself.
function sharpness(chip, kernel) {
  const side = Math.sqrt(chip.length);
  const mirror = (at) => (at < 0 ? -at : at < side ? at : 2 * side - 2 - at);
  const filtered = Array.from(chip, (_, at) => {
    const [x, y] = [at % side, Math.floor(at / side)];
    return kernel.reduce((sum, weight, k) => sum + weight * chip[mirror(y + Math.floor(k / 3) - 1) * side + mirror(x + (k % 3) - 1)], 0);
  });
  const contrast = deviation(Array.from(chip));
  return contrast ? deviation(filtered) / contrast : 0;
}

function quantile(sorted, at) {
  const place = at * (sorted.length - 1);
  const low = Math.floor(place);
  return sorted[low] + (place - low) * ((sorted[low + 1] ?? sorted[low]) - sorted[low]);
}

// The levels of a part of the frame, sorted; null where the chip does not show it whole, or too small to tell.
function levelsOf(chip, place, margin) {
  const side = Math.sqrt(chip.length);
  const inner = side / (1 + 2 * margin);
  const [[top, bottom], [left, right]] = place.map((along) => along.map((fraction) => Math.round((side - inner) / 2 + fraction * inner)));
  if (Math.min(top, left) < 0 || Math.max(bottom, right) > side || Math.min(bottom - top, right - left) < LEAST_PART_PX) return null;
  return chip.filter((_, at) => at % side >= left && at % side < right && at >= top * side && at < bottom * side).sort();
}

function isCovered(chip, margin) {
  const [mouth, eyes] = [MOUTH_AT, EYES_AT].map((place) => levelsOf(chip, place, margin));
  if (!mouth || !eyes) return false;
  const contrast = (part, [low, high]) => quantile(part, high) - quantile(part, low);
  return CONTRASTS.some(([ends, weight]) => (weight * contrast(mouth, ends)) / Math.max(1, contrast(eyes, ends)) < COVERED_CONTRAST);
}

// How far the head is turned, in degrees: as `head_pose`, by where the tip of the nose lies.
function yaw_deg([[lx, ly], [rx, ry], [nx, ny]]) {
  const [across, down] = [rx - lx, ry - ly];
  const aside = ((nx - (lx + rx) / 2) * across + (ny - (ly + ry) / 2) * down) / (across ** 2 + down ** 2 || Infinity);
  return (Math.atan(aside / NOSE_DEPTH) * 180) / Math.PI;
}

// Which share of a chip's pixels lies outside the picture.
function outside({ chip, transform: [[a, , c], [d, , f]] }, { width, height }) {
  const side = Math.sqrt(chip.length);
  const area = a ** 2 + d ** 2;
  const out = chip.filter((_, at) => {
    const [u, v] = [(at % side) - c, Math.floor(at / side) - f];
    const [x, y] = [(a * u + d * v) / area + 0.5, (a * v - d * u) / area + 0.5];
    return x < 0 || y < 0 || x > width || y > height;
  });
  return out.length / chip.length;
}

// The hints on a face, each { name, said }.
export function hintsOf(face, picture, { margin }) {
  const { chip, transform, points } = face;
  const width_px = Math.sqrt(chip.length) / Math.hypot(transform[0][0], transform[1][0]);
  const turned_deg = Math.abs(yaw_deg(points));
  const all = [
    ["small", width_px < SMALL_PX, `This face is only ${width_px.toFixed(0)} pixels wide in the picture, so little of its expression can be seen.`],
    ["blurred", Math.min(...DIRECTIONS.map((kernel) => sharpness(chip, kernel))) < BLURRED_SHARPNESS, "This face is blurred, so little of its expression can be seen."],
    ["noisy", sharpness(chip, LAPLACIAN) > NOISY_SHARPNESS, "This face is full of noise or of a pattern such as dots, so little of its expression can be seen."],
    ["turned", turned_deg > TURNED_YAW_DEG, `Head turned ${turned_deg.toFixed(0)}°. Mien learned mostly from front-facing people: take this with care.`],
    ["cut", outside(face, picture) > CUT_FRACTION, "Part of this face is outside the picture."],
    ["covered", isCovered(chip, margin), "The mouth cannot be seen, perhaps because of a mask or a hand. Without it, the answer is often wrong, however sure it looks."],
  ];
  return all.filter(([, holds]) => holds).map(([name, , said]) => ({ name, said }));
}
