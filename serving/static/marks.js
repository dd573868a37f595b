// The boxes on the picture: their words as large as the page's text, and only where they fit.

const TAG_PX = 16;
const INSET_PX = 5;
// WCAG's target size: who taps within this of a small box means it.
const TAP_PX = 22;

function place(face, { unit, width, height }) {
  const tag = face.querySelector(".tag");
  const box = face.querySelector(".box");
  const [left, top, wide, high] = ["x", "y", "width", "height"].map((name) => Number(box.getAttribute(name)));
  face.classList.add("fits");
  const words = tag.getComputedTextLength();
  face.classList.toggle("fits", words + 2 * INSET_PX * unit <= wide);
  const x = Math.min(left + INSET_PX * unit, width - words - INSET_PX * unit);
  tag.setAttribute("x", Math.max(x, INSET_PX * unit));
  tag.setAttribute("y", Math.min(top + high + TAG_PX * unit, height - INSET_PX * unit));
}

function layOut(scene) {
  const { width, height } = scene.viewBox.baseVal;
  if (!scene.clientWidth) return;
  const unit = width / scene.clientWidth;
  scene.style.setProperty("--unit", unit);
  scene.classList.add("scaled");
  for (const face of scene.querySelectorAll(".face")) place(face, { unit, width, height });
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
