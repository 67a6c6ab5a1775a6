import { Scope } from "loquilex/resources";

const STOPPED_MS = 400;
const RUNNING_MS = 100;

/** Lets a process run for a fifth of the time, as on a machine that has ten times as much to do as it can, until it is disposed. */
export function starve(pid: number): AsyncDisposable {
  const scope = new Scope({ name: "starved process" });
  const turn = (isStopped: boolean): void => {
    process.kill(pid, isStopped ? "SIGCONT" : "SIGSTOP");
    scope.timeout(isStopped ? RUNNING_MS : STOPPED_MS, () => turn(!isStopped));
  };
  scope.defer("process", () => void process.kill(pid, "SIGCONT"));
  turn(false);
  return {
    [Symbol.asyncDispose]: async () => void (await scope.dispose()),
  };
}
