// From points to a chip. Mirrors `preprocessing.faces.geometry`.
// A transform [[a, b, c], [d, e, f]] maps (x, y) to (a x + b y + c, d x + e y + f).

const MOST_SAMPLES = 64;
const SHARPNESS = -0.75; // of OpenCV's cubic interpolation

const mean = (points, axis) => points.reduce((sum, point) => sum + point[axis], 0) / points.length;

// As `fit_similarity`: least squares, in the plane of complex numbers.
export function fitSimilarity(source, target) {
  const [sx, sy, tx, ty] = [mean(source, 0), mean(source, 1), mean(target, 0), mean(target, 1)];
  let [real, imaginary, spread] = [0, 0, 0];
  for (const [index, [x, y]] of source.entries()) {
    const [a, b, c, d] = [x - sx, y - sy, target[index][0] - tx, target[index][1] - ty];
    real += a * c + b * d;
    imaginary += a * d - b * c;
    spread += a * a + b * b;
  }
  const [turn, skew] = [real / spread, imaginary / spread];
  return [[turn, -skew, tx - turn * sx + skew * sy], [skew, turn, ty - skew * sx - turn * sy]];
}

// As `invert_transform`.
function invert([[a, b, c], [d, e, f]]) {
  const area = a * e - b * d;
  return [[e / area, -b / area, (b * f - c * e) / area], [-d / area, a / area, (c * d - a * f) / area]];
}

// How much the four pixels around a place between the second and third count.
function cubicWeights(at, weights) {
  const far = at + 1;
  const back = 1 - at;
  weights[0] = ((SHARPNESS * far - 5 * SHARPNESS) * far + 8 * SHARPNESS) * far - 4 * SHARPNESS;
  weights[1] = ((SHARPNESS + 2) * at - (SHARPNESS + 3)) * at * at + 1;
  weights[2] = ((SHARPNESS + 2) * back - (SHARPNESS + 3)) * back * back + 1;
  weights[3] = 1 - weights[0] - weights[1] - weights[2];
}

function linearWeights(at, weights) {
  weights[0] = weights[3] = 0;
  weights[1] = 1 - at;
  weights[2] = at;
}

const clamp = (value, last) => (value < 0 ? 0 : value > last ? last : value);

// As `sample_square` with the picture's edge repeated: several samples a pixel where the square is
// smaller than what it shows, and their mean.
export function sampleSquare({ data, width, height }, transform, { size_px, interpolation }) {
  const scale = Math.hypot(transform[0][0], transform[1][0]);
  const samples = Math.min(Math.max(1, Math.round(1 / scale)), MOST_SAMPLES);
  const fine = transform.map(([a, b, c]) => [a * samples, b * samples, c * samples + (samples - 1) / 2]);
  const [[a, b, c], [d, e, f]] = invert(fine);
  const weigh = interpolation === "cubic" ? cubicWeights : linearWeights;
  const [across, down] = [new Float64Array(4), new Float64Array(4)];
  const sums = new Float64Array(size_px * size_px);
  const fine_px = size_px * samples;
  for (let v = 0; v < fine_px; v += 1) {
    const row = Math.floor(v / samples) * size_px;
    for (let u = 0; u < fine_px; u += 1) {
      const x = a * u + b * v + c;
      const y = d * u + e * v + f;
      const left = Math.floor(x);
      const top = Math.floor(y);
      weigh(x - left, across);
      weigh(y - top, down);
      let value = 0;
      for (let j = 0; j < 4; j += 1) {
        const line = clamp(top - 1 + j, height - 1) * width;
        let sum = 0;
        for (let k = 0; k < 4; k += 1) sum += across[k] * data[line + clamp(left - 1 + k, width - 1)];
        value += down[j] * sum;
      }
      sums[row + Math.floor(u / samples)] += Math.round(clamp(value, 255));
    }
  }
  return Uint8Array.from(sums, (sum) => Math.round(sum / samples ** 2));
}
