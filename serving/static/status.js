// The line that tells what goes on, and what went wrong, with a button for what to do about it.

import { rest } from "./rest.js";

const news = document.getElementById("news");
const status = document.getElementById("status");
const offer = document.getElementById("offer");
const dismiss = document.getElementById("dismiss");
const CANCEL = "Cancel";
let counting = null;

// Why something could not be done: what the server said, or that it said nothing that can be told.
export const reasonOf = (error) => (error.name === "Error" ? error.message : "The server could not be reached.");

// Say something. Plain news are for screen readers, as the page shows them itself.
export function say(text, { bad = false, shown = bad } = {}) {
  clearInterval(counting);
  // Who pressed the button reads on at what came of it.
  if (document.activeElement === offer) document.getElementById("result").focus({ preventScroll: true });
  offer.hidden = true;
  dismiss.hidden = !shown;
  status.textContent = text;
  news.classList.toggle("bad", bad);
  news.classList.toggle("shown", shown);
}

// Say something with a button; it keeps the keyboard's focus where it was there before.
export function sayAndOffer(text, title, act, { bad = false } = {}) {
  clearInterval(counting);
  // What is written again is read out again.
  if (status.textContent !== text) status.textContent = text;
  news.classList.toggle("bad", bad);
  news.classList.add("shown");
  rest(offer, false);
  offer.textContent = title;
  offer.onclick = act;
  offer.hidden = false;
  dismiss.hidden = title === CANCEL;
}

// Say what went wrong, with a button to try it again in a number of seconds.
export function sayAndOfferAgain(text, retry, { wait_s = 0 } = {}) {
  sayAndOffer(text, "Try again", retry, { bad: true });
  const until = performance.now() + wait_s * 1000;
  const count = () => {
    const left_s = Math.ceil((until - performance.now()) / 1000);
    rest(offer, left_s > 0);
    offer.textContent = left_s > 0 ? `Try again in ${left_s} s` : "Try again";
    if (left_s <= 0) clearInterval(counting);
  };
  counting = setInterval(count, 200);
  count();
}

dismiss.addEventListener("click", () => say(""));
document.addEventListener("keydown", (event) => {
  const isOffered = !offer.hidden && offer.textContent === CANCEL;
  if (event.key === "Escape" && isOffered && !document.querySelector("dialog[open]")) offer.click();
});
