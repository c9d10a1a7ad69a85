/** The machine's monotonic clock in milliseconds: shared by all processes, and not stopped by a paused process. */
export function nowMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}
