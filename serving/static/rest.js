// Buttons that rest: a disabled one would lose the keyboard's focus, so these only say they are.

export function rest(button, resting) {
  button.setAttribute("aria-disabled", resting);
}

document.addEventListener(
  "click",
  (event) => {
    if (!event.target.closest("button[aria-disabled=true]")) return;
    event.preventDefault();
    event.stopPropagation();
  },
  { capture: true },
);
