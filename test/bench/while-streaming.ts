import { TestSite } from "../browser/test-site.js";
import { Heaps } from "./heaps.js";
import { loquilexDialect } from "./latency/dialects.js";
import { MeasuringServer } from "./latency/measuring-server.js";
import { type MeasuredPage, openMeasuredPage } from "./measured-page.js";

/** A page that streams, and its heaps. */
export interface StreamingPage {
  readonly page: MeasuredPage;
  readonly heaps: Heaps;
}

/**
 * Measures a page of a browser of its own while it streams to a server of its own.
 * @param start JavaScript of a function of the server's port that opens the microphone.
 */
export async function whileStreaming<Result>(
  executablePath: string,
  start: string,
  measure: (streaming: StreamingPage) => Promise<Result>,
): Promise<Result> {
  await using server = await MeasuringServer.listen(loquilexDialect);
  await using site = await TestSite.serve();
  await using page = await openMeasuredPage({ executablePath, url: site.url() });
  const heaps = await Heaps.watch(page);
  await page.evaluate(`(${start})(${server.port})`);
  return await measure({ page, heaps });
}
