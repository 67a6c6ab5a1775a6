import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { onPageGone, watchPage } from "../../src/host/page-watch.js";
import { Scope } from "../../src/internal/scope.js";

const reactions = { onReturn: vi.fn(), onLeave: vi.fn(), onGone: vi.fn() };
const calls = () => Object.entries(reactions).flatMap(([name, { mock }]) => Array(mock.calls.length).fill(name));

let scope: Scope;
beforeEach(() => {
  vi.clearAllMocks();
  scope = new Scope({ name: "page" });
  watchPage(scope, reactions);
  onPageGone(scope, reactions.onGone);
});
afterEach(async () => {
  vi.unstubAllGlobals();
  await scope.dispose();
});

const event = (type: string, persisted = false) => Object.assign(new Event(type), { persisted });

function becomeVisible(state: DocumentVisibilityState): void {
  vi.spyOn(document, "visibilityState", "get").mockReturnValueOnce(state);
  document.dispatchEvent(new Event("visibilitychange"));
}

describe("watching the page", () => {
  // phoenixframework/phoenix#6804, livekit/client-sdk-js#1968
  it.each<readonly [string, () => unknown, readonly string[]]>([
    ["the network coming back", () => window.dispatchEvent(event("online")), ["onReturn"]],
    ["a page shown again from the cache", () => window.dispatchEvent(event("pageshow", true)), ["onReturn"]],
    ["a page shown for the first time", () => window.dispatchEvent(event("pageshow", false)), []],
    ["a page put into the cache", () => window.dispatchEvent(event("pagehide", true)), ["onLeave"]],
    ["a page that goes away for good", () => window.dispatchEvent(event("pagehide", false)), ["onGone"]],
    ["a tab that comes to the front", () => becomeVisible("visible"), ["onReturn"]],
    ["a tab that goes to the back", () => becomeVisible("hidden"), []],
    ["a page that is frozen", () => document.dispatchEvent(event("freeze")), ["onLeave"]],
    ["a page that thaws", () => document.dispatchEvent(event("resume")), ["onReturn"]],
  ])("takes %s for what it is", (_, happen, expected) => {
    happen();
    expect(calls()).toEqual(expected);
  });

  it("ends with its scope, and leaves no listener", () => {
    expect(scope.resources().length).toBeGreaterThan(0);
    void scope.dispose();
    for (const type of ["online", "pagehide", "pageshow"]) window.dispatchEvent(event(type, true));
    for (const type of ["freeze", "resume", "visibilitychange"]) document.dispatchEvent(event(type));
    expect(calls()).toEqual([]);
  });

  it("does nothing where there is no page", () => {
    vi.stubGlobal("window", undefined);
    const elsewhere = new Scope({ name: "no page" });
    watchPage(elsewhere, reactions);
    onPageGone(elsewhere, reactions.onGone);
    expect(elsewhere.resources()).toEqual([]);
  });
});
