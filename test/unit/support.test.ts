import { expect, it } from "vitest";
import { checkSupport, queryMicrophonePermission } from "../../src/support.js";

// ricky0123/vad#32: a server that renders pages imports the package too.
it("in plain Node checkSupport() throws nothing and names everything that a page would need", () => {
  const { supported, missing } = checkSupport();
  expect(supported).toBe(false);
  expect(missing).toEqual(expect.arrayContaining(["secure-context", "media-devices", "audio-worklet"]));
});

it("in plain Node queryMicrophonePermission() says unknown", async () => {
  expect(await queryMicrophonePermission()).toBe("unknown");
});
