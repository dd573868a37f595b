// Where the word and the bars of each face are drawn, so that they cover no face and nothing of
// another face. Lengths are in pixels of the picture as it is shown; rectangles are
// { left, top, width, height }.

// In hundredths of the picture's width.
const GAP = 1;
const WIDEST = 20;
const FONT = 3.2;
// What a new place must have free around it. A place that is kept needs no room, so that nothing
// jumps to and fro where a face trembles.
const ROOM = 1.5;
// Where there is no room for bars of full size, smaller ones are tried, then there are none.
const SIZES = [1, 0.6];
// In ems: what is above and below the baseline of a word, and its rim.
const ASCENT = 0.75;
const DESCENT = 0.22;
const RIM = 0.31;

// The area that two rectangles have in common.
function common(one, other) {
  const width = Math.min(one.left + one.width, other.left + other.width) - Math.max(one.left, other.left);
  const height = Math.min(one.top + one.height, other.top + other.height) - Math.max(one.top, other.top);
  return Math.max(0, width) * Math.max(0, height);
}

const covered = (rect, obstacles) => obstacles.reduce((sum, each) => sum + common(rect, each), 0);
const within = (value, most) => Math.max(0, Math.min(value, most));
const isInside = ({ left, top, width, height }, view) => left >= 0 && top >= 0 && left + width <= view.width && top + height <= view.height;
const grown = ({ left, top, width, height }, by) => ({ left: left - by, top: top - by, width: width + 2 * by, height: height + 2 * by });

// A rectangle that reaches farther away from its face.
function reaching({ left, top, width, height }, side, by) {
  if (side === "right") return { left, top, width: width + by, height };
  if (side === "left") return { left: left - by, top, width: width + by, height };
  if (side === "above") return { left, top: top - by, width, height: height + by };
  return { left, top, width, height: height + by };
}

// The place that was kept while it is free, else the first that has room; null where none has.
// `places` come from the largest to the smallest; `own` is what a face has itself, which needs no room.
function choose(places, kept, { own = [], others, view, room }) {
  const isFree = (rect, by) => isInside(rect, view) && covered(rect, own) === 0 && others.every((each) => common(grown(each, by), rect) === 0);
  const now = places.find(({ key, rect }) => key === kept && isFree(rect, 0));
  const best = places.find(({ rect, side }) => isFree(reaching(rect, side, room), room));
  return (best && now && best.size > now.size ? best : now ?? best) ?? null;
}

function wordPlaces({ box, word_em }, view, unit) {
  const em = FONT * unit;
  const [width, height] = [(word_em + 2 * RIM) * em, (ASCENT + DESCENT + 2 * RIM) * em];
  const left = within(box.left, view.width - width);
  const bottom = box.top + box.height;
  const tops = { below: bottom + GAP * unit, above: box.top - GAP * unit - height, "at the foot": Math.min(bottom, view.height) - height, "at the head": Math.max(box.top, 0) };
  return Object.entries(tops).map(([side, top]) => ({ key: side, side, size: 1, rect: { left, top, width, height } }));
}

function barPlaces({ box }, wordRect, view, unit) {
  const gap = GAP * unit;
  return SIZES.flatMap((size) => {
    const [width, height] = [box.width, box.height].map((length) => size * Math.min(length, WIDEST * unit));
    const [x, y] = [within(box.left, view.width - width), within(box.top, view.height - height)];
    const foot = Math.max(box.top + box.height, wordRect.top > box.top + box.height ? wordRect.top + wordRect.height : 0);
    const head = Math.min(box.top, wordRect.top < box.top ? wordRect.top : box.top);
    const corners = { right: [box.left + box.width + gap, y], left: [box.left - gap - width, y], below: [x, foot + gap], above: [x, head - gap - height] };
    return Object.entries(corners).map(([side, [left, top]]) => ({ key: `${side} ${size}`, side, size, rect: { left, top, width, height } }));
  });
}

export class Layout {
  #kept = new Map();

  // Find places for the faces of a frame, { number, box, word_em }; the last is the width of a face's
  // word in ems. Each gets `tag`, the place of its word ({ rect, x, y, em }: where its first letter
  // begins, and the size of the font), and `bars` ({ rect, side }), null where they would cover
  // something.
  place(faces, view) {
    const unit = view.width / 100;
    const options = { view, room: ROOM * unit };
    const before = this.#kept;
    this.#kept = new Map();
    const boxes = faces.map(({ box }) => box);
    const words = [];
    for (const [index, face] of faces.entries()) {
      const others = [...boxes.toSpliced(index, 1), ...words];
      const places = wordPlaces(face, view, unit);
      const least = () => places.reduce((one, other) => (covered(other.rect, others) < covered(one.rect, others) ? other : one), places.at(-1));
      const { key, rect } = choose(places, before.get(face.number)?.word, { ...options, others }) ?? least();
      this.#kept.set(face.number, { word: key });
      words.push(rect);
    }
    const drawn = [];
    return faces.map((face, index) => {
      const kept = this.#kept.get(face.number);
      const others = [...boxes.toSpliced(index, 1), ...words.toSpliced(index, 1), ...drawn];
      const own = [boxes[index], words[index]];
      const bars = choose(barPlaces(face, words[index], view, unit), before.get(face.number)?.bars, { ...options, own, others });
      kept.bars = bars?.key;
      if (bars) drawn.push(bars.rect);
      const em = FONT * unit;
      const tag = { rect: words[index], x: words[index].left + RIM * em, y: words[index].top + (RIM + ASCENT) * em, em };
      return { ...face, tag, bars };
    });
  }
}
