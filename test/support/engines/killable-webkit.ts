import { Belongings } from "./belongings.js";
import type { FoundEngine } from "./engines.js";
import { killDescendants } from "./kill-descendants.js";
import type { KillableBrowser } from "./killable-browser.js";
import { LeashedProcess } from "./leashed-process.js";
import { ToldPage } from "./told-page.js";

/**
 * Opens a page in WebKitGTK's MiniBrowser, without its driver: that gives pages no storage that outlives it, and ends with the first
 * web process that is killed.
 */
export async function launchKillableWebKit(
  engine: FoundEngine,
  profile: string,
  url: string,
): Promise<KillableBrowser> {
  const belongings = new Belongings();
  return belongings.unlessItFails(async () => {
    const own = Object.fromEntries(
      Object.entries(process.env).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
    );
    const display = belongings.use(
      new LeashedProcess({
        command: "Xvfb",
        args: ["-displayfd", "1", "-screen", "0", "1280x800x24", "-nolisten", "tcp", "-noreset"],
        env: own,
      }),
    );
    const env = {
      ...own,
      DISPLAY: `:${await display.written(/^\d+$/)}`,
      ...{ GDK_BACKEND: "x11", LIBGL_ALWAYS_SOFTWARE: "1", NO_AT_BRIDGE: "1", GTK_A11Y: "none" },
      ...{ GSETTINGS_BACKEND: "memory", HOME: profile },
      ...{ XDG_DATA_HOME: `${profile}/data`, XDG_CACHE_HOME: `${profile}/cache`, XDG_CONFIG_HOME: `${profile}/config` },
    };
    const page = belongings.use(await ToldPage.listen());
    const open = (address: string): LeashedProcess =>
      new LeashedProcess({
        command: "dbus-run-session",
        args: ["--", engine.executablePath, page.addressOf(address)],
        env,
      });
    let browser = open(url);
    belongings.defer(() => browser[Symbol.asyncDispose]());
    return {
      page,
      // A page that was killed leaves its browser with a page that says so, which nobody can lead elsewhere.
      async openAgain(next) {
        await browser[Symbol.asyncDispose]();
        page.forget();
        browser = open(next);
      },
      killTabs: () => killDescendants(browser.pid, /WebKitWebProcess/),
      async kill() {
        await killDescendants(browser.pid, /./);
        await browser.ended();
      },
      [Symbol.asyncDispose]: () => belongings[Symbol.asyncDispose](),
    };
  });
}
