import { Code, EtcdError, InvalidInputError, NamingError } from '../index.js';
import { exit } from './exit-codes.js';
import { plain } from './text.js';

/** An end with a message and an exit code of its own. */
export class Failure extends Error {
  override readonly name = 'Failure';
  readonly exitCode: number;

  constructor(message: string, exitCode: number = exit.failed) {
    super(message);
    this.exitCode = exitCode;
  }
}

/** The command line cannot be meant. */
export function wrongUsage(message: string): Failure {
  return new Failure(message, exit.usage);
}

export function exitCodeOf(error: unknown): number {
  if (error instanceof Failure) return error.exitCode;
  if (error instanceof InvalidInputError || error instanceof NamingError) return exit.usage;
  const silent = error instanceof EtcdError && isSilence(error);
  return silent ? exit.unreachable : exit.failed;
}

/** Nobody answered; TLS errors have the same code, since nothing was sent. */
export function isSilence(error: EtcdError): boolean {
  return error.code === Code.UNAVAILABLE || error.code === Code.DEADLINE_EXCEEDED;
}

/** The error on one line; with `debug` its stack and those of its causes. */
export function describe(error: unknown, debug: boolean): string {
  if (!(error instanceof Error)) return plain(String(error));
  if (!debug) return plain(onOneLine(error.message));
  const cause = error.cause === undefined ? '' : `\ncaused by ${describe(error.cause, true)}`;
  return `${plain(error.stack ?? error.message, '\n')}${cause}`;
}

/** Not by one regular expression: what looks for white space around a line end is quadratic in the white space. */
function onOneLine(text: string): string {
  const lines = text.split('\n');
  return lines.length === 1 ? text : lines.map((line) => line.trim()).join(' ');
}
