import { usesColor } from './color.js';
import { toJson } from './json.js';
import { escapeLine, type Line, renderLine } from './line.js';

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

/**
 * Prints lines of text. Control characters are escaped: keys and metadata of other writers may contain them.
 * @param env decides whether styled text has colours; see {@link usesColor}. Default: it has none.
 */
export function print(output: Output, lines: readonly Line[], env?: Environment): void {
  if (lines.length === 0) return;
  const useColor = env !== undefined && usesColor(output, env);
  output.write(`${lines.map((line) => renderLine(escapeLine(line), useColor)).join('\n')}\n`);
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
export function warn({ stderr, env }: MessageIo, message: string): void {
  const [, label = '', rest = ''] = /^(warning:)?(.*)$/s.exec(shorten(message)) ?? [];
  print(stderr, [['etcd-naming: ', { text: label, style: 'yellow' }, rest]], env);
}

/** Prints the message of an error on stderr. */
export function printError({ stderr, env }: MessageIo, message: string): void {
  print(stderr, [[{ text: 'etcd-naming:', style: 'red' }, ` ${shorten(message)}`]], env);
}

type MessageIo = Pick<Io, 'stderr'> & Partial<Pick<Io, 'env'>>;

function shorten(message: string): string {
  return message.length > maxMessageLength ? `${message.slice(0, maxMessageLength)}…` : message;
}
