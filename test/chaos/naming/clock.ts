/** Milliseconds of the machine's monotonic clock: the same in all processes, and it does not stop for one of them. */
export function nowMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}
