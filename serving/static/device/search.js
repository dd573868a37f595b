// Look for faces in a whole picture. Mirrors `preprocessing.faces.search`, with fewer looks: upright
// only, once at a size at which all of the picture fits into one square, and in squares that overlap.

import { copyTo } from "./colour.js";
import { decode, emptySquare, SIDE_PX, toSquare } from "./detector.js";

// Faces larger than the overlap fit into the square of the scan before, in which they are a third
// of the size.
const OVERLAP_PX = 96;
const FINER = 3;
const LEAST_SCORE = 0.5;

function starts(length) {
  const count = Math.max(1, Math.ceil((length - OVERLAP_PX) / (SIDE_PX - OVERLAP_PX)));
  return Array.from({ length: count }, (_, index) => (count === 1 ? 0 : Math.round((index * (length - SIDE_PX)) / (count - 1))));
}

// A square of a picture; black beyond its edges.
function squareOf(picture, left, top) {
  const square = emptySquare();
  copyTo(square, SIDE_PX, picture, left, top);
  return square;
}

async function scan(run, picture, longest_px) {
  const scale = Math.min(1, longest_px / Math.max(picture.width, picture.height));
  const size = [picture.width, picture.height].map((length) => Math.max(1, Math.round(length * scale)));
  const scaled = picture.shrunk(...size);
  const found = [];
  for (const top of starts(scaled.height)) {
    for (const left of starts(scaled.width)) {
      for (const { points, score } of decode(await run(squareOf(scaled, left, top)), LEAST_SCORE)) {
        const inPicture = points.map(([x, y]) => [(x + left + 0.5) / scale - 0.5, (y + top + 0.5) / scale - 0.5]);
        found.push(toSquare({ points: inPicture, score }));
      }
    }
  }
  return found;
}

// As `preprocessing.faces.search.merge`: of all finds of one face the one with the best score.
export function merge(finds) {
  const kept = [];
  for (const find of finds.sort((one, other) => other.score - one.score)) {
    const isNew = kept.every((each) => {
      const apart = Math.hypot(
        each.left + each.width / 2 - find.left - find.width / 2,
        each.top + each.height / 2 - find.top - find.height / 2,
      );
      return apart >= Math.max(each.width, find.width) / 2;
    });
    if (isNew) kept.push(find);
  }
  return kept;
}

// Find the faces of a picture, image-left to image-right; `run` is the detector's network. `shrunk` of
// a picture gives it in colour in a size that is no larger than its own.
// `isQuick` takes one look: it finds faces of a thirteenth of the picture's longer side and more,
// the other of a fortieth.
export async function findFaces(run, picture, { isQuick, leastScore }) {
  let finds = await scan(run, picture, SIDE_PX);
  if (!isQuick) finds = finds.concat(await scan(run, picture, FINER * SIDE_PX));
  return merge(finds)
    .filter(({ score }) => score >= leastScore)
    .sort((one, other) => one.left - other.left || one.top - other.top);
}
