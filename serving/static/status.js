// The line that tells what goes on, and what went wrong.

const status = document.getElementById("status");

export function say(text, { bad = false } = {}) {
  status.textContent = text;
  status.classList.toggle("bad", bad);
}
