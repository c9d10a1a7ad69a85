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

export function print(output: Output, lines: readonly string[]): void {
  if (lines.length > 0) output.write(`${lines.join('\n')}\n`);
}

/** A line on stderr that does not change the exit code. */
export function warn({ stderr }: Pick<Io, 'stderr'>, message: string): void {
  stderr.write(`etcd-naming: ${message}\n`);
}
