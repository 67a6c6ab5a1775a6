import { mkdir, readdir, readFile, symlink, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it, vi } from "vitest";
import { plainWord } from "../../examples/server/recording/recording-name.js";
import { BackendProcess } from "../support/backend-process.js";
import { NodeStream } from "../support/node-stream.js";
import { ask, serveArchive } from "../support/serve-archive.js";
import { temporaryFolder } from "../support/temporary-folder.js";
import { parseWav } from "../support/wav.js";

const finalsOf = ({ messages }: NodeStream): string =>
  messages.flatMap((message) => (message.t === "asr.final" ? [`${message.data.text}\n`] : [])).join("");

describe("what is kept of a session", () => {
  it("is given by a running server, during the session and after it, and deleted for good", {
    timeout: 60_000,
  }, async () => {
    const env = { LX_ENGINE: "segmenter", LX_TOKEN: "s3cret" };
    await using backend = await BackendProcess.start({ env });
    await using stream = await NodeStream.start(backend.webSocketUrl, { getToken: () => "s3cret" });
    const headers = { authorization: "Bearer s3cret" };
    const about = `${backend.url}/api/sessions/${stream.stream.sessionId}`;
    await stream.captured(1_500);
    await vi.waitFor(() => expect(stream.messages.some(({ t }) => t === "asr.partial")).toBe(true), {
      timeout: 10_000,
    });
    expect(await ask(about, { headers })).toMatchObject({ status: 200, json: { live: true } });
    expect(await ask(`${about}/transcript.txt`, { headers })).toMatchObject({
      ...{ status: 200, text: expect.stringContaining(finalsOf(stream)) },
    });
    expect(await ask(`${about}/audio.wav`, { headers })).toMatchObject({ status: 409, code: "still_recording" });
    expect(await ask(about, { method: "DELETE", headers })).toMatchObject({ status: 409, code: "still_recording" });
    await stream.close();

    const finals = stream.messages.flatMap((message) => (message.t === "asr.final" ? [message.data] : []));
    expect(finals.length).toBeGreaterThan(0);
    await vi.waitFor(async () => expect(await ask(about, { headers })).toMatchObject({ json: { live: false } }));
    const lines = await ask(`${about}/transcript.jsonl`, { headers });
    expect(
      lines.text
        .trimEnd()
        .split("\n")
        .map((line) => JSON.parse(line)),
    ).toEqual(
      finals.map(({ text, segment_id, audio }) =>
        expect.objectContaining({ text, segment_id, from: audio?.from, to: audio?.to, sample_rate: 16_000 }),
      ),
    );
    expect((await ask(`${about}/transcript.txt`, { headers })).text).toBe(
      finals.map(({ text }) => `${text}\n`).join(""),
    );
    expect((await ask(`${about}/transcript.vtt`, { headers })).text).toMatch(/^WEBVTT\n\n\d\d:\d\d:\d\d\.\d{3} --> /);
    expect((await ask(`${about}/transcript.srt`, { headers })).text).toMatch(/^1\n\d\d:\d\d:\d\d,\d{3} --> /);
    const audio = await ask(`${about}/audio.wav`, { headers });
    expect(audio.type).toBe("audio/wav");
    expect(parseWav(audio.bytes).samples).toHaveLength(stream.source.samplesCaptured);

    for (const path of ["", "/transcript.vtt", "/audio.wav"]) {
      expect(await ask(about + path)).toMatchObject({ status: 401, code: "unauthorized" });
      const foreign = { ...headers, origin: "https://evil.example" };
      expect(await ask(about + path, { headers: foreign })).toMatchObject({ status: 403, code: "foreign_origin" });
    }
    expect(await ask(about, { method: "DELETE" })).toMatchObject({ status: 401 });
    const deleted = await ask(about, { method: "DELETE", headers });
    expect(deleted.json).toMatchObject({ deleted: expect.arrayContaining([expect.stringMatching(/\.wav$/)]) });
    expect((await readdir(backend.outDir)).filter((name) => name.includes(plainWord(stream.stream.sessionId)))).toEqual(
      [],
    );
    expect(await ask(`${about}/transcript.txt`, { headers })).toMatchObject({ status: 404, code: "unknown_session" });
    expect(await ask(about, { method: "DELETE", headers })).toMatchObject({ status: 404, code: "unknown_session" });
    expect(backend.log).not.toContain("s3cret");
  });

  const START = "20260101T000000Z";
  const head = (start_position: number) =>
    JSON.stringify({ session_id: "s", encoding: "pcm_s16le", sample_rate: 16_000, channels: 1, start_position });
  const line = (text: string, from: number) => JSON.stringify({ segment_id: text, text, from, to: from + 16_000 });

  it("is joined over its recordings, and its audio is asked for one by one", async () => {
    const { folder, get } = await serveArchive();
    await writeFile(join(folder, `s-${START}.jsonl`), `${head(0)}\n${line("one", 0)}\n`);
    await writeFile(join(folder, `s-${START}.2.jsonl`), `${line("two", 16_000)}\n`);
    await writeFile(join(folder, `s-${START}.10.jsonl`), `${line("three", 32_000)}\n`);
    await writeFile(join(folder, `s-${START}-2.jsonl`), `${head(32_000)}\n${line("three again", 32_000)}\n`);
    await writeFile(join(folder, `s-${START}.wav`), "first");
    await writeFile(join(folder, `s-${START}-2.wav`), "second, begun");
    await writeFile(join(folder, `s-${START}-2.2.wav`), "second, continued");
    await writeFile(join(folder, `s-${START}-x.wav`), "of nobody");
    await writeFile(join(folder, `s-other-${START}.wav`), "of another session");
    expect((await get("/api/sessions/s/transcript.txt")).text).toBe("one\ntwo\nthree again\n");
    expect((await get("/api/sessions/s/transcript.txt?recording=1")).text).toBe("one\ntwo\nthree\n");
    expect(await get("/api/sessions/s/audio.wav")).toMatchObject({ status: 409, code: "several_recordings" });
    expect(await get("/api/sessions/s/audio.wav?recording=1")).toMatchObject({ status: 200, text: "first" });
    expect(await get("/api/sessions/s/audio.wav?recording=2")).toMatchObject({ status: 409, code: "several_files" });
    expect((await get("/api/sessions/s/audio.wav?recording=2&file=2")).text).toBe("second, continued");
    for (const number of ["0", "-1", "1e3", "x", ""]) {
      expect(await get(`/api/sessions/s/audio.wav?recording=${number}`)).toMatchObject({ status: 400 });
    }
    expect(await get("/api/sessions/s/audio.wav?recording=3")).toMatchObject({
      status: 404,
      code: "unknown_recording",
    });
    expect((await get("/api/sessions/s")).json).toMatchObject({
      live: false,
      recordings: [{ recording: 1 }, { recording: 2 }],
    });
    expect((await get("/api/sessions/s", { method: "DELETE" })).status).toBe(200);
    expect((await readdir(folder)).toSorted()).toEqual([`s-${START}-x.wav`, `s-other-${START}.wav`]);
  });

  it("is not read if it is so large that others would have to wait", async () => {
    const { folder, get } = await serveArchive();
    const path = join(folder, `large-${START}.jsonl`);
    await writeFile(path, "");
    await truncate(path, 4 * 2 ** 20 + 1);
    const answer = await get("/api/sessions/large/transcript.vtt");
    expect(answer).toMatchObject({ status: 413, code: "too_large" });
    expect(answer.text).toContain("more than 4 MiB; read its files in LX_OUT_DIR");
  });

  it("without times is given as text alone", async () => {
    const { folder, get } = await serveArchive();
    await writeFile(join(folder, `old-${START}.txt`), "from version 0.1.0\n");
    expect((await get("/api/sessions/old/transcript.txt")).text).toBe("from version 0.1.0\n");
    expect(await get("/api/sessions/old/transcript.vtt")).toMatchObject({ status: 409, code: "no_times" });
    expect(await get("/api/sessions/old/audio.wav")).toMatchObject({ status: 404, code: "no_audio" });
  });

  it("that another server is still writing is not given half and not deleted", async () => {
    const { folder, get } = await serveArchive();
    await writeFile(join(folder, `s-${START}.txt`), "");
    await writeFile(join(folder, `s-${START}.wav.0123456789abcdef-1.part`), "half");
    expect(await get("/api/sessions/s/audio.wav")).toMatchObject({ status: 409, code: "still_recording" });
    expect(await get("/api/sessions/s", { method: "DELETE" })).toMatchObject({ status: 409, code: "still_recording" });
    expect(await readdir(folder)).toHaveLength(2);
  });

  it.each([
    "../secret",
    "..%2fsecret",
    "%2e%2e%2fsecret",
    "..%5csecret",
    "%00",
    "s%00",
    "%2fetc%2fpasswd",
    "a".repeat(5_000),
    "__proto__",
    ".servers",
    "finals",
    "",
  ])("is found by its whole name only, and never by a path: %s", async (id) => {
    const { folder, get } = await serveArchive();
    await mkdir(join(folder, ".servers"));
    await writeFile(join(folder, "..", "secret"), "secret").catch(() => {});
    await writeFile(join(folder, `secret-${START}.txt`), "secret");
    for (const path of ["/transcript.txt", "/audio.wav", ""]) {
      const answer = await get(`/api/sessions/${id}${path}`);
      expect(answer).toMatchObject({ status: 404, code: expect.stringMatching(/^(?:unknown_session|not_found)$/) });
      expect(answer.text).not.toContain("secret");
    }
    expect((await get(`/api/sessions/${id}`, { method: "DELETE" })).status).toBe(404);
    expect(await get("/api/sessions/%ff/transcript.txt")).toMatchObject({ status: 400, code: "invalid_request" });
  });

  it("never is what a symbolic link, a folder or a pipe leads to, and deleting removes the link alone", async () => {
    const { folder, get } = await serveArchive();
    const elsewhere = join(await temporaryFolder(), "secret.txt");
    await writeFile(elsewhere, "secret");
    for (const ending of ["txt", "jsonl", "wav"]) await symlink(elsewhere, join(folder, `linked-${START}.${ending}`));
    for (const path of ["transcript.txt", "transcript.vtt", "audio.wav"]) {
      const answer = await get(`/api/sessions/linked/${path}`);
      expect(answer).toMatchObject({ status: 403, code: "not_a_file" });
      expect(answer.text).toContain("is a symbolic link");
    }
    await mkdir(join(folder, `folder-${START}.wav`));
    expect(await get("/api/sessions/folder/audio.wav")).toMatchObject({ status: 403, code: "not_a_file" });
    expect(await get("/api/sessions/folder", { method: "DELETE" })).toMatchObject({ status: 403, code: "not_a_file" });
    expect((await get("/api/sessions/linked", { method: "DELETE" })).status).toBe(200);
    expect(await readFile(elsewhere, "utf8")).toBe("secret");
    expect(await readdir(folder)).toEqual([`folder-${START}.wav`]);
  });

  it("is not found in a folder that is gone, and is asked for by the server's own name only", async () => {
    const { get } = await serveArchive({ directory: "/nonexistent/out" });
    expect(await get("/api/sessions/s/transcript.txt")).toMatchObject({ status: 404, code: "unknown_session" });
    const headers = { host: "evil.example" };
    expect(await get("/api/sessions/s/transcript.txt", { headers })).toMatchObject({
      status: 403,
      code: "unknown_host",
    });
  });

  it("closes the file when a reader leaves in the middle, and sends no more than so many at once", async () => {
    const { folder, url, get } = await serveArchive();
    await writeFile(join(folder, `s-${START}.wav`), new Uint8Array(30_000_000));
    const descriptors = async (): Promise<number> => (await readdir("/dev/fd")).length;
    const before = await descriptors();
    const leave = new AbortController();
    const address = `${url}/api/sessions/s/audio.wav`;
    const readers = await Promise.all(Array.from({ length: 32 }, () => fetch(address, { signal: leave.signal })));
    expect(readers.map(({ status }) => status)).toEqual(readers.map(() => 200));
    expect(await get("/api/sessions/s/audio.wav")).toMatchObject({ status: 429, code: "too_many_downloads" });
    leave.abort();
    await vi.waitFor(async () => expect(await descriptors()).toBeLessThanOrEqual(before + 2), { timeout: 5_000 });
    await vi.waitFor(async () => expect((await get("/api/sessions/s/audio.wav")).status).toBe(200), { timeout: 5_000 });
  });
});
