/** How serious a line of the log is. */
export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/**
 * Receives the log of a client: its background events, without its calls. `fields` is the event as the diagnostics channel
 * `etcd-naming:<topic>` publishes it, with `topic` added. It never contains passwords, tokens or values. An exception
 * becomes a process warning (`ETCD_NAMING_CALLBACK`).
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
