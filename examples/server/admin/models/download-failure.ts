/** Why a download failed: a code for programs, and a sentence for people that has no address in it. */
export class DownloadFailure extends Error {
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}
