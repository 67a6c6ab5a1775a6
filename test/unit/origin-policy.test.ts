import { describe, expect, it } from "vitest";
import { isAllowedOrigin, normalizeHost, normalizeOrigin } from "../../examples/server/connection/origin-policy.js";

// ollama/ollama#4791, coder/code-server#6161, field report 82
describe("an origin", () => {
  it.each([
    ["https://example.org", "https://example.org"],
    ["HTTPS://Example.ORG/", "https://example.org"],
    ["https://example.org:443", "https://example.org"],
    ["http://example.org:80", "http://example.org"],
    ["http://example.org:443", "http://example.org:443"],
    [" https://example.org:8443 ", "https://example.org:8443"],
    ["http://[::1]:80", "http://[::1]"],
    ["https://bücher.example", "https://xn--bcher-kva.example"],
    ["capacitor://localhost", "capacitor://localhost"],
    ["ionic://LocalHost/", "ionic://localhost"],
    ["chrome-extension://abcdefghijklmnop", "chrome-extension://abcdefghijklmnop"],
    ["app://my.app:80", "app://my.app:80"],
    ["file://", "file://"],
    ["null", "null"],
  ])("has one spelling: %s", (text, spelling) => {
    expect(normalizeOrigin(text)).toBe(spelling);
  });

  it.each([
    "",
    "*",
    "example.org",
    "https://",
    "https://*.example.org",
    "https://example.org/path",
    "https://example.org?query",
    "https://user@example.org",
    "https://example.org:99999",
    "https://exa mple.org",
    "https:example.org",
    "javascript:alert(1)",
    "https://a.example,https://b.example",
  ])("is not what is none: %j", (text) => {
    expect(normalizeOrigin(text)).toBeUndefined();
  });
});

const LISTED = { allowedOrigins: ["https://app.example", "capacitor://localhost"], allowedHosts: ["name.example"] };
const NOTHING_LISTED = { allowedOrigins: [], allowedHosts: [] };

describe("a page", () => {
  it.each([
    ["of this host", "https://name.example", "name.example"],
    ["of this host, whose proxy adds the port", "https://name.example", "name.example:443"],
    ["of this host in other letters", "https://Name.Example", "NAME.example"],
    ["of this host at a port", "http://name.example:8787", "name.example:8787"],
    ["of this host without TLS", "http://name.example", "name.example:80"],
    ["of this machine", "http://localhost:5173", "127.0.0.1:8787"],
    ["of this machine by address", "http://[::1]:5173", "name.example"],
    ["that is on the list", "https://app.example", "127.0.0.1:8787"],
    ["that is on the list, spelled in another way", "https://APP.example:443", "127.0.0.1:8787"],
    ["of an application that is on the list", "capacitor://localhost", "name.example"],
    ["that is no page but a program", undefined, "name.example"],
  ])("is let in: one %s", (_, origin, host) => {
    expect(isAllowedOrigin({ origin, host, peer: "127.0.0.1" }, LISTED)).toBe(true);
  });

  it.each([
    ["of another host", "https://evil.example", "name.example"],
    ["behind a proxy that hides the host's name", "https://name.example", "127.0.0.1:8787"],
    ["of another port", "https://name.example:8443", "name.example"],
    ["of the host's name in front of another", "https://name.example.evil.example", "name.example"],
    ["whose port is the other scheme's", "http://name.example", "name.example:443"],
    ["without an origin", "null", "name.example"],
    ["without an origin where there is no host", "null", undefined],
    ["whose host is a trap", "https://evil.example", "name.example@evil.example"],
    ["of a name that only looks like this machine", "http://localhost.evil.example", "name.example"],
    ["of an application that nobody listed", "capacitor://localhost", "localhost"],
    ["of a file", "file://", "localhost"],
    ["of nonsense", "nonsense", "nonsense"],
  ])("is refused: one %s", (_, origin, host) => {
    expect(isAllowedOrigin({ origin, host, peer: "127.0.0.1" }, NOTHING_LISTED)).toBe(false);
  });

  it("without an origin is let in if that is on the list", () => {
    const policy = { ...NOTHING_LISTED, allowedOrigins: ["null"] };
    expect(isAllowedOrigin({ origin: "null", host: "name.example" }, policy)).toBe(true);
  });

  // DNS rebinding, field report 106
  it.each([
    ["of a foreign name that was made to lead here", "http://evil.example:8787", "evil.example:8787", false],
    [
      "of a foreign name that looks like an address",
      "http://127.0.0.1.evil.example:8787",
      "127.0.0.1.evil.example:8787",
      false,
    ],
    ["of a name that is on the list of hosts", "http://name.example:8787", "name.example:8787", true],
    ["of an address", "http://192.168.1.5:8787", "192.168.1.5:8787", true],
    ["of an address of IPv6", "http://[fe80::1]:8787", "[fe80::1]:8787", true],
    ["whose name TLS has shown to be this server's", "https://any.example", "any.example", true],
  ])("is told from a foreign one by its host: one %s", (_, origin, host, allowed) => {
    expect(isAllowedOrigin({ origin, host, peer: "192.168.1.9" }, LISTED)).toBe(allowed);
  });

  it.each([
    ["127.0.0.1", true],
    ["127.3.2.1", true],
    ["::1", true],
    ["::ffff:127.0.0.1", true],
    ["192.168.1.9", false],
    ["::ffff:192.168.1.9", false],
    ["fe80::1", false],
    [undefined, false],
  ])("of the loopback interface counts if the request comes from there: from %s it is %s", (peer, allowed) => {
    for (const origin of ["http://localhost:5173", "https://127.0.0.1", "http://[::1]:8787"]) {
      expect(isAllowedOrigin({ origin, host: "192.168.1.5:8787", peer }, NOTHING_LISTED)).toBe(allowed);
    }
  });
});

describe("a name of the server", () => {
  it.each([
    ["Captions.Example.org", "captions.example.org"],
    [" localhost ", "localhost"],
    ["[::1]", "[::1]"],
  ])("has one spelling: %j", (text, spelling) => {
    expect(normalizeHost(text)).toBe(spelling);
  });

  it.each(["", "*", "https://example.org", "example.org:80", "example.org/path", "a b", "*.example.org"])(
    "is not what is none: %j",
    (text) => {
      expect(normalizeHost(text)).toBeUndefined();
    },
  );
});
