import { type Clock, systemClock } from "loquilex/resources";
import { openRecordingDisk, type RecordingDisk } from "../../examples/server/recording/disk/recording-disk.js";
import { testScope } from "./test-scope.js";

/** What the recordings in a folder share, until the test ends. @param clock says when they write audio. */
export function testDisk(directory: string, clock: Clock = systemClock): RecordingDisk {
  const disk = openRecordingDisk(directory, systemClock, testScope());
  return { ...disk, writeTurn: openRecordingDisk(directory, clock, testScope(clock)).writeTurn };
}
