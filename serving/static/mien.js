// The page works without this file; it adds dropping, pasting, progress, and the Plotly charts.

const form = document.getElementById("upload");
const input = document.getElementById("image");
const drop = document.getElementById("drop");
const progress = document.getElementById("progress");
const status = document.getElementById("status");
const dark = matchMedia("(prefers-color-scheme: dark)");

function say(text, { bad = false } = {}) {
  status.textContent = text;
  status.classList.toggle("bad", bad);
}

function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

function drawCharts() {
  for (const chart of document.querySelectorAll(".chart")) {
    const { data, layout } = JSON.parse(chart.dataset.figure);
    data[0].marker = { color: colour("--accent") };
    layout.font = { family: getComputedStyle(document.body).fontFamily, color: colour("--ink"), size: 13 };
    layout.xaxis.gridcolor = colour("--line");
    layout.xaxis.zerolinecolor = colour("--line");
    chart.hidden = false;
    Plotly.react(chart, data, layout, { responsive: true, displaylogo: false, modeBarButtons: [["toImage"]] });
  }
}

function choose(number) {
  for (const element of document.querySelectorAll("[data-face]")) {
    element.classList.toggle("chosen", element.dataset.face === number);
  }
}

function enliven() {
  for (const element of document.querySelectorAll(".scripted")) element.hidden = false;
  for (const table of document.querySelectorAll(".numbers")) table.open = false;
  for (const element of document.querySelectorAll("[data-face]")) {
    const number = element.dataset.face;
    element.addEventListener("pointerenter", () => choose(number));
    element.addEventListener("focus", () => choose(number));
    element.addEventListener("click", () => {
      if (element.matches(".face")) document.querySelector(`.card[data-face="${number}"]`).focus();
    });
  }
  document.getElementById("points")?.addEventListener("change", (event) => {
    document.querySelector(".photo").classList.toggle("no-points", !event.target.checked);
  });
  drawCharts();
}

function show(html) {
  const fresh = new DOMParser().parseFromString(html, "text/html").getElementById("result");
  const old = document.getElementById("result");
  if (!fresh) throw new Error("no result in the answer");
  old.replaceWith(document.adoptNode(fresh));
  enliven();
  const faces = fresh.querySelectorAll(".card").length;
  const problem = fresh.querySelector(".problem");
  if (problem) say(problem.querySelector("h2").textContent, { bad: true });
  else say(faces === 0 ? "No face found." : faces === 1 ? "One face found." : `${faces} faces found.`);
  fresh.scrollIntoView({ block: "nearest" });
}

function send(data) {
  const request = new XMLHttpRequest();
  const buttons = form.querySelectorAll("button");
  const finish = () => {
    progress.hidden = true;
    for (const button of buttons) button.disabled = false;
    document.getElementById("result").classList.remove("waiting");
  };
  for (const button of buttons) button.disabled = true;
  document.getElementById("result").classList.add("waiting");
  progress.hidden = false;
  progress.value = 0;
  say("Uploading…");
  request.upload.addEventListener("progress", (event) => {
    if (event.lengthComputable) progress.value = event.loaded / event.total;
  });
  request.upload.addEventListener("load", () => {
    progress.removeAttribute("value");
    say("Looking for faces…");
  });
  request.addEventListener("load", () => {
    finish();
    try {
      show(request.responseText);
    } catch {
      say("The server's answer could not be read. Please try again.", { bad: true });
    }
  });
  request.addEventListener("error", () => {
    finish();
    say("The server could not be reached, or refused the picture. Please try again.", { bad: true });
  });
  request.open("POST", form.action);
  request.send(data);
}

function sendFile(file) {
  const data = new FormData(form);
  data.set("image", file);
  send(data);
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  const data = new FormData(form, event.submitter);
  if (!data.has("sample") && !input.files.length) {
    say("Choose a picture first.", { bad: true });
    input.focus();
    return;
  }
  if (data.has("sample")) data.delete("image");
  send(data);
});

input.addEventListener("change", () => {
  if (input.files.length) form.requestSubmit();
});

for (const kind of ["dragenter", "dragover"]) {
  document.addEventListener(kind, (event) => {
    event.preventDefault();
    drop.classList.add("over");
  });
}
for (const kind of ["dragleave", "drop"]) {
  document.addEventListener(kind, (event) => {
    event.preventDefault();
    drop.classList.remove("over");
  });
}
document.addEventListener("drop", (event) => {
  const file = event.dataTransfer.files[0];
  if (file) sendFile(file);
});
document.addEventListener("paste", (event) => {
  const file = [...event.clipboardData.files].find((each) => each.type.startsWith("image/"));
  if (file) sendFile(file);
});

dark.addEventListener("change", drawCharts);
enliven();
