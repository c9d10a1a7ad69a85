import { escapeControls } from '../../internal.js';
import { toJson } from './json.js';

/** A stream that the command writes to. A terminal has `isTTY` and a size. */
export interface Output {
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly rows?: number;
  write(text: string | Uint8Array): unknown;
  on?(event: 'resize', listener: () => void): unknown;
  off?(event: 'resize', listener: () => void): unknown;
}

export type Environment = Readonly<Record<string, string | undefined>>;

/** The parts of the process that the command uses. */
export interface Io {
  readonly stdout: Output;
  readonly stderr: Output;
  readonly env: Environment;
}

/** The longest error or warning, in characters, so that one message does not fill the screen. The rest is cut. */
const maxMessageLength = 4_096;

/** Prints lines of text. Control characters are escaped: keys and metadata of other writers may contain them. */
export function print(output: Output, lines: readonly string[]): void {
  if (lines.length > 0) output.write(`${lines.map((line) => escapeControls(line)).join('\n')}\n`);
}

/** Prints one line of JSON. */
export function printJson(output: Output, document: object): void {
  output.write(`${toJson(document)}\n`);
}

/** Writes bytes unchanged to a file or pipe, and as {@link print} does to a terminal. */
export function printBytes(output: Output, bytes: Buffer): void {
  if (!output.isTTY) output.write(bytes);
  else print(output, bytes.toString('utf8').replace(/\n$/, '').split('\n'));
}

/** Prints a message on stderr. It does not change the exit code. */
export function warn({ stderr }: Pick<Io, 'stderr'>, message: string): void {
  const shown = message.length > maxMessageLength ? `${message.slice(0, maxMessageLength)}…` : message;
  print(stderr, [`etcd-naming: ${shown}`]);
}
