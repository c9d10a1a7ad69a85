/** The local time of day with seconds: `14:03:09`. Of another day, with the date: `2026-03-01 14:03:09`. */
export function timeText(at: number, now: number): string {
  const [day, time] = localParts(at);
  return day === localParts(now)[0] ? time : `${day} ${time}`;
}

/** The full time in UTC, for a title: `2026-03-01T13:03:09.120Z`; empty for a number that is not a time. */
export function isoText(at: number): string {
  return isTime(at) ? new Date(at).toISOString() : '';
}

/** JavaScript's limit; `toISOString` throws beyond it. */
const maxTime = 8.64e15;

function isTime(at: number): boolean {
  return Math.abs(at) <= maxTime;
}

function localParts(at: number): [day: string, time: string] {
  if (!isTime(at)) return ['', 'unknown time'];
  const date = new Date(at);
  const day = [date.getFullYear(), date.getMonth() + 1, date.getDate()].map(twoDigits).join('-');
  return [day, [date.getHours(), date.getMinutes(), date.getSeconds()].map(twoDigits).join(':')];
}

function twoDigits(number: number): string {
  return String(number).padStart(2, '0');
}
