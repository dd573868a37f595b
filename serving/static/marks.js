// The boxes on the picture: their words as large as the page's text, and only where they fit.

const TAG_PX = 16;
const INSET_PX = 5;
const ROOM_PX = 4;
// A number that is wider than this many of its box would cover its neighbours.
const MOST_NUMBER = 1.1;
// WCAG's target size: who taps within this of a small box means it.
const TAP_PX = 22;

// What a tag's words are read on: of the label's colour, a little larger than they are.
function layGround(face, tag, unit) {
  const { x, y, width, height } = tag.getBBox();
  let ground = face.querySelector(".ground");
  if (!ground) {
    ground = document.createElementNS(tag.namespaceURI, "rect");
    ground.setAttribute("class", "ground");
    tag.before(ground);
  }
  const place = { x: x - ROOM_PX * unit, y, width: width + 2 * ROOM_PX * unit, height, rx: ROOM_PX * unit };
  for (const [name, value] of Object.entries(place)) ground.setAttribute(name, value);
}

// Put a tag below its box, or where the picture ends, inside it.
export function placeTag(face) {
  const tag = face.querySelector(".tag");
  const scene = face.ownerSVGElement;
  const { width, height } = scene.viewBox.baseVal;
  const unit = Number(scene.style.getPropertyValue("--unit")) || 1;
  const [left, top, , high] = boxOf(face);
  const furthest = width - tag.getComputedTextLength() - INSET_PX * unit;
  tag.setAttribute("x", Math.max(Math.min(left + INSET_PX * unit, furthest), INSET_PX * unit));
  tag.setAttribute("y", Math.min(top + high + TAG_PX * unit, height - INSET_PX * unit));
  layGround(face, tag, unit);
}

function boxOf(face) {
  const box = face.querySelector(".box");
  return ["x", "y", "width", "height"].map((name) => Number(box.getAttribute(name)));
}

function layOut(scene) {
  if (!scene.clientWidth) return;
  const unit = scene.viewBox.baseVal.width / scene.clientWidth;
  scene.style.setProperty("--unit", unit);
  scene.classList.add("scaled");
  for (const face of scene.querySelectorAll(".face")) {
    const [, , wide] = boxOf(face);
    const tag = face.querySelector(".tag");
    face.classList.remove("fits", "tiny");
    const isTiny = tag.getComputedTextLength() > MOST_NUMBER * wide;
    face.classList.add("fits");
    face.classList.toggle("fits", tag.getComputedTextLength() + 2 * INSET_PX * unit <= wide);
    face.classList.toggle("tiny", isTiny);
    placeTag(face);
  }
}

const watcher = new ResizeObserver((entries) => {
  for (const { target } of entries) layOut(target);
});

export function watchMarks() {
  watcher.disconnect();
  for (const scene of document.querySelectorAll("svg:has(> .face)")) watcher.observe(scene);
}

// The face that a tap at these places of the window means: the nearest, if it is near.
export function faceAt(scene, { clientX, clientY }) {
  let nearest = null;
  let least = TAP_PX;
  for (const face of scene.querySelectorAll(".face")) {
    const { left, right, top, bottom } = face.querySelector(".box").getBoundingClientRect();
    const away = Math.hypot(
      Math.max(left - clientX, 0, clientX - right),
      Math.max(top - clientY, 0, clientY - bottom),
    );
    if (away < least) [nearest, least] = [face, away];
  }
  return nearest;
}

watchMarks();
