// Tell faces from false alarms. Mirrors `preprocessing.faces.verify._is_seen_smaller`: what is not
// certain must be seen again, shrunk, as it is and mirrored. Animals' faces seldom stand that.

import { planeOf } from "./colour.js";
import { decode, emptySquare, SIDE_PX, toSquare } from "./detector.js";
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

// Whether what was found in a picture in colour is a face.
export async function isFace(run, picture, face, template_px) {
  if (face.score >= CERTAIN_SCORE) return true;
  const transform = toPatch(face, template_px);
  const square = emptySquare();
  for (const channel of [0, 1, 2]) {
    const patch = sampleSquare(planeOf(picture, channel), transform, { size_px: PATCH_PX, interpolation: "linear" });
    for (let at = 0; at < patch.length; at += 1) {
      const [x, y] = [at % PATCH_PX, Math.floor(at / PATCH_PX)];
      square[3 * (y * SIDE_PX + x) + channel] = patch[at];
      square[3 * (y * SIDE_PX + APART_PX + PATCH_PX - 1 - x) + channel] = patch[at];
    }
  }
  const finds = decode(await run(square), LEAST_SCORE).map(toSquare);
  const middle = PATCH_PX / 2;
  const scores = [bestNear(finds, middle, middle), bestNear(finds, APART_PX + middle, middle)];
  return (scores[0] + scores[1]) / 2 >= SMALLER_SCORE;
}
