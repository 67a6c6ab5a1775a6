import type { IncomingMessage, ServerResponse } from "node:http";
import { pipeline } from "node:stream/promises";
import { ArchiveRefusal, type ArchiveRefusalCode } from "../../transcripts/archive-refusal.js";
import type { Choice, SessionArchive } from "../../transcripts/session-archive.js";
import { TRANSCRIPT_FORMATS, type TranscriptFormat } from "../../transcripts/transcript-formats.js";
import type { Route } from "./api.js";
import { ApiError } from "./api-error.js";
import { sendJson } from "./json-http.js";

/** Recordings that are sent at once: each holds a file open for as long as its reader likes. */
const MAX_DOWNLOADS = 32;

const STATUSES: Readonly<Record<ArchiveRefusalCode, number>> = {
  unknown_session: 404,
  unknown_recording: 404,
  no_audio: 404,
  no_times: 409,
  several_recordings: 409,
  several_files: 409,
  still_recording: 409,
  not_a_file: 403,
  too_large: 413,
};

const MEDIA_TYPES: Readonly<Record<TranscriptFormat, string>> = {
  txt: "text/plain; charset=utf-8",
  jsonl: "application/jsonl; charset=utf-8",
  vtt: "text/vtt; charset=utf-8",
  srt: "application/x-subrip; charset=utf-8",
};

/** What the API answers about sessions: what is kept of them, and its deletion. */
export function sessionRoutes(archive: SessionArchive): Route[] {
  let downloads = 0;
  const session = "^/api/sessions/([^/]+)";

  const describe = async (response: ServerResponse, id: string): Promise<void> =>
    sendJson(response, 200, await refusing(() => archive.describe(readId(id))));

  const remove = async (response: ServerResponse, id: string): Promise<void> =>
    sendJson(response, 200, { deleted: await refusing(() => archive.delete(readId(id))) });

  const transcript = async (request: IncomingMessage, response: ServerResponse, id: string, format: string) => {
    const name = TRANSCRIPT_FORMATS.find((known) => known === format) ?? "txt";
    const choice = readChoice(request);
    const text = await refusing(() => archive.readTranscript(readId(id), name, choice));
    response.setHeader("Content-Type", MEDIA_TYPES[name]);
    response.setHeader("Cache-Control", "no-store");
    response.writeHead(200, { "Content-Length": Buffer.byteLength(text) }).end(text);
  };

  const audio = async (request: IncomingMessage, response: ServerResponse, id: string): Promise<void> => {
    if (downloads >= MAX_DOWNLOADS) {
      throw new ApiError(429, "too_many_downloads", "Too many recordings are being sent already; ask again later.", 30);
    }
    downloads += 1;
    try {
      const choice = readChoice(request);
      const { handle, bytes } = await refusing(() => archive.openAudio(readId(id), choice));
      // The stream closes the file, also if the client leaves in the middle.
      const content = handle.createReadStream({ start: 0, end: Math.max(0, bytes - 1) });
      response.setHeader("Content-Type", "audio/wav");
      response.setHeader("Cache-Control", "no-store");
      response.writeHead(200, { "Content-Length": bytes });
      await pipeline(content, response).catch(() => response.destroy());
    } finally {
      downloads -= 1;
    }
  };

  return [
    ["GET", new RegExp(`${session}$`), (_, response, id) => describe(response, id)],
    ["DELETE", new RegExp(`${session}$`), (_, response, id) => remove(response, id)],
    ["GET", new RegExp(`${session}/transcript\\.(${TRANSCRIPT_FORMATS.join("|")})$`), transcript],
    ["GET", new RegExp(`${session}/audio\\.wav$`), audio],
  ];
}

/** @throws ApiError */
function readId(encoded: string): string {
  try {
    return decodeURIComponent(encoded);
  } catch {
    throw new ApiError(400, "invalid_request", "The session's id is not percent-encoded text.");
  }
}

/** @throws ApiError */
function readChoice({ url = "" }: IncomingMessage): Choice {
  const query = new URLSearchParams(url.split("?")[1] ?? "");
  const read = (name: string): number | undefined => {
    const text = query.get(name);
    if (text === null) return undefined;
    if (/^[1-9]\d{0,5}$/.test(text)) return Number(text);
    throw new ApiError(400, "invalid_request", `${name} must be a number that is counted from 1.`);
  };
  return { recording: read("recording"), file: read("file") };
}

async function refusing<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof ArchiveRefusal)) throw error;
    throw new ApiError(STATUSES[error.code], error.code, error.message);
  }
}
