/** A program for tests that kill it: owns one child process, given as a shell command, and prints what that prints. */
import { Scope, systemClock } from "loquilex/resources";
import { ChildProcess } from "../../examples/server/processes/child-process.js";

new ChildProcess({
  command: "sh",
  args: ["-c", process.argv[2] ?? ""],
  env: process.env,
  clock: systemClock,
  scope: new Scope({ name: "owner" }),
  onLine: (line) => process.stdout.write(`${line}\n`),
  onExit: () => {},
});
process.on("exit", () => ChildProcess.killAll());
process.on("SIGTERM", () => process.exit(1));
