// The line that tells what goes on, and what went wrong, with a button for what to do about it.

import { rest } from "./rest.js";

const status = document.getElementById("status");
const offer = document.getElementById("offer");
let counting = null;

export function say(text, { bad = false } = {}) {
  clearInterval(counting);
  // Who pressed the button reads on at what came of it.
  if (document.activeElement === offer) document.getElementById("result").focus();
  offer.hidden = true;
  status.textContent = text;
  status.classList.toggle("bad", bad);
}

// Say what goes on; the button stays, and keeps the keyboard's focus, where it was there before.
export function sayAndOfferToCancel(text, cancel) {
  status.textContent = text;
  status.classList.remove("bad");
  show("Cancel", cancel);
}

// Say what went wrong, with a button to try it again, in so many seconds.
export function sayAndOffer(text, retry, { wait_s }) {
  status.textContent = text;
  status.classList.add("bad");
  show("Try again", retry);
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

function show(title, act) {
  clearInterval(counting);
  rest(offer, false);
  offer.textContent = title;
  offer.onclick = act;
  offer.hidden = false;
}
