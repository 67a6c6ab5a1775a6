import { afterEach, beforeEach, expect } from "vitest";

/** Rejections that nobody handled: what the application's functions did must not become the page's errors by the SDK. */
const unhandled: unknown[] = [];
const note = (reason: unknown): void => void unhandled.push(reason);

/** Every test of this file fails if a rejection was left unhandled. */
export function expectNoUnhandledRejections(): void {
  beforeEach(() => {
    unhandled.length = 0;
    process.on("unhandledRejection", note);
  });
  afterEach(async () => {
    await new Promise((resolve) => setTimeout(resolve));
    process.off("unhandledRejection", note);
    expect(unhandled).toEqual([]);
  });
}
