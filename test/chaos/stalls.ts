import type { Journal } from './journal.js';

const intervalMs = 10;
const shortestMs = 10;

/** Records stalls of this process until the returned function is called. */
export function recordStalls(journal: Journal): () => void {
  let last = journal.now();
  const timer = setInterval(() => {
    const now = journal.now();
    if (now - last > intervalMs + shortestMs) journal.add({ kind: 'stall', from: last, to: now });
    last = now;
  }, intervalMs);
  return () => clearInterval(timer);
}
