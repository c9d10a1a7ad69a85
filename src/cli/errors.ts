import { Code, EtcdError, InvalidInputError, NamingError } from '../index.js';
import { exitCodes } from './exit-codes.js';

/** Ends the command with a message and an exit code. */
export class CliError extends Error {
  override readonly name = 'CliError';
  readonly exitCode: number;

  /** @param cause The original error, which `--debug` prints too. */
  constructor(message: string, exitCode: number = exitCodes.failed, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.exitCode = exitCode;
  }
}

/** An error about the command line itself. */
export function usageError(message: string): CliError {
  return new CliError(message, exitCodes.usage);
}

/** The exit code for an error of any kind; see {@link exitCodes}. */
export function exitCodeOf(error: unknown): number {
  if (error instanceof CliError) return error.exitCode;
  if (error instanceof InvalidInputError || error instanceof NamingError) return exitCodes.usage;
  return error instanceof EtcdError && isUnreachable(error) ? exitCodes.unreachable : exitCodes.failed;
}

/**
 * Whether no etcd answered. This includes TLS errors: they have the same code, because nothing was sent. It also
 * includes the answers of servers other than etcd.
 */
export function isUnreachable({ code, reason }: EtcdError): boolean {
  return code === Code.UNAVAILABLE || code === Code.DEADLINE_EXCEEDED || reason === 'NotEtcd';
}

/** The message of an error, on one line. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? onOneLine(error.message) : String(error);
}

/** As {@link messageOf}, without the name of the gRPC code. */
export function messageWithoutCode(error: unknown): string {
  return messageOf(error).replace(/^[A-Z_]+: /, '');
}

/** The stack of an error and of its causes, as lines. */
export function stackLinesOf(error: unknown): string[] {
  if (!(error instanceof Error)) return [messageOf(error)];
  const lines = (error.stack ?? error.message).split('\n');
  if (error.cause === undefined) return lines;
  const [first = '', ...rest] = stackLinesOf(error.cause);
  return [...lines, `caused by ${first}`, ...rest];
}

/** Splits and trims: one regular expression that matches white space around a line end takes quadratic time. */
function onOneLine(text: string): string {
  const lines = text.split('\n');
  return lines.length === 1 ? text : lines.map((line) => line.trim()).join(' ');
}
