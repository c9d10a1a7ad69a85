/** A duration in its largest useful unit, as the command writes it: `0 s`, `59 s`, `3 min`, `2 h`, `5 d`. */
export function durationText(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1_000));
  if (seconds < 120) return `${seconds} s`;
  if (seconds < 7_200) return `${Math.floor(seconds / 60)} min`;
  return seconds < 172_800 ? `${Math.floor(seconds / 3_600)} h` : `${Math.floor(seconds / 86_400)} d`;
}

const units = ['B', 'kB', 'MB', 'GB', 'TB'] as const;

/** A size in powers of 1,000: `999 B`, `1.5 MB`. */
export function sizeText(bytes: number): string {
  let [value, unit] = [Math.max(0, bytes), 0];
  // 999.5 is written as 1000: it belongs to the next unit.
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1_000;
    unit += 1;
  }
  const digits = unit === 0 || value >= 99.95 ? 0 : 1;
  return `${value.toFixed(digits)} ${units[unit]}`;
}

/** `1 endpoint`, `2 endpoints`; with another ending, `2 addresses`. */
export function pluralize(count: number, noun: string, ending = 's'): string {
  return `${count} ${noun}${count === 1 ? '' : ending}`;
}

/** How many items of a list are shown: `6 endpoints`, `3 of 6 endpoints`. */
export function countText(count: number, total: number, noun: string): string {
  return count === total ? pluralize(total, noun) : `${count} of ${pluralize(total, noun)}`;
}
