// What a person says of a face: nothing is sent before they have agreed to what is kept.

import { rest } from "./rest.js";
import { reasonOf, say } from "./status.js";
import { hasAgreed, keepConsent } from "./store.js";

const dialog = document.getElementById("consent");
let waiting = null;

async function post(form, data) {
  const answer = await fetch(form.action, { method: "POST", body: data, headers: { Accept: "text/html, application/json;q=0.5" } });
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  if (!answer.ok) throw new Error(page.querySelector(".problem p")?.textContent ?? "Try again.");
  return page;
}

async function send({ form, button }) {
  const area = form.closest(".feedback-area");
  const data = new FormData(form, button);
  data.set("chip", form.closest(".row").querySelector(".chip").src);
  data.set("consent", "1");
  rest(button, true);
  try {
    const thanks = document.adoptNode((await post(form, data)).querySelector(".thanks"));
    form.hidden = true;
    const news = area.querySelector(".feedback-news");
    news.replaceChildren(thanks);
    thanks.tabIndex = -1;
    thanks.focus({ preventScroll: true });
  } catch (error) {
    say(`Your answer was not kept. ${reasonOf(error)}`, { bad: true });
  }
  rest(button, false);
}

async function remove(form) {
  const area = form.closest(".feedback-area");
  try {
    const page = await post(form, new FormData(form));
    const asked = area.querySelector(".feedback");
    asked.hidden = false;
    asked.querySelector(".looks").open = false;
    area.querySelector(".feedback-news").textContent = page.querySelector(".deleted").textContent;
    asked.querySelector("button").focus({ preventScroll: true });
  } catch (error) {
    say(`It could not be deleted. ${reasonOf(error)}`, { bad: true });
  }
}

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.matches(".feedback-area .delete-feedback")) {
    event.preventDefault();
    remove(form);
  } else if (form.matches(".feedback")) {
    event.preventDefault();
    waiting = { form, button: event.submitter };
    if (hasAgreed()) send(waiting);
    else dialog.showModal();
  }
});

dialog.addEventListener("close", () => {
  if (dialog.returnValue !== "agree") return;
  dialog.returnValue = "";
  keepConsent();
  send(waiting);
});
