/** For each of 10,000 connections one, in the process that makes them and in the server. */
const needed = 10_500;

/** Why this machine has too few open files for a run; undefined if it has enough, or its limit is unknown. */
export function openFilesMissing(divisor: number): string | undefined {
  const report = process.report?.getReport() as
    | { userLimits?: { open_files?: { soft: number | 'unlimited' } } }
    | undefined;
  const limit = report?.userLimits?.open_files?.soft;
  const wanted = Math.ceil(needed / divisor) + 500;
  if (typeof limit !== 'number' || limit >= wanted) return undefined;
  return `a process may have ${limit} open files, and ${wanted} are needed: ulimit -n ${wanted}, or --divide`;
}
