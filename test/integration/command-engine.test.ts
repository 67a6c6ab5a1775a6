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

  it("may print objects: captions that grow, with the times of their words", async () => {
    const lines = [
      { text: "switch", final: false, from: 0.5, to: 1 },
      { text: "switch on", from: 0.5, to: 1.5, words: [{ text: "switch", from: 0.5, to: 1, probability: 1 }] },
      { text: "noise", final: false },
      { text: "" },
      { text: "" },
      { text: "the light", final: false, from: 1.6, to: 99 },
    ].map((line) => `echo '${JSON.stringify(line)}'`);
    const { run, segments } = await open(`cat >/dev/null; ${lines.join(";")}`);
    for (let position = 1_000; position < 33_000; position += 320) run.write(new Uint8Array(640), position);
    await run.end();
    expect(segments).toEqual([
      { text: "switch", segmentId: "command-9000-1", final: false, from: 9_000, to: 17_000 },
      {
        ...{ text: "switch on", segmentId: "command-9000-1", final: true, from: 9_000, to: 25_000 },
        words: [{ text: "switch", from: 9_000, to: 17_000 }],
      },
      { text: "noise", segmentId: "command-25000-2", final: false, from: 25_000, to: 33_000 },
      { text: "", segmentId: "command-25000-2", final: true, from: 25_000, to: 33_000 },
      { text: "the light", segmentId: "command-26600-3", final: false, from: 26_600, to: 33_000 },
    ]);
    await run.dispose();
  });

  // Field report 109: engines inherited every variable of the server.
  it("learns only what it needs of the server's variables, and what it is to have", async () => {
    const variables = {
      LX_TOKEN: "s3cret",
      AWS_SECRET_ACCESS_KEY: "s3cret",
      HF_TOKEN: "for it",
      CUDA_VISIBLE_DEVICES: "1",
    };
    for (const [name, value] of Object.entries(variables)) vi.stubEnv(name, value);
    onTestFinished(() => void vi.unstubAllEnvs());
    const { run, segments } = await openEngine({
      ...{ LX_ENGINE: "command", LX_ENGINE_ENV: "HF_TOKEN, LX_ABSENT" },
      LX_ENGINE_COMMAND: "cat >/dev/null; env",
    });
    run.write(new Uint8Array(640), 1_000);
    await run.end();
    const named = textsOf(segments).map((line) => line.split("=", 1)[0]);
    expect(textsOf(segments)).toEqual(expect.arrayContaining(["HF_TOKEN=for it", "CUDA_VISIBLE_DEVICES=1"]));
    expect(named).toEqual(expect.arrayContaining(["PATH", "HOME"]));
    expect(named).not.toContain("LX_TOKEN");
    expect(named).not.toContain("AWS_SECRET_ACCESS_KEY");
  });

  // Field report 109: what it printed for its operator reached the clients.
  it("that crashes is followed by the segmenter, and clients do not learn what it printed", async () => {
    const { run, statuses } = await open("echo 'no model in /srv/secret' >&2; exit 7");
    for (let position = 1_000; statuses.length < 2 && position < 160_000; position += 320) {
      run.write(new Uint8Array(640), position);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    expect(statuses[1]).toMatchObject({
      engine: "segmenter",
      words: false,
      detail: expect.stringMatching(/^The engine command ended with exit code 7\. segmenter listens from here on\./),
    });
    await run.dispose();
  });

  it("that ends with the audio, but badly, is told as well", async () => {
    const { run, statuses } = await open("cat >/dev/null; kill -SEGV $$");
    run.write(new Uint8Array(640), 1_000);
    await run.end();
    expect(statuses.at(-1)?.detail).toMatch(
      /^The engine command ended with (exit code 139|the signal SIGSEGV)\. Its last words may be missing\./,
    );
  });

  it("that is disposed says nothing more", async () => {
    const { run, segments, statuses } = await open("trap 'echo late; exit 1' TERM; while :; do sleep 0.05; done");
    run.write(new Uint8Array(640), 1_000);
    await run.dispose();
    expect([segments, statuses.length]).toEqual([[], 1]);
  });
});
