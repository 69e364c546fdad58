/**
 * Why a command cannot begin its work, said in one plain line that names the thing and the remedy.
 * The line is all that the user sees, so it must stand alone; `cause` is for debugging only.
 */
export class StartError extends Error {
  /** As in the contract: 1 = the work failed, 2 = wrong usage or configuration. */
  readonly exitCode: 1 | 2;

  constructor(message: string, exitCode: 1 | 2, options: { cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'StartError';
    this.exitCode = exitCode;
  }
}
