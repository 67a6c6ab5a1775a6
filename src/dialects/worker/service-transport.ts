import { LateModule } from "../../internal/late-module.js";
import { toJson } from "../../protocol/json.js";
import { setPortable } from "../../transport/portable.js";
import type { Transport } from "../../transport/transport.js";
import type { Dialect } from "../dialect.js";
import { type DialectTransportOptions, dialectTransport } from "../dialect-transport.js";

/** A dialect's entry: `loquilex/dialects/NAME`. */
export type ServiceName =
  | "assemblyai"
  | "deepgram"
  | "deepgram-flux"
  | "elevenlabs"
  | "gladia"
  | "openai"
  | "sherpa-onnx"
  | "soniox"
  | "speechmatics"
  | "vosk"
  | "whisper-live";

/** A dialect as a worker makes it: by name, how it connects, and what it is made with. */
export type NamedDialect = readonly [ServiceName, Pick<DialectTransportOptions, "baseUrl">, ...unknown[]];

/** An application whose worker comes from a file has no use for it. */
const dialectCode = /* @__PURE__ */ new LateModule(() => import("./dialect-code.js"));

/**
 * Connects a stream to a service, from a worker if there can be one.
 * @param given what the dialect was made with, so that a worker can make it again.
 */
export function serviceTransport(
  name: ServiceName,
  dialect: Dialect,
  options: DialectTransportOptions,
  ...given: readonly unknown[]
): Transport {
  const transport = dialectTransport(dialect, options);
  const { WebSocket, baseUrl = typeof document === "undefined" ? undefined : document.baseURI } = options;
  // An implementation of sockets cannot be taken to a worker.
  if (WebSocket === undefined) {
    const named: NamedDialect = [name, { baseUrl }, ...given];
    setPortable(transport, { code: dialectCode, given: toJson(named) });
  }
  return transport;
}
