import { describe, expect, it, vi } from "vitest";
import { isKeptFrom, LOCAL, LOOPBACK, nearnessOf } from "../../src/transport/local-network.js";

describe("how near a host is to the person", () => {
  it.each(["localhost", "captions.localhost", "127.0.0.1", "127.8.9.10", "[::1]"])("%s is this computer", (host) => {
    expect(nearnessOf(host)).toBe(LOOPBACK);
  });

  it.each([
    ...["10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.20", "169.254.3.4", "100.64.0.1", "100.127.9.9"],
    ...["[fd00::1]", "[fc12::]", "[fe80::1]", "[febf::1]", "printer.local", "intranet"],
  ])("%s is in the local network", (host) => {
    expect(nearnessOf(host)).toBe(LOCAL);
  });

  it.each([
    ...["example.org", "10.example.org", "127.0.0.1.example.org", "localhost.example.org", "local.example"],
    ...["8.8.8.8", "172.15.0.1", "172.32.0.1", "192.169.0.1", "100.63.0.1", "100.128.0.1", "11.0.0.1"],
    ...["[2001:db8::1]", "[fe00::1]", "[ff02::1]"],
  ])("%s may be anywhere", (host) => {
    expect(nearnessOf(host)).toBe(0);
  });
});

describe("what keeps a page from a host", () => {
  const SITE = { protocol: "https:", hostname: "app.example.org", isSecure: true };

  /** @param states by name of the permission; a browser rejects a name that it does not know. */
  const permissions = (states: Readonly<Record<string, string>>): void => {
    vi.stubGlobal("navigator", {
      permissions: {
        query: async ({ name }: { name: string }) => {
          if (states[name] === undefined) throw new TypeError(`${name} is no permission.`);
          return { state: states[name] };
        },
      },
    });
  };

  it.each([
    ["127.0.0.1", { "loopback-network": "denied", "local-network": "granted" }, "surely"],
    ["192.168.1.2", { "loopback-network": "granted", "local-network": "denied" }, "surely"],
    ["127.0.0.1", { "local-network-access": "denied" }, "surely"],
    ["127.0.0.1", { "loopback-network": "granted", "local-network-access": "denied" }, undefined],
    ["192.168.1.2", { "local-network": "prompt" }, undefined],
    ["asr.corp.example", { "local-network": "denied" }, "perhaps"],
    ["192.168.1.2", {}, undefined],
  ])("is told by the permission: %s with %j", async (host, states, expected) => {
    permissions(states);
    expect(await isKeptFrom(host, SITE)).toBe(expected);
  });

  it("is never asked for by a page that is as near as the host", async () => {
    permissions({ "loopback-network": "denied", "local-network": "denied" });
    expect(await isKeptFrom("192.168.1.2", { ...SITE, hostname: "192.168.1.9" })).toBeUndefined();
    expect(await isKeptFrom("127.0.0.1", { ...SITE, hostname: "192.168.1.9" })).toBe("surely");
    expect(await isKeptFrom("127.0.0.1", { ...SITE, hostname: "localhost" })).toBeUndefined();
    expect(await isKeptFrom("example.org", { ...SITE, hostname: "localhost" })).toBeUndefined();
  });

  it("is not known of a public name if the page is not secure, and may never ask", async () => {
    permissions({ "loopback-network": "denied", "local-network": "denied" });
    expect(await isKeptFrom("example.org", { ...SITE, isSecure: false })).toBeUndefined();
    expect(await isKeptFrom("10.0.0.1", { ...SITE, isSecure: false })).toBe("surely");
  });

  it("is not known where there are no permissions to ask for", async () => {
    vi.stubGlobal("navigator", {});
    expect(await isKeptFrom("127.0.0.1", SITE)).toBeUndefined();
  });
});
