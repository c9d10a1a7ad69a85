import { Code, EtcdError, InvalidInputError, NamingError } from '../index.js';
import { exit } from './exit-codes.js';

/** An end with a message and an exit code of its own. */
export class CliError extends Error {
  override readonly name = 'Failure';
  readonly exitCode: number;

  /** @param cause the error that it says in other words. */
  constructor(message: string, exitCode: number = exit.failed, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.exitCode = exitCode;
  }
}

/** The command line cannot be meant. */
export function wrongUsage(message: string): CliError {
  return new CliError(message, exit.usage);
}

export function exitCodeOf(error: unknown): number {
  if (error instanceof CliError) return error.exitCode;
  if (error instanceof InvalidInputError || error instanceof NamingError) return exit.usage;
  const silent = error instanceof EtcdError && isSilence(error);
  return silent ? exit.unreachable : exit.failed;
}

/** Nobody answered; TLS errors have the same code, since nothing was sent. */
export function isSilence(error: EtcdError): boolean {
  return error.code === Code.UNAVAILABLE || error.code === Code.DEADLINE_EXCEEDED;
}

/** The error on one line. */
export function describe(error: unknown): string {
  return error instanceof Error ? onOneLine(error.message) : String(error);
}

/** Its stack and those of its causes, by lines. */
export function stackOf(error: unknown): string[] {
  if (!(error instanceof Error)) return [describe(error)];
  const lines = (error.stack ?? error.message).split('\n');
  if (error.cause === undefined) return lines;
  const [first = '', ...rest] = stackOf(error.cause);
  return [...lines, `caused by ${first}`, ...rest];
}

/** Not by one regular expression: what looks for white space around a line end is quadratic in the white space. */
function onOneLine(text: string): string {
  const lines = text.split('\n');
  return lines.length === 1 ? text : lines.map((line) => line.trim()).join(' ');
}
