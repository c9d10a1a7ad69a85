/**
 * Renews leases three times per time to live, with an interval each, as a program without a client library does. Their
 * first renewals are spread over one interval. Returns a function that stops.
 */
export function keepRenewing(ids, ttlSeconds, renew) {
  const everyMs = (ttlSeconds * 1_000) / 3;
  const timers = ids.map((id, i) => {
    const lease = {};
    const first = () => {
      renew(id);
      lease.timer = setInterval(() => renew(id), everyMs);
    };
    lease.timer = setTimeout(first, (i / ids.length) * everyMs);
    return lease;
  });
  return () => {
    // clearTimeout clears an interval too.
    for (const { timer } of timers) clearTimeout(timer);
  };
}
