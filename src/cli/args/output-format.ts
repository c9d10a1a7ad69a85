import { usageError } from '../errors.js';
import type { ParsedOptions } from './options.js';

export const outputFormats = ['json', 'table', 'wide'] as const;

/**
 * How a command prints its result. `table` is text for a person; `wide` is the same with more columns, for a command
 * that prints a table.
 */
export type OutputFormat = (typeof outputFormats)[number];

/** The format that `--output` or `--json` selects. @throws {CliError} if they contradict each other. */
export function outputFormatFrom(options: ParsedOptions): OutputFormat {
  const format = options.oneOf('output', outputFormats);
  if (!options.flag('json')) return format ?? 'table';
  if (format === undefined || format === 'json') return 'json';
  throw usageError(`--json and --output ${format} exclude each other`);
}
