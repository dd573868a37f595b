// The line that tells what goes on, and what went wrong.

const status = document.getElementById("status");
const again = document.getElementById("again");
let counting = null;

export function say(text, { bad = false } = {}) {
  clearInterval(counting);
  again.hidden = true;
  status.textContent = text;
  status.classList.toggle("bad", bad);
}

// Say what went wrong, with a button to try it again, in so many seconds.
export function sayAndOffer(text, retry, { wait_s }) {
  say(text, { bad: true });
  const until = performance.now() + wait_s * 1000;
  const count = () => {
    const left_s = Math.ceil((until - performance.now()) / 1000);
    again.disabled = left_s > 0;
    again.textContent = again.disabled ? `Try again in ${left_s} s` : "Try again";
    if (!again.disabled) clearInterval(counting);
  };
  counting = setInterval(count, 200);
  count();
  again.onclick = retry;
  again.hidden = false;
}
