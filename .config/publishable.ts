import { readFile } from "node:fs/promises";

/** What of a manifest says where the package comes from. */
interface Origin {
  readonly repository?: { readonly url?: string };
  readonly homepage?: string;
}

const { repository, homepage } = JSON.parse(await readFile("package.json", "utf8")) as Origin;
const missing = [
  ...(repository?.url?.startsWith("git+https://") === true ? [] : ["repository.url"]),
  ...(homepage?.startsWith("https://") === true ? [] : ["homepage"]),
];
if (missing.length > 0) {
  process.stderr.write(
    `Nothing was published: package.json has no ${missing.join(" and no ")}, so that nobody could find out where the ` +
      "package comes from, and npm would refuse its provenance. Push a version tag: the workflow release.yml names the " +
      "repository that it runs in, and publishes.\n",
  );
  process.exitCode = 1;
}
