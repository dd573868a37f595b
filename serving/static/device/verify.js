// Tell faces from false alarms. Mirrors `preprocessing.faces.verify._is_seen_smaller`: what is not
// certain must be seen again, shrunk, as it is and mirrored. Animals' faces seldom stand that.

import { decode, SIDE_PX, toSquare } from "./detector.js";
import { fitSimilarity, sampleSquare } from "./geometry.js";

const CERTAIN_SCORE = 0.91;
const SMALLER_SCORE = 0.84;
const SMALLER_PX = 48;
const PATCH_PX = 2 * SMALLER_PX;
// Both patches lie in one square, so far apart that neither is in the other's sight.
const APART_PX = SIDE_PX / 2;
const LEAST_SCORE = 0.5;

// A transform that shows a face upright in the middle of a patch, with room around it.
function toPatch({ left, top, width, height, points }, template_px) {
  const [[cosine], [sine]] = fitSimilarity(points, template_px);
  const length = Math.hypot(cosine, sine);
  const [a, b] = [cosine, sine].map((each) => (each / length) * (SMALLER_PX / width));
  const [x, y, middle] = [left + width / 2, top + height / 2, (PATCH_PX - 1) / 2];
  return [[a, -b, middle - a * x + b * y], [b, a, middle - b * x - a * y]];
}

function bestNear(finds, x, y) {
  const near = finds.filter((find) => Math.hypot(find.left + find.width / 2 - x, find.top + find.height / 2 - y) < PATCH_PX / 4);
  return Math.max(0, ...near.map(({ score }) => score));
}

export async function isFace(run, grey, face, template_px) {
  if (face.score >= CERTAIN_SCORE) return true;
  const patch = sampleSquare(grey, toPatch(face, template_px), { size_px: PATCH_PX, interpolation: "linear" });
  const square = new Float32Array(SIDE_PX * SIDE_PX);
  for (let y = 0; y < PATCH_PX; y += 1) {
    const row = patch.subarray(y * PATCH_PX, (y + 1) * PATCH_PX);
    square.set(row, y * SIDE_PX);
    square.set(Float32Array.from(row).reverse(), y * SIDE_PX + APART_PX);
  }
  const finds = decode(await run(square), LEAST_SCORE).map(toSquare);
  const middle = PATCH_PX / 2;
  const scores = [bestNear(finds, middle, middle), bestNear(finds, APART_PX + middle, middle)];
  return (scores[0] + scores[1]) / 2 >= SMALLER_SCORE;
}
