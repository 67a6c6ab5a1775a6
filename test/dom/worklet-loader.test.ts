import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { CAPTURE_MODULE } from "../../src/capture/graph/processor/capture-module.js";
import { loadCaptureWorklet, preloadWorklet } from "../../src/capture/graph/processor/worklet-loader.js";
import { type Deferred, deferred } from "../../src/internal/deferred.js";
import { Scope } from "../../src/internal/scope.js";
import { PROCESSOR_NAME } from "../../src/worklet/port-messages.js";

beforeEach(() => {
  scope = new Scope({ name: "test" });
});

afterEach(async () => {
  await scope.dispose();
  vi.restoreAllMocks();
});

/** What is found where the module should be. */
function answerWith(status: number, type = "text/javascript"): void {
  vi.spyOn(globalThis, "fetch").mockImplementation(
    async () => new Response("", { status, headers: { "content-type": type } }),
  );
}

function reportViolation(effectiveDirective: string, blockedURI = "blob"): void {
  document.dispatchEvent(Object.assign(new Event("securitypolicyviolation"), { effectiveDirective, blockedURI }));
}

let scope: Scope;
const load = (...args: readonly [BaseAudioContext, string | URL | undefined]) =>
  loadCaptureWorklet(scope, ...args, CAPTURE_MODULE);

function contextThat(addModule: (url: string) => Promise<void>) {
  return { audioWorklet: { addModule } } as unknown as BaseAudioContext;
}

describe("loading the audio-thread module", () => {
  it("loads the code inside the package from a blob, which lives no longer than that", async () => {
    const blobs: Blob[] = [];
    vi.spyOn(URL, "createObjectURL").mockImplementation((blob) => {
      blobs.push(blob as Blob);
      return "blob:test";
    });
    const revoke = vi.spyOn(URL, "revokeObjectURL").mockImplementation(() => {});
    const urls: string[] = [];
    await load(
      contextThat(async (url) => {
        urls.push(url);
        expect(revoke).not.toHaveBeenCalled();
      }),
      undefined,
    );
    expect(urls).toEqual(["blob:test"]);
    expect(revoke).toHaveBeenCalledExactlyOnceWith("blob:test");
    const code = (await blobs[0]?.text()) ?? "";
    expect(blobs[0]?.type).toBe("text/javascript");
    expect(code).toContain(PROCESSOR_NAME.replace(/\d+$/, ""));
    // vitejs/vite#9606: an import would be resolved against a blob, and fail.
    expect(code).not.toMatch(/^\s*(import|export)\b/m);
  });

  it("revokes the blob also when loading fails", async () => {
    vi.spyOn(URL, "createObjectURL").mockReturnValue("blob:test");
    const revoke = vi.spyOn(URL, "revokeObjectURL").mockImplementation(() => {});
    const cause = new DOMException("Unable to load a worklet's module.", "AbortError");
    const loading = load(
      contextThat(() => Promise.reject(cause)),
      undefined,
    );
    await expect(loading).rejects.toMatchObject({ code: "worklet-load-failed", details: { url: "blob:test" }, cause });
    expect(revoke).toHaveBeenCalledOnce();
  });

  it("makes no blob when it is told where the module is", async () => {
    const create = vi.spyOn(URL, "createObjectURL");
    const urls: string[] = [];
    await load(
      contextThat(async (url) => {
        urls.push(url);
      }),
      "/static/capture.worklet.js",
    );
    expect(urls).toEqual(["/static/capture.worklet.js"]);
    expect(create).not.toHaveBeenCalled();
  });

  // webpack/webpack#11543: a failure must not be remembered.
  it("tries again after a failure, and not after a success", async () => {
    let fails = true;
    let calls = 0;
    answerWith(404);
    const context = contextThat(async (url) => {
      if (url === "/w.js") calls += 1;
      if (fails) throw new DOMException("404", "AbortError");
    });
    await expect(load(context, "/w.js")).rejects.toMatchObject({ details: { url: "/w.js" } });
    fails = false;
    await load(context, "/w.js");
    await load(context, "/w.js");
    expect(calls).toBe(2);
  });

  // WebKitGTK 2.50: its main thread waits for ever where two modules load into one worklet at once.
  it("has streams that share a context wait for each other", async () => {
    const loads: Deferred<void>[] = [];
    answerWith(404);
    const context = contextThat((url) => {
      if (url.startsWith("blob:")) return Promise.reject(new DOMException("No.", "AbortError"));
      const load = deferred<void>();
      loads.push(load);
      return load.promise;
    });
    const [first, second, third] = ["/1.js", "/2.js", "/3.js"].map((url) => load(context, url));
    expect(loads).toHaveLength(1);
    loads[0]?.reject(new DOMException("404", "AbortError"));
    await expect(first).rejects.toMatchObject({ details: { url: "/1.js" } });
    expect(loads).toHaveLength(2);
    loads[1]?.resolve(undefined);
    await Promise.all([second, third]);
    expect(loads).toHaveLength(2);
  });

  // Field report 66: a server that was stopped after the page had loaded was taken for a policy.
  describe("that is not to be had", () => {
    const unable = new DOMException("Unable to load a worklet's module.", "AbortError");
    /** Neither the address nor a blob is taken. */
    const refusing = contextThat(() => Promise.reject(unable));
    const messageFor = async (workletUrl: string | undefined, context = refusing) =>
      load(context, workletUrl).then(
        () => "loaded",
        ({ message }: Error) => message,
      );

    it("says that the address cannot be fetched, and nothing of a policy that nobody saw", async () => {
      vi.spyOn(globalThis, "fetch").mockRejectedValue(new TypeError("Failed to fetch"));
      const message = await messageFor("/w.js");
      expect(message).toContain("The address cannot be fetched: Failed to fetch.");
      expect(message).not.toContain("Content Security Policy");
    });

    it("says what the server answers there instead", async () => {
      answerWith(404);
      expect(
        await messageFor(
          "/w.js",
          contextThat(() => Promise.reject(unable)),
        ),
      ).toContain("The server answers 404");
      answerWith(200, "text/html");
      expect(
        await messageFor(
          "/w.js",
          contextThat(() => Promise.reject(unable)),
        ),
      ).toContain("served there is text/html, not JavaScript");
    });

    it("says what the browser said where the module is there all the same", async () => {
      answerWith(200);
      const message = await messageFor(
        "/w.js",
        contextThat(() => Promise.reject(unable)),
      );
      expect(message).toContain("The browser refused it: Unable to load a worklet's module.");
    });

    it("does not name the policy if that forbade something else, such as a worker from a blob", async () => {
      answerWith(404);
      const forbidding = contextThat(() => {
        reportViolation("worker-src");
        return Promise.reject(unable);
      });
      const message = await messageFor("/capture.worklet.js", forbidding);
      expect(message).toContain("The server answers 404 there.");
    });

    it("names the policy where the browser reported that it was violated", async () => {
      const fetched = vi.spyOn(globalThis, "fetch");
      const forbidding = contextThat(() => {
        reportViolation("script-src-elem");
        return Promise.reject(unable);
      });
      expect(await messageFor(undefined, forbidding)).toContain(
        "The page's Content Security Policy forbids it: the browser reported a violation of script-src-elem.",
      );
      expect(fetched).not.toHaveBeenCalled();
    });

    // Chromium 156 reports no violation for a worklet.
    it("suspects the policy where a blob was refused without a report", async () => {
      const message = await messageFor(undefined);
      expect(message).toContain(
        "Most likely the page's Content Security Policy forbids it: Unable to load a worklet's module.",
      );
      expect(message).toContain("workletUrl");
    });

    it("is replaced by the code inside the package while its server is away, with a warning", async () => {
      vi.spyOn(globalThis, "fetch").mockRejectedValue(new TypeError("Failed to fetch"));
      const loaded: string[] = [];
      const context = contextThat(async (url) => {
        if (!url.startsWith("blob:")) throw unable;
        loaded.push(url);
      });
      const fallback = await load(context, "/w.js");
      expect(loaded).toHaveLength(1);
      expect(fallback).toMatchObject({ code: "worklet-load-failed", details: { url: "/w.js" } });
      expect(fallback?.message).toMatch(/cannot be fetched.*The code inside the package is used instead\.$/);
    });
  });

  describe("of another version, or of another program", () => {
    const made: string[] = [];

    beforeEach(() => {
      made.length = 0;
      class Unknown {
        constructor() {
          if (made.every((url) => !url.startsWith("blob:"))) {
            throw new DOMException("The node name is not defined in AudioWorkletGlobalScope.", "InvalidStateError");
          }
        }
      }
      vi.stubGlobal("AudioWorkletNode", Unknown);
    });
    afterEach(() => vi.unstubAllGlobals());

    it("is replaced by the code inside the package, with a warning that says so", async () => {
      const context = contextThat(async (url) => void made.push(url));
      const fallback = await load(context, "/old.js");
      expect(made).toEqual(["/old.js", expect.stringMatching(/^blob:/)]);
      expect(fallback).toMatchObject({ code: "worklet-load-failed", details: { url: "/old.js" } });
      expect(fallback?.message).toContain("It is of another version, or another program.");
    });

    it("is refused by the preload", async () => {
      class Offline {
        readonly audioWorklet = { addModule: async (url: string) => void made.push(url) };
      }
      vi.stubGlobal("OfflineAudioContext", Offline);
      await expect(preloadWorklet("/old.js")).rejects.toMatchObject({ code: "worklet-load-failed" });
    });
  });

  it("ahead of its need asks for the same address as a capture will, and opens no device", async () => {
    const urls: string[] = [];
    class Offline {
      readonly audioWorklet = { addModule: async (url: string) => void urls.push(url) };
    }
    vi.stubGlobal("OfflineAudioContext", Offline);
    await preloadWorklet("/w.js");
    expect(urls).toEqual(["/w.js"]);
    vi.unstubAllGlobals();
  });
});
