/** Units of the table: three significant digits. */
const digits = (value: number) =>
  Math.abs(value) >= 100 ? value.toFixed(0) : String(Number(value.toPrecision(3)));

export const toMs = (ms: number): string => `${digits(ms)} ms`;
export const toSeconds = (ms: number): string => `${digits(ms / 1_000)} s`;
export const toKb = (bytes: number): string => `${digits(bytes / 1_000)} KB`;
export const toMb = (bytes: number): string => `${digits(bytes / 1e6)} MB`;
export const toPercent = (share: number): string => `${digits(share * 100)} %`;
/** Median, 99th percentile and maximum. */
export const toTimes = ({ p50, p99, max }: { p50: number; p99: number; max: number }): string =>
  `${digits(p50)}, ${digits(p99)}, ${digits(max)} ms`;
