import { afterEach, describe, expect, it, vi } from "vitest";
import { loadCaptureWorklet } from "../../src/capture/worklet-loader.js";
import { type Deferred, deferred } from "../../src/internal/deferred.js";
import { PROCESSOR_NAME } from "../../src/worklet/port-messages.js";

afterEach(() => {
  vi.restoreAllMocks();
});

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
    await loadCaptureWorklet(
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
    const loading = loadCaptureWorklet(
      contextThat(() => Promise.reject(cause)),
      undefined,
    );
    await expect(loading).rejects.toMatchObject({ code: "worklet-load-failed", details: { url: "blob:test" }, cause });
    expect(revoke).toHaveBeenCalledOnce();
  });

  it("makes no blob when it is told where the module is", async () => {
    const create = vi.spyOn(URL, "createObjectURL");
    const urls: string[] = [];
    await loadCaptureWorklet(
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
    const context = contextThat(async () => {
      calls += 1;
      if (fails) throw new DOMException("404", "AbortError");
    });
    await expect(loadCaptureWorklet(context, "/w.js")).rejects.toMatchObject({ details: { url: "/w.js" } });
    fails = false;
    await loadCaptureWorklet(context, "/w.js");
    await loadCaptureWorklet(context, "/w.js");
    expect(calls).toBe(2);
  });

  // WebKitGTK 2.50: its main thread waits for ever where two modules load into one worklet at once.
  it("has streams that share a context wait for each other", async () => {
    const loads: Deferred<void>[] = [];
    const context = contextThat(() => {
      const load = deferred<void>();
      loads.push(load);
      return load.promise;
    });
    const [first, second, third] = ["/1.js", "/2.js", "/3.js"].map((url) => loadCaptureWorklet(context, url));
    expect(loads).toHaveLength(1);
    loads[0]?.reject(new DOMException("404", "AbortError"));
    await expect(first).rejects.toMatchObject({ details: { url: "/1.js" } });
    expect(loads).toHaveLength(2);
    loads[1]?.resolve(undefined);
    await Promise.all([second, third]);
    expect(loads).toHaveLength(2);
  });
});
