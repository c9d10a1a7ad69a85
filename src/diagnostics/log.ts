/** How serious a line of the log is. */
export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/**
 * Receives the log of a client: its background events, without its calls. Called synchronously, where the event occurs.
 * `message` is one line without control characters. `fields` has the members of the event that the diagnostics channel
 * `etcd-naming:<topic>` publishes, with `topic` added, and with bigints as decimal strings, so that every logger can write
 * them; errors are {@link EtcdError}s, which have `toJSON`. Neither contains passwords, tokens or values. The first
 * exception or rejected promise of a logger becomes a process warning (`ETCD_NAMING_CALLBACK`).
 */
export type Logger = (level: LogLevel, message: string, fields: Readonly<Record<string, unknown>>) => void;

/** One event as a line of text. */
export interface LogLine {
  readonly level: LogLevel;
  readonly text: string;
}

export function debug(text: string): LogLine {
  return { level: 'debug', text };
}

export function info(text: string): LogLine {
  return { level: 'info', text };
}

export function warn(text: string): LogLine {
  return { level: 'warn', text };
}
