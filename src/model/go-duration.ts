const unitMs: ReadonlyMap<string, number> = new Map([
  ['ns', 1e-6],
  ['us', 1e-3],
  ['\u00b5s', 1e-3],
  ['\u03bcs', 1e-3],
  ['ms', 1],
  ['s', 1_000],
  ['m', 60_000],
  ['h', 3_600_000],
]);

const part = /(\d+(?:\.\d*)?|\.\d+)(ns|us|\u00b5s|\u03bcs|ms|s|m|h)/y;
/** The largest duration of Go, which counts nanoseconds in an int64. */
const maxMs = (2 ** 63 - 1) / 1e6;

/**
 * Parses a duration as Go's `time.ParseDuration` does: `5s`, `1m30s`, `.5h`, `-1s`, `0`. Returns milliseconds, or
 * undefined for any other text.
 *
 * Specification: https://github.com/golang/go/blob/go1.26.8/src/time/format.go#L1631
 */
export function parseGoDuration(text: string): number | undefined {
  const [, sign, rest = ''] = /^([+-]?)(.*)$/s.exec(text) ?? [];
  const size = rest === '0' ? 0 : sumParts(rest);
  if (size === undefined || size > maxMs) return undefined;
  return sign === '-' && size !== 0 ? -size : size;
}

function sumParts(text: string): number | undefined {
  let [sum, end] = [0, 0];
  part.lastIndex = 0;
  for (let found = part.exec(text); found; found = part.exec(text)) {
    const [whole, count, unit = ''] = found;
    sum += Number(count) * (unitMs.get(unit) ?? Number.NaN);
    end += whole.length;
  }
  return end > 0 && end === text.length ? sum : undefined;
}
