/**
 * `npm run bench:outage-dialects`: the speech services' own clients and this SDK with its dialects through the same outage, each
 * against the same local server of the service.
 */

import { version } from "../../../src/version.js";
import { VENDORS, type VendorName, vendorVersions } from "../../more/vendors/vendors.js";
import { listOption, report, tell } from "../report.js";
import { measureOurs } from "./ours.js";
import type { WordAccount } from "./script.js";
import { measureTheirs } from "./theirs.js";

const names = Object.keys(VENDORS) as VendorName[];
const chosen = listOption("only", names);
const versions = vendorVersions();
const rows: { readonly name: VendorName; readonly theirs: WordAccount; readonly ours: WordAccount }[] = [];
for (const name of names.filter((known) => chosen.includes(known))) {
  const [theirs, ours] = await Promise.all([measureTheirs(name), measureOurs(name)]);
  rows.push({ name, theirs, ours });
}
const packages = Object.values(VENDORS).map((vendor) => vendor.package);
tell(
  report({
    name: "outage-dialects",
    versions: {
      LoquiLex: version,
      ...Object.fromEntries(packages.map((name) => [name, versions[name] ?? "unknown"])),
    },
    tables: [
      {
        title: "Of 18 words, how many were never final, and how many came twice",
        columns: [
          { title: "service" },
          { title: "connects again by itself" },
          { title: "its client: lost" },
          { title: "twice" },
          { title: "LoquiLex: lost" },
          { title: "twice" },
        ],
        rows: rows.map(({ name, theirs, ours }) => [
          `${name}, ${VENDORS[name].package}`,
          VENDORS[name].reconnects ? "yes" : "no",
          theirs.lost,
          theirs.twice,
          ours.lost,
          ours.twice,
        ]),
      },
    ],
    notes: [
      "A client that does not connect again by itself was made anew every half second until it opened, and what was spoken meanwhile was not kept.",
    ],
    faults: rows.flatMap(({ name, ours: { lost, twice } }) =>
      lost + twice > 0 ? [`${name}: ${lost} words lost and ${twice} twice; none may be.`] : [],
    ),
  }),
);
