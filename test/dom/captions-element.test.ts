import { type CaptionsElement, defineCaptionsElement } from "loquilex/element";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { BUILT_IN, type FakeAudio, HEADSET, installFakeAudio } from "../support/fake-audio.js";
import { FakeSocket } from "../support/fake-socket.js";
import { installObligingSockets } from "../support/obliging-socket.js";
import { expectNoUnhandledRejections } from "../support/unhandled-rejections.js";

expectNoUnhandledRejections();

let fake: FakeAudio;
let element: CaptionsElement;

beforeEach(() => {
  fake = installFakeAudio();
  fake.plug(BUILT_IN, HEADSET);
  installObligingSockets();
  defineCaptionsElement();
  defineCaptionsElement();
  element = document.createElement("loquilex-captions") as CaptionsElement;
  element.setAttribute("url", "wss://example.org/");
  document.body.append(element);
});
afterEach(async () => {
  element.remove();
  expect(fake.liveTracks).toEqual([]);
  await vi.waitFor(() => expect(element.stream?.resources() ?? []).toEqual([]));
  fake.uninstall();
  vi.unstubAllGlobals();
});

function part<Kind extends HTMLElement = HTMLElement>(name: string): Kind {
  const found = element.shadowRoot?.querySelector<Kind>(`[part="${name}"]`);
  if (found === null || found === undefined) throw new Error(`There is no part ${name}.`);
  return found;
}

const lines = (): string[] => [...part("finals").children].map(({ textContent }) => textContent ?? "");

/** A socket to where nobody is. */
class UnreachableSocket extends FakeSocket {
  constructor(url: string | URL) {
    super(url);
    queueMicrotask(() => this.drop());
  }
}

function choose(deviceId: string): void {
  const select = part<HTMLSelectElement>("select");
  select.value = deviceId;
  select.dispatchEvent(new Event("change"));
}

/** Presses the button at this time. */
function press(timeStamp: number): void {
  const event = new Event("click");
  Object.defineProperty(event, "timeStamp", { value: timeStamp });
  part("button").dispatchEvent(event);
}

async function started(timeStamp = 0): Promise<void> {
  const made = FakeSocket.made.length;
  press(timeStamp);
  await vi.waitFor(() => expect(FakeSocket.made[made]?.messages).toHaveLength(1));
  fake.context.render(new Float32Array(4_800).fill(0.1));
  await vi.waitFor(() => expect(element.stream?.state).toBe("streaming"));
}

describe("<loquilex-captions>", () => {
  it("asks for nothing before the button is pressed, and names everything for those who do not see it", () => {
    expect([fake.prompts.length, FakeSocket.made.length]).toEqual([0, 0]);
    expect(part("button").textContent).toBe("Start");
    expect(part("finals").getAttribute("role")).toBe("log");
    expect(part("captions").getAttribute("aria-label")).toBe("Captions");
    expect(part("captions").tabIndex).toBe(0);
    expect(part("error").getAttribute("role")).toBe("alert");
    expect(part("level").getAttribute("aria-label")).toBe("Level");
    expect(part<HTMLElement>("partial").dir).toBe("auto");
  });

  it("shows captions, and adds to the live region only what is final, each line once", async () => {
    await started();
    expect(part("button").textContent).toBe("Stop");
    FakeSocket.last.say("asr.partial", { segment_id: "s1", text: "good" });
    expect([lines(), part("partial").textContent]).toEqual([[], "good"]);
    FakeSocket.last.say("asr.final", { segment_id: "s1", text: "Good morning." });
    const [first] = part("finals").children;
    FakeSocket.last.say("asr.final", { segment_id: "s2", text: "שלום" });
    expect([lines(), part("partial").textContent]).toEqual([["Good morning.", "שלום"], ""]);
    expect(part("finals").children[0]).toBe(first);
    FakeSocket.last.say("asr.final", { segment_id: "s3", text: "Good day.", replaces: ["s1"] });
    expect(lines()).toEqual(["שלום", "Good day."]);
  });

  it("starts once for a double press, stops for a later one, and starts again", async () => {
    await started(1_000);
    press(1_400);
    await Promise.resolve();
    expect(element.stream?.state).toBe("streaming");
    press(2_000);
    await vi.waitFor(() => expect(element.stream?.state).toBe("closed"));
    expect(part("button").textContent).toBe("Start");
    await started(3_000);
    expect(fake.prompts).toHaveLength(2);
  });

  it("says why it failed, and clears that with the next start", async () => {
    fake.answer = new DOMException("no", "NotAllowedError");
    const states: unknown[] = [];
    element.addEventListener("statechange", () => states.push(element.stream?.state));
    press(0);
    await vi.waitFor(() => expect(part("error").textContent).not.toBe(""));
    expect(part("error").textContent).toBe(element.stream?.error?.message);
    expect(states).toContain("closed");
    fake.answer = "grant";
    await started(10_000);
    expect(part("error").textContent).toBe("");
  });

  it("says at once that the server cannot be reached, while it goes on trying", async () => {
    vi.stubGlobal("WebSocket", FakeSocket.asWebSocket());
    const made = FakeSocket.made.length;
    press(0);
    await vi.waitFor(() => expect(FakeSocket.made).toHaveLength(made + 1));
    FakeSocket.last.drop();
    await vi.waitFor(() => expect(part("error").textContent).toMatch(/^[A-Z].*server.*\.$/s));
    expect(part("button").textContent).toBe("Stop");
  });

  it("lets the person choose the microphone, before and while it runs", async () => {
    const select = part<HTMLSelectElement>("select");
    await vi.waitFor(() => expect(select.options).toHaveLength(3));
    choose(HEADSET.deviceId);
    await started();
    expect(fake.track.device).toBe(HEADSET);
    choose(BUILT_IN.deviceId);
    await vi.waitFor(() => expect(fake.track.device).toBe(BUILT_IN));
    fake.context.render(new Float32Array(4_800).fill(0.1));
  });

  it("uses the microphone that was chosen while the browser was asking", async () => {
    const select = part<HTMLSelectElement>("select");
    await vi.waitFor(() => expect(select.options).toHaveLength(3));
    fake.answer = "hold";
    press(0);
    await vi.waitFor(() => expect(fake.prompts).toHaveLength(1));
    choose(HEADSET.deviceId);
    fake.answer = "grant";
    fake.prompts[0]?.grant();
    await vi.waitFor(() => expect(fake.track.device).toBe(HEADSET));
    fake.context.render(new Float32Array(4_800).fill(0.1));
    await vi.waitFor(() => expect(element.stream?.track?.label).toBe("Headset"));
    expect(select.value).toBe(HEADSET.deviceId);
  });

  it("shows the microphone in use again if the chosen one cannot be had, and says why", async () => {
    const select = part<HTMLSelectElement>("select");
    await vi.waitFor(() => expect(select.options).toHaveLength(3));
    await started();
    fake.answer = ({ audio }) =>
      JSON.stringify(audio).includes(HEADSET.deviceId) ? new DOMException("no", "NotFoundError") : "grant";
    choose(HEADSET.deviceId);
    expect(select.value).toBe(HEADSET.deviceId);
    await vi.waitFor(() => expect(select.value).toBe(""));
    expect(element.stream?.track?.label).toBe("Built-in");
    expect(part("error").textContent).not.toBe("");
    choose(BUILT_IN.deviceId);
    expect(part("error").textContent).toBe("");
    fake.answer = "grant";
    await vi.waitFor(() => expect(fake.tracks).toHaveLength(2));
    fake.context.render(new Float32Array(4_800).fill(0.1));
  });

  it("shows the microphone that the page has chosen, until the person chooses another", async () => {
    const select = part<HTMLSelectElement>("select");
    element.options = { microphone: { deviceId: HEADSET.deviceId } };
    await vi.waitFor(() => expect(select.value).toBe(HEADSET.deviceId));
    choose("");
    expect(select.value).toBe("");
    await started();
    expect(element.stream?.track?.label).toBe("Built-in");
  });

  it("lists what is there, also while the list has the focus", async () => {
    const select = part<HTMLSelectElement>("select");
    const listed = (): string[] => [...select.options].map(({ textContent }) => textContent ?? "");
    await vi.waitFor(() => expect(select.options).toHaveLength(3));
    const [kept] = select.options;
    element.texts = {};
    expect(select.options[0]).toBe(kept);
    Object.defineProperty(element.shadowRoot, "activeElement", { value: select });
    fake.plug(BUILT_IN, { ...HEADSET, deviceId: "other", label: "Other" });
    await vi.waitFor(() => expect(listed()).toEqual(["Default microphone", "Built-in", "Other"]));
  });

  it("lists the microphones after a start in a browser that does not tell of the permission", async () => {
    const anonymous = { deviceId: "", label: "" };
    fake.setPermission("prompt");
    fake.plug(anonymous);
    await vi.waitFor(() => expect(part("microphone").hidden).toBe(true));
    fake.answer = () => {
      fake.devices = [BUILT_IN, HEADSET];
      return "grant";
    };
    await started();
    await vi.waitFor(() => expect(part<HTMLSelectElement>("select").options).toHaveLength(3));
    expect(part("microphone").hidden).toBe(false);
  });

  it("takes down what it said about a server as soon as that can be reached", async () => {
    vi.stubGlobal("WebSocket", UnreachableSocket);
    press(0);
    await vi.waitFor(() => expect(part("error").textContent).toMatch(/example\.org could not be reached/));
    expect(element.stream?.state).toBe("starting");
    installObligingSockets();
    element.stream?.retryNow();
    fake.context.render(new Float32Array(4_800).fill(0.1));
    await vi.waitFor(() => expect(element.stream?.state).toBe("streaming"));
    expect(part("error").textContent).toBe("");
  });

  it("says that what is spoken is kept only as long as it is, and that some of it was lost", async () => {
    element.options = { replay: { maxDurationMs: 1_000 } };
    await started();
    vi.stubGlobal("WebSocket", UnreachableSocket);
    FakeSocket.last.drop();
    await vi.waitFor(() => expect(part("status").textContent).toMatch(/is kept/));
    const speak = (): void => {
      fake.context.render(new Float32Array(24_000).fill(0.1));
      expect(part("error").textContent).toMatch(/lost/);
    };
    await vi.waitFor(speak, { timeout: 10_000 });
    expect(part("status").textContent).toBe("");
    element.abort();
    await vi.waitFor(() => expect(part("error").textContent).toBe("Some of what you said was lost."));
    installObligingSockets();
    await started(10_000);
    expect(part("error").textContent).toBe("");
  });

  it("takes the properties that were set before it was defined", async () => {
    const early = document.createElement("early-captions") as CaptionsElement;
    Object.assign(early, { url: "wss://early/", options: { takeover: true }, texts: { start: "Los" } });
    document.body.append(early);
    defineCaptionsElement("early-captions");
    expect(early.shadowRoot?.querySelector("button")?.textContent).toBe("Los");
    early.texts = { start: "Go" };
    expect(early.shadowRoot?.querySelector("button")?.textContent).toBe("Go");
    expect([early.url, early.options]).toEqual(["wss://early/", { takeover: true }]);
    early.remove();
  });

  it("names what is no address and no options", async () => {
    element.removeAttribute("url");
    press(0);
    expect(part("error").textContent).toBe("The server's URL must be a valid URL, and is empty.");
    element.options = null as never;
    press(10_000);
    expect(part("error").textContent).toBe("options must be an object, and is null.");
    element.options = undefined as never;
    expect(element.options).toEqual({});
  });

  it("touches no line that stays, however many there are", async () => {
    await started();
    const say = (segment_id: string, from: number, replaces: string[] = []) =>
      FakeSocket.last.say("asr.final", { segment_id, text: segment_id, replaces, audio: { from, to: from + 1 } });
    for (let n = 0; n < 50; n += 1) say(`s${n}`, 10 * n);
    const before = [...part("finals").children];
    const looked = vi.spyOn(before[0] as Element, "nextElementSibling", "get");
    say("s50", 500);
    expect(looked).not.toHaveBeenCalled();
    say("between", 15);
    say("instead", 35, ["s3", "s4"]);
    const wanted = ["s0", "s1", "between", "s2", "instead", ...Array.from({ length: 46 }, (_, n) => `s${n + 5}`)];
    expect(lines()).toEqual(wanted);
    const after = [...part("finals").children];
    expect(before.filter((line) => after.includes(line))).toHaveLength(48);
  });

  it("turns the microphone off when it is removed, and can be used again when it is put back", async () => {
    await started();
    element.remove();
    expect([fake.liveTracks, FakeSocket.open]).toEqual([[], []]);
    press(5_000);
    expect(fake.prompts).toHaveLength(1);
    document.body.append(element);
    await started(10_000);
  });

  it("speaks the page's language, and takes options such as a token by its properties", async () => {
    element.texts = { start: "Los" };
    expect(part("button").textContent).toBe("Los");
    element.options = { getToken: () => "token" };
    element.url = () => "wss://example.net/";
    await started();
    expect(FakeSocket.last.url).toMatch(/^wss:\/\/example\.net/);
    expect(FakeSocket.last.messages[0]?.data).toMatchObject({ token: "token" });
  });
});
