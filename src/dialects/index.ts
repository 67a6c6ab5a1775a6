export type {
  Dialect,
  DialectEvent,
  DialectRequest,
  DialectSession,
  DialectTerms,
  DialectWord,
  RemoteAddress,
  RemoteMessage,
  Verdict,
} from "./dialect.js";
export { type DialectTransportOptions, dialectTransport } from "./dialect-transport.js";
export type { QueryValues } from "./parts/query.js";
