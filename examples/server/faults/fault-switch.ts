import type { IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { Registration, Scope } from "loquilex/resources";
import { ApiError } from "../admin/api/api-error.js";
import { FAULTS, type Fault } from "./fault.js";
import { FaultySocket } from "./faulty-socket.js";

const MAX_LINES = 100;
const MAX_DURATION_MS = 60_000;
const NAME = /^[\w-]{16,64}$/;
const LOOPBACK = /^(?:::ffff:)?127\.|^::1$/;

/** The connections of one page, by the name that the page gave them. */
interface Line {
  readonly sockets: Set<FaultySocket>;
  fault: Fault | undefined;
  healing: Registration | undefined;
}

/**
 * Makes the connections of a page bad, at the page's own wish, so that people can see what happens then. A page names its line in
 * the address of its stream (`?line=…`), and nobody's connection suffers who has not named it.
 */
export class FaultSwitch {
  readonly #scope: Scope;
  readonly #lines = new Map<string, Line>();

  /** @param scope owns the connections that have named a line. */
  constructor(scope: Scope) {
    this.#scope = scope;
  }

  /**
   * What a stream is to be served through: the socket itself if the request names no line.
   * @returns `undefined` if the line is cut, and the connection has been reset.
   */
  connect(request: IncomingMessage, socket: Duplex, head: Buffer): Duplex | undefined {
    const raw = request.socket;
    const name = new URLSearchParams((request.url ?? "").split("?")[1] ?? "").get("line") ?? "";
    if (!isLocal(raw) || !NAME.test(name)) return socket;
    const line = this.#line(name);
    if (line === undefined) return socket;
    if (line.fault === "cut") {
      raw.resetAndDestroy();
      return undefined;
    }
    if (head.byteLength > 0) raw.unshift(head);
    const faulty = new FaultySocket(raw, this.#scope.child("faulty connection"), line.fault);
    line.sockets.add(faulty);
    faulty.on("close", () => {
      line.sockets.delete(faulty);
      this.#forget(name, line);
    });
    return faulty;
  }

  /** @throws ApiError naming what is wrong with the wish. */
  suffer(request: IncomingMessage, { line: name, fault, durationMs }: Readonly<Record<string, unknown>>): void {
    if (!isLocal(request.socket)) {
      throw new ApiError(403, "not_local", "Only pages on the server's own machine may break their connection.");
    }
    const known = FAULTS.find((one) => one === fault);
    const isDuration = Number.isInteger(durationMs) && Number(durationMs) >= 1 && Number(durationMs) <= MAX_DURATION_MS;
    if (typeof name !== "string" || !NAME.test(name) || known === undefined || !isDuration) {
      throw new ApiError(
        400,
        "invalid_request",
        `The body must be {"line": "…", "fault": "…", "durationMs": …}: the line's name of 16 to 64 letters, digits, hyphens and underscores, one of ${FAULTS.join(", ")}, and at most ${MAX_DURATION_MS} ms.`,
      );
    }
    const line = this.#line(name);
    if (line === undefined)
      throw new ApiError(429, "too_many_lines", "Too many lines are known; close other pages.", 60);
    this.#set(line, known);
    line.healing = this.#scope.timeout(Number(durationMs), () => {
      line.healing = undefined;
      this.#set(line, undefined);
      this.#forget(name, line);
    });
  }

  #set(line: Line, fault: Fault | undefined): void {
    line.healing?.dispose();
    line.healing = undefined;
    line.fault = fault;
    for (const socket of [...line.sockets]) socket.suffer(fault);
  }

  #line(name: string): Line | undefined {
    const known = this.#lines.get(name);
    if (known !== undefined || this.#lines.size >= MAX_LINES) return known;
    const line: Line = { sockets: new Set(), fault: undefined, healing: undefined };
    this.#lines.set(name, line);
    return line;
  }

  #forget(name: string, { sockets, fault }: Line): void {
    if (sockets.size === 0 && fault === undefined) this.#lines.delete(name);
  }
}

const isLocal = ({ remoteAddress }: Socket): boolean => LOOPBACK.test(remoteAddress ?? "");
