// The ways between a worker and the server. Each resolves when it is open, and calls `back` with each time the server sends.

const RELAY = "relay";

/** Requests of `post`, one at a time, each with everything that has come since the one before. */
function oneAtATime(post, back) {
  let waiting = [];
  let isBusy = false;
  let isClosed = false;
  return {
    async send(time) {
      waiting.push(time);
      if (isBusy) return;
      isBusy = true;
      while (waiting.length > 0 && !isClosed) {
        const times = waiting;
        waiting = [];
        back(await post(times.join("\n")));
      }
      isBusy = false;
    },
    close() {
      isClosed = true;
    },
  };
}

const lines = (text, back) => {
  for (const line of text.split("\n")) if (line !== "") back(line);
};

function request(address, body, isAsync) {
  return new Promise((resolve, reject) => {
    const xhr = new XMLHttpRequest();
    xhr.open("POST", address, isAsync);
    xhr.onload = () => resolve(xhr.responseText);
    xhr.onerror = () => reject(new Error("The request failed."));
    xhr.send(body);
  });
}

export const WAYS = {
  async WebSocket(back) {
    const socket = new WebSocket(`ws://${location.host}/`);
    socket.onmessage = ({ data }) => back(data);
    await new Promise((resolve, reject) => {
      socket.onopen = resolve;
      socket.onerror = () => reject(new Error("The socket failed."));
    });
    return { send: (time) => socket.send(`${time}`), close: () => socket.close() };
  },

  "fetch, one request after the other": async (back) => {
    const post = async (body) => (await fetch("/post", { method: "POST", body })).text();
    return oneAtATime(post, back);
  },

  /** No request waits for the answer to another. */
  "fetch, a request every 200 ms": async (back) => {
    let waiting = [];
    const timer = setInterval(async () => {
      const body = waiting.join("\n");
      waiting = [];
      back(await (await fetch("/post", { method: "POST", body })).text());
    }, 200);
    return { send: (time) => waiting.push(time), close: () => clearInterval(timer) };
  },

  "XMLHttpRequest, one request after the other": async (back) =>
    oneAtATime((body) => request("/post", body, true), back),

  "XMLHttpRequest, synchronous": async (back) => oneAtATime((body) => request("/post", body, false), back),

  "fetch, body of the answer": async (back) => {
    const stop = new AbortController();
    const { body } = await fetch("/stream", { signal: stop.signal });
    const read = async () => {
      for (const reader = body.pipeThrough(new TextDecoderStream()).getReader(); ; ) {
        const { done, value } = await reader.read();
        if (done) return;
        lines(value, back);
      }
    };
    read().catch(() => {});
    return { close: () => stop.abort() };
  },

  async EventSource(back) {
    const events = new EventSource("/events");
    events.onmessage = ({ data }) => back(data);
    await new Promise((resolve, reject) => {
      events.onopen = resolve;
      events.onerror = () => reject(new Error("The event source failed."));
    });
    return { close: () => events.close() };
  },

  "BroadcastChannel to a shared worker, WebSocket there": async (back) => {
    const channel = new BroadcastChannel(RELAY);
    await new Promise((resolve) => {
      channel.onmessage = resolve;
      channel.postMessage("open");
    });
    channel.onmessage = ({ data }) => back(data);
    return {
      send: (time) => channel.postMessage(time),
      close() {
        channel.postMessage("close");
        channel.close();
      },
    };
  },
};

/** In a shared worker: opens a socket for whoever asks for it on the channel. */
export function relay() {
  const channel = new BroadcastChannel(RELAY);
  let socket;
  channel.onmessage = async ({ data }) => {
    if (data === "open") {
      socket = await WAYS.WebSocket((time) => channel.postMessage(time));
      channel.postMessage("opened");
    } else if (data === "close") socket.close();
    else socket.send(data);
  };
}
