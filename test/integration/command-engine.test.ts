import { describe, expect, it, onTestFinished, vi } from "vitest";
import { openEngine, textsOf } from "../support/selected-engine.js";

const open = (command: string) => openEngine({ LX_ENGINE: "command", LX_ENGINE_COMMAND: command });

describe("an engine that is a shell command", () => {
  it("gets the samples, also when it opens its input by name, and each line is a segment up to what was heard", async () => {
    const { run, segments, statuses } = await open(
      "head -c 4 /dev/stdin | od -An -tx1; echo; cat >/dev/null; printf bye",
    );
    run.write(Uint8Array.of(1, 2, 3, 4), 1_000);
    await vi.waitFor(() => expect(segments).toHaveLength(1));
    run.write(new Uint8Array(640), 1_002);
    await run.end();
    expect(statuses).toEqual([{ engine: "command", words: true, detail: "" }]);
    expect(segments).toEqual([
      { text: "01 02 03 04", segmentId: "command-1000-1", final: true, from: 1_000, to: 1_002 },
      { text: "bye", segmentId: "command-1002-2", final: true, from: 1_002, to: 1_322 },
    ]);
    await run.dispose();
  });

  it("hears at most a second of silence where audio is missing", async () => {
    const { run, segments } = await open("wc -c");
    run.write(new Uint8Array(640), 1_000);
    run.gap(1_320, 1_420);
    run.gap(1_420, 10_000_000);
    await run.end();
    expect(textsOf(segments)).toEqual([String(640 + 200 + 32_000)]);
    expect(segments[0]?.to).toBe(10_000_000);
  });

  it("does not learn the server's token", async () => {
    vi.stubEnv("LX_TOKEN", "s3cret");
    vi.stubEnv("LX_JWT_SECRET", "s3cret as well");
    onTestFinished(() => void vi.unstubAllEnvs());
    const { run, segments } = await open('echo "token=$LX_TOKEN$LX_JWT_SECRET home=$HOME"; cat >/dev/null');
    await run.end();
    expect(textsOf(segments)).toEqual([`token= home=${process.env.HOME ?? ""}`]);
  });

  it("that crashes is followed by the segmenter, with its last words in the status", async () => {
    const { run, statuses } = await open("echo first >&2; echo 'no model found' >&2; exit 7");
    for (let position = 1_000; statuses.length < 2 && position < 160_000; position += 320) {
      run.write(new Uint8Array(640), position);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    expect(statuses[1]).toMatchObject({
      engine: "segmenter",
      words: false,
      detail: expect.stringMatching(
        /^The engine command ended with exit code 7; its last words were: no model found\. segmenter listens from here on\./,
      ),
    });
    await run.dispose();
  });

  it("that ends with the audio, but badly, is told as well", async () => {
    const { run, statuses } = await open("cat >/dev/null; kill -SEGV $$");
    await run.end();
    expect(statuses.at(-1)?.detail).toMatch(
      /^The engine command ended with (exit code 139|the signal SIGSEGV)(; its last words were: Segmentation fault)?\. Its last words may be missing\./,
    );
  });

  it("that is disposed says nothing more", async () => {
    const { run, segments, statuses } = await open("trap 'echo late; exit 1' TERM; while :; do sleep 0.05; done");
    await run.dispose();
    expect([segments, statuses.length]).toEqual([[], 1]);
  });
});
