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
    const choose = (deviceId: string): void => {
      select.value = deviceId;
      select.dispatchEvent(new Event("change"));
    };
    choose(HEADSET.deviceId);
    await started();
    expect(fake.track.device).toBe(HEADSET);
    choose(BUILT_IN.deviceId);
    await vi.waitFor(() => expect(fake.track.device).toBe(BUILT_IN));
    fake.context.render(new Float32Array(4_800).fill(0.1));
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
