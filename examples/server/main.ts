import { constants } from "node:fs";
import { access } from "node:fs/promises";
import { join } from "node:path";
import { Server as TlsServer } from "node:tls";
import { isatty } from "node:tty";
import { fileURLToPath } from "node:url";
import { deferred, Scope, systemClock } from "loquilex/resources";
import { Api } from "./admin/api/api.js";
import { createHttpServer } from "./admin/http-server.js";
import { listen } from "./admin/listen.js";
import { Metrics } from "./admin/metrics/metrics.js";
import { readModelCatalog } from "./admin/models/model-catalog.js";
import { ModelDownloads } from "./admin/models/model-downloads.js";
import { Probes, type Readiness } from "./admin/probes.js";
import { resourceReport } from "./admin/resource-report.js";
import { selectAuthenticator } from "./door/select-authenticator.js";
import { readTlsIdentity } from "./door/tls-identity.js";
import { TlsRenewal, warnOfExpiry } from "./door/tls-renewal.js";
import { selectEngine } from "./engines/select-engine.js";
import { codeOf } from "./error-code.js";
import { catchFaults } from "./fault-owner.js";
import { FaultSwitch } from "./faults/fault-switch.js";
import { createLog, logEverythingPrinted, openLogPipe } from "./logging/log.js";
import { OccasionalLog } from "./logging/occasional-log.js";
import { OutputPipe } from "./logging/output-pipe.js";
import { readableLines } from "./logging/readable-lines.js";
import { ChildProcess } from "./processes/child-process.js";
import { openRecordingDisk } from "./recording/disk/recording-disk.js";
import { makeFolder } from "./recording/files/make-folder.js";
import { OWNER } from "./recording/files/temporary-path.js";
import { leasePath } from "./recording/folder/folder-lease.js";
import { Retention } from "./recording/folder/retention.js";
import { SharedFolder, type SharedFolderOptions } from "./recording/folder/shared-folder.js";
import { afterRunningTime } from "./running-time.js";
import { SessionManager } from "./session-manager.js";
import { isLoopback, readInvocation } from "./start/config.js";
import { StartError } from "./start/start-error.js";
import { stopSignal } from "./start/stop-signal.js";
import { Elsewhere } from "./store/elsewhere.js";
import { selectStore } from "./store/select-store.js";
import { SessionArchive } from "./transcripts/session-archive.js";
import { selectSpeech } from "./voices/speech.js";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
/** How long it may take, after a signal, until the next session is finished. */
const SHUTDOWN_MS = 10_000;

/** How long the last log lines may take at the end. */
const LAST_LINES_MS = 1_000;

async function main(errors: OutputPipe): Promise<void> {
  const invocation = readInvocation(process.argv.slice(2), process.env);
  if (invocation.kind === "help") {
    process.stdout.write(invocation.text);
    return;
  }
  const { config } = invocation;
  const clock = systemClock;
  const log = createLog(config, isatty(2) ? readableLines(errors) : errors);
  const output = new OutputPipe({ fd: 1, clock, notice: (dropped) => `${dropped} lines were dropped.\n` });
  logEverythingPrinted(log);
  const scope = new Scope({
    name: "server",
    clock,
    onReport: ({ failures }) => {
      for (const { resource, error } of failures) log.error({ resource, err: error }, "A resource was not released.");
    },
    onChange: ({ type, owner, resource }) => log.debug({ owner, resource }, type),
  });
  const fault = deferred<"fault">();
  let serving = false;
  catchFaults((error) => {
    log.fatal({ err: error }, "An error that is no client's ends the server.");
    if (!serving) process.exit(1);
    fault.resolve("fault");
  });
  process.on("exit", () => ChildProcess.killAll());
  // With a certificate the signal has it read again.
  const stopped = stopSignal(log, { hangupStops: config.tlsCert === undefined });
  // From now on, because the signal ends a process that does not listen for it.
  process.on("SIGUSR2", () => log.info(serving ? report() : { starting: true }, "What is alive."));

  const folderScope = scope.child("folder of recordings");
  const disk = openRecordingDisk(config.outDir, clock, scope.child("disk"), {
    lease: leasePath(config.outDir, OWNER),
    onThreadDeath: (error) => log.error({ err: error }, "The thread that writes recordings died."),
  });
  await prepareOutDir({
    directory: config.outDir,
    logger: log,
    scope: folderScope,
    onTaken: () => disk.writer.lose(),
  });
  const modelDir = config.modelDir ?? join(config.outDir, "models");
  const catalog = await readModelCatalog(config.modelCatalog);
  const authenticator = await selectAuthenticator(config);
  const tlsFiles =
    config.tlsCert === undefined || config.tlsKey === undefined
      ? undefined
      : { certificate: config.tlsCert, key: config.tlsKey };
  const tls = tlsFiles && (await readTlsIdentity(tlsFiles));
  const speech = await selectSpeech(config.playback);
  const store = await selectStore({ config, logger: log, clock, scope: scope.child("store") });
  const engines = await selectEngine({
    ...{ config, clock, logger: log },
    scope: scope.child("engines"),
    path: process.env.PATH ?? "",
  });
  let stopping = false;
  const downloads = new ModelDownloads({
    catalog,
    maxBytes: config.modelMaxBytes,
    directory: modelDir,
    logger: log,
    clock,
    scope: scope.child("models"),
  });
  if (await isThere(modelDir)) await openModelDir(downloads, modelDir);
  const report = () => resourceReport(scope, manager);
  const archive = new SessionArchive({
    directory: config.outDir,
    liveRecordings: (sessionId) => manager.works.recordingsOf(sessionId),
  });
  const faults = config.demo === "on" ? new FaultSwitch(scope.child("faults")) : undefined;
  const api = new Api({
    ...{ config, downloads, archive, faults },
    logger: log,
    scope: scope.child("api"),
    resources: report,
  });
  const readiness = (): Readiness => {
    if (stopping) return { ready: false, detail: "The server is stopping." };
    if (!store.health.ok) return { ready: false, detail: store.health.detail };
    const refusal = manager.refusal;
    return refusal === undefined ? { ready: true } : { ready: false, detail: refusal.detail };
  };
  const probes = new Probes({
    config,
    metrics: () => metrics,
    health: () => ({ status: stopping ? "stopping" : "ok", sessions: manager.sessionCount, store: store.health }),
    readiness,
    onFault: (error) => log.error({ err: error }, "The metrics cannot be read."),
  });
  const httpServer = createHttpServer({
    root: ROOT,
    tls,
    api: (request, response, path) => api.handle(request, response, path),
    offer: {
      faults: config.demo === "on",
      api: config.token === undefined && config.api === "token" ? "off" : config.api,
    },
    probes,
    onFault: (error) => log.error({ err: error }, "A request failed in a way that nothing expected."),
  });
  const manager = new SessionManager({
    config,
    httpServer,
    engines,
    authenticator,
    ...{ store, disk, clock, faults, speech },
    logger: log,
    scope: scope.child("sessions"),
  });
  new Elsewhere({
    ...{ peers: config.peers, logger: log, scope: scope.child("other servers") },
    health: () => store.health,
    onFound: () => manager.sendElsewhere(),
  });
  const metrics = new Metrics({ manager, engines, store, clock, isReady: () => readiness().ready });
  const address = await listen(httpServer, config);
  const occasionalLog = new OccasionalLog(log, clock);
  // Such as when there are no descriptors left for another connection: those that there are go on.
  httpServer.on("error", (error) =>
    occasionalLog.write("warn", "listening", { err: error }, "A connection could not be accepted."),
  );
  const { outDir: directory, keepDays, keepBytes } = config;
  new Retention({ directory, keepDays, keepBytes, clock, logger: log, scope: scope.child("retention") });
  if (tls !== undefined) warnOfExpiry(tls, log);
  if (tlsFiles !== undefined && httpServer instanceof TlsServer) {
    const renewal = new TlsRenewal({ server: httpServer, files: tlsFiles, logger: log, scope: scope.child("TLS") });
    process.on("SIGHUP", () => void renewal.renew());
  }
  output.write(`LoquiLex demo: ${address}\n`);
  if (isatty(1)) {
    output.write(
      `Open it in a browser, press Start and speak. Recordings go into ${config.outDir}; Ctrl+C ends the server.\n`,
    );
    if (engines.name === "segmenter") {
      output.write("It only marks when somebody speaks: docs/recognisers.md says how to get words.\n");
    }
  }
  log.info({ engine: engines.name, auth: authenticator.name, store: store.name, outDir: config.outDir }, "Ready.");

  if (authenticator.name === "none" && !isLoopback(config.host)) {
    log.warn({ host: config.host }, "Everybody who reaches this address may stream; LX_TOKEN and LX_AUTH say who may.");
  }

  serving = true;
  const signal = await Promise.race([stopped, fault.promise]);
  log.info({ signal }, "Stopping.");
  stopping = true;
  const giveUp = () => {
    log.error(`Not everything is finished, and nothing more has been within ${SHUTDOWN_MS / 1_000} s.`);
    process.exit(1);
  };
  // A server that has failed has no time for anybody to notice.
  const [delayMs, windowMs] = signal === "fault" ? [0, 0] : [config.drainDelaySec * 1_000, config.drainSec * 1_000];
  let deadline = afterRunningTime(scope, delayMs + windowMs + SHUTDOWN_MS, giveUp, "shutdown deadline");
  // A slow disk may need longer than that for many recordings, which is no reason to leave them unfinished.
  const onFinished = (): void => {
    deadline.dispose();
    deadline = afterRunningTime(scope, SHUTDOWN_MS, giveUp, "shutdown deadline");
  };
  await balancersNotice(delayMs, scope);
  await Promise.all([manager.shutdown(windowMs, onFinished), downloads.shutdown()]);
  httpServer.close();
  httpServer.closeAllConnections();
  deadline.dispose();
  await scope.dispose();
  log.info("Stopped.");
  await errors.close(LAST_LINES_MS);
  process.exit(signal === "fault" ? 1 : 0);
}

async function prepareOutDir(options: SharedFolderOptions): Promise<void> {
  const outDir = options.directory;
  try {
    await makeFolder(outDir);
    await access(outDir, constants.W_OK | constants.X_OK);
    await SharedFolder.open(options);
  } catch (error) {
    const code = codeOf(error);
    throw new StartError(
      `LX_OUT_DIR (or --out-dir) is ${JSON.stringify(outDir)}, and must be a folder that this user can make and write to (${code}).`,
      { cause: error },
    );
  }
}

async function openModelDir(downloads: ModelDownloads, modelDir: string): Promise<void> {
  await downloads.openFolder().catch((error: unknown) => {
    throw new StartError(
      `LX_MODEL_DIR is ${JSON.stringify(modelDir)}, and must be a folder that this user can write to (${codeOf(error)}).`,
      { cause: error },
    );
  });
}

/** Until then they go on sending clients here, who are served. */
async function balancersNotice(delayMs: number, scope: Scope): Promise<void> {
  if (delayMs === 0) return;
  const noticed = deferred<void>();
  scope.timeout(delayMs, noticed.resolve, "load balancers' notice");
  await noticed.promise;
}

const isThere = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );

const errors = openLogPipe(systemClock);
process.on("exit", () => errors.flush());
main(errors).catch((error: unknown) => {
  errors.write(
    error instanceof StartError ? `${error.message}\n` : `${error instanceof Error ? error.stack : error}\n`,
  );
  process.exit(1);
});
