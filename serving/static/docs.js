// Sends the forms of the page and shows the answers; without it the browser itself sends them.

const HEADERS = ["Content-Type", "Retry-After", "X-Request-ID"];
// A picture in an answer is a text too long to be read.
const SHOWN_CHARACTERS = 200;

// What a person has set: a number left empty would be sent, and refused.
function entriesOf(form) {
  return [...new FormData(form)].filter(([, value]) => value !== "");
}

function bodyOf(form) {
  if (form.method === "get") return null;
  const data = new FormData();
  for (const entry of entriesOf(form)) data.append(...entry);
  return data;
}

function quote(word) {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`;
}

function asCurl(form) {
  const fields = entriesOf(form).flatMap(([name, value]) => {
    if (!(value instanceof File)) return ["-F", `${name}=${value}`];
    // A name with these signs means something else to curl.
    const file = /[",;\\]/.test(value.name) ? JSON.stringify(value.name) : value.name;
    return ["-F", `${name}=@${file || "photo.jpg"}`];
  });
  return ["curl", "-s", ...fields, form.action].map(quote).join(" ");
}

function shorten(key, value) {
  if (typeof value !== "string" || value.length <= SHOWN_CHARACTERS) return value;
  return `${value.slice(0, SHOWN_CHARACTERS)}… (${value.length} characters)`;
}

function format(text, type) {
  if (!type.includes("json")) return text;
  const documents = type.includes("ndjson") ? text.trim().split("\n") : [text];
  const formatted = documents.map((each) => JSON.stringify(JSON.parse(each), shorten, 2)).join("\n");
  // A list of numbers fits on a line.
  return formatted.replace(/\[[-\d.,\se]+\]/g, (numbers) => numbers.replace(/\s+/g, "").replaceAll(",", ", "));
}

async function send(form) {
  const shown = form.parentElement.querySelector(".answer");
  const [status, headers, body] = shown.querySelectorAll(".status, .headers, .body");
  const button = form.querySelector("button");
  if (button.ariaDisabled === "true") return;
  // Not disabled: it would lose the focus.
  button.ariaDisabled = "true";
  status.textContent = "Sending…";
  const started_ms = performance.now();
  try {
    const answer = await fetch(form.action, { method: form.method, body: bodyOf(form) });
    const text = await answer.text();
    const took_ms = Math.round(performance.now() - started_ms);
    status.textContent = `${answer.status} ${answer.statusText}, after ${took_ms} ms`;
    status.classList.toggle("bad", !answer.ok);
    const told = HEADERS.filter((name) => answer.headers.has(name));
    headers.textContent = told.map((name) => `${name}: ${answer.headers.get(name)}`).join("\n");
    body.textContent = format(text, answer.headers.get("Content-Type") ?? "");
    body.scrollTop = 0;
    shown.scrollIntoView({ block: "nearest" });
  } catch (error) {
    status.textContent = `No answer could be read. ${error.message}`;
    status.classList.add("bad");
  } finally {
    button.ariaDisabled = null;
  }
}

for (const form of document.querySelectorAll(".trial")) {
  const curl = form.parentElement.querySelector(".curl");
  const showCurl = () => {
    curl.textContent = asCurl(form);
  };
  for (const input of form.querySelectorAll("[disabled]")) input.disabled = false;
  form.addEventListener("input", showCurl);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    send(form);
  });
  showCurl();
}
