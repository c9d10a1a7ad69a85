import { escapeControls } from '../index.js';
import { toJson } from './json.js';

/** What the command writes to. A terminal has `isTTY` and a size. */
export interface Output {
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly rows?: number;
  write(text: string | Uint8Array): unknown;
  on?(event: 'resize', listener: () => void): unknown;
  off?(event: 'resize', listener: () => void): unknown;
}

export type Environment = Readonly<Record<string, string | undefined>>;

/** What the command has of its surroundings. */
export interface Io {
  readonly stdout: Output;
  readonly stderr: Output;
  readonly env: Environment;
}

/** Nothing of an error or a warning that fills a screen helps. */
const longestMessage = 4_096;

/** Lines for people. Whatever is in them, keys and metadata of others too, steers no terminal. */
export function print(output: Output, lines: readonly string[]): void {
  if (lines.length > 0) output.write(`${lines.map((line) => escapeControls(line)).join('\n')}\n`);
}

/** One line of JSON. */
export function printJson(output: Output, document: object): void {
  output.write(`${toJson(document)}\n`);
}

/** Bytes as they are; a terminal gets them as {@link print} would show them. */
export function printBytes(output: Output, bytes: Buffer): void {
  if (!output.isTTY) output.write(bytes);
  else print(output, bytes.toString('utf8').replace(/\n$/, '').split('\n'));
}

/** A line on stderr that does not change the exit code. */
export function warn({ stderr }: Pick<Io, 'stderr'>, message: string): void {
  const shown = message.length > longestMessage ? `${message.slice(0, longestMessage)}…` : message;
  print(stderr, [`etcd-naming: ${shown}`]);
}
