/** Bounds of what the catalog keeps and sends: anyone may write keys and values of any size. */
export const limits = {
  /** A record with a longer key, in bytes, is counted, and not shown. */
  keyBytes: 4_096,
  /** The metadata of a larger value, in bytes, is not sent. */
  valueBytes: 4_096,
  /** The metadata of a record with more levels is not sent: to visit it recursively would take too much stack. */
  metadataDepth: 32,
  addrLength: 1_000,
  /** For a zone, a status, a problem, and the error of an outage. */
  textLength: 200,
  queueValueLength: 1_000,
} as const;

/** Cuts a text to at most `max` UTF-16 units, of which the last is an ellipsis. Does not split a surrogate pair. */
export function cut(text: string, max: number): string {
  if (text.length <= max) return text;
  const end = /[\ud800-\udbff]/.test(text.charAt(max - 2)) ? max - 2 : max - 1;
  return `${text.slice(0, end)}…`;
}
