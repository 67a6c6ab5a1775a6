/** The first line that the program of a download reads. On its input and not in its arguments, which everybody can list. */
export interface DownloadOrder {
  readonly url: string;
  /** The file to make. */
  readonly path: string;
  readonly sha256: string;
  readonly bytes: number | undefined;
  /** More than this is refused, also if nobody has said how large it is. */
  readonly maxBytes: number;
  /** Hosts of the catalogue, with their ports. */
  readonly hosts: readonly string[];
}

/** The lines that it prints. */
export type DownloadLine =
  | { readonly type: "progress"; readonly receivedBytes: number; readonly totalBytes: number | undefined }
  /** All is there, is what it should be, and is durable. */
  | { readonly type: "done"; readonly receivedBytes: number }
  | { readonly type: "failed"; readonly code: string; readonly message: string };
