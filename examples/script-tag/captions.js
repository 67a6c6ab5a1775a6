// The reference backend serves the bundle and the worklet in /dist. On any other server put loquilex.iife.js beside
// this file, and say where the audio goes with ?server=wss://host/path.
const byId = (id) => document.getElementById(id);
const servedByBackend = "LoquiLex" in globalThis;
let stream;

function start() {
  byId("error").textContent = "";
  byId("partial").textContent = "";
  byId("finals").replaceChildren();
  try {
    const server = new URLSearchParams(location.search).get("server") ?? new URL("/v1/stream", location.href);
    stream = LoquiLex.createMicrophoneStream(server, {
      // Files, because a page whose Content Security Policy forbids blob: can load nothing else.
      microphone: servedByBackend ? { workletUrl: "/dist/capture.worklet.js" } : {},
      workerUrl: servedByBackend ? "/dist/loquilex.worker.js" : undefined,
    });
  } catch (error) {
    byId("error").textContent = error.message;
    return;
  }
  stream.addEventListener("statechange", showState);
  stream.addEventListener("message", showCaption);
  stream.addEventListener("drop", ({ durationMs }) => {
    byId("error").textContent = `${durationMs} ms of audio was lost.`;
  });
  stream.addEventListener("close", ({ info }) => {
    if (info.outcome === "failed") byId("error").textContent = info.error.message;
  });
  // Why a start or a stop failed is in the close event.
  stream.start().catch(() => {});
}

function stop() {
  stream.close().catch(() => {});
}

function showState() {
  const { state } = stream;
  document.body.dataset.state = state;
  byId("state").textContent = state;
  byId("start").disabled = state !== "closed";
  byId("stop").disabled = state === "closing" || state === "closed";
}

function showCaption({ data: message }) {
  if (message.t === "asr.partial") byId("partial").textContent = message.data.text;
  if (message.t === "asr.final") {
    const line = document.createElement("li");
    line.textContent = message.data.text;
    byId("finals").append(line);
    byId("partial").textContent = "";
  }
}

function ready() {
  byId("start").onclick = start;
  byId("stop").onclick = stop;
  byId("start").disabled = false;
}

if (servedByBackend) ready();
else {
  const bundle = document.createElement("script");
  bundle.src = "loquilex.iife.js";
  bundle.onload = ready;
  bundle.onerror = () => {
    byId("error").textContent = "loquilex.iife.js was not found. Put it beside this page, then load the page again.";
  };
  document.head.append(bundle);
}
