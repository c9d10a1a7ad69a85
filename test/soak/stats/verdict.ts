import type { Point, Slope } from './theil-sen.js';

/** Whether a slope is below its limit, above it, or the run too short to know. */
export type Verdict = 'within' | 'above' | 'undecided';

/** By the interval, not by the most likely value. */
export function judge({ low, high }: Slope, limit: number): Verdict {
  if (low > limit) return 'above';
  return high <= limit ? 'within' : 'undecided';
}

/** The slope that a run of this length and noise reports as above the limit in half of all cases. */
export function smallestDetectable(slope: Slope, limit: number): number {
  return limit + halfWidth(slope);
}

/** Half the width of the interval in a run of another length with the same noise: it shrinks with the power 1.5. */
export function halfWidthAt(slope: Slope, hours: number): number {
  return halfWidth(slope) * (slope.hours / hours) ** 1.5;
}

/** The run without its warm-up, in which caches fill, and functions are compiled that run only after a fault. */
export function withoutWarmUp(points: readonly Point[], runHours: number): Point[] {
  const warmUp = warmUpHours(runHours);
  return points.filter(({ hours }) => hours >= warmUp);
}

/** A tenth of the run, at least 15 minutes, but never more than a third of the run. */
export function warmUpHours(runHours: number): number {
  return Math.min(Math.max(runHours / 10, 0.25), runHours / 3);
}

function halfWidth({ low, high }: Slope): number {
  return (high - low) / 2;
}
