// The services of an online shop, as its instances would register them: the same data each time.

/** The name of each service, the number of its instances, and its owner. */
const services = [
  ['shop/cart', 6, 'checkout'],
  ['shop/catalog', 9, 'discovery'],
  ['shop/checkout', 12, 'checkout'],
  ['shop/inventory', 6, 'warehouse'],
  ['shop/payments', 8, 'payments'],
  ['shop/pricing', 6, 'discovery'],
  ['shop/recommendations', 4, 'discovery'],
  ['shop/search', 14, 'discovery'],
  ['shop/shipping', 5, 'warehouse'],
  ['platform/accounts', 6, 'identity'],
  ['platform/feature-flags', 3, 'platform'],
  ['platform/gateway', 6, 'platform'],
  ['platform/mail', 3, 'platform'],
  ['platform/notifications', 4, 'platform'],
  ['platform/sessions', 6, 'identity'],
  ['risk/fraud-scoring', 5, 'payments'],
  ['risk/limits', 3, 'payments'],
];
const zones = ['eu-1a', 'eu-1b', 'eu-1c'];
const versions = ['4.18.2', '4.18.2', '4.18.2', '4.19.0'];
const startedAt = Date.parse('2026-03-02T06:40:00Z');
const alphabet = 'bcdfghjklmnpqrstvwxz2456789';

/** All records as `{ key, value }`. Some of the search instances drain, as during a release. */
export function companyRecords() {
  const random = sequence(20);
  return services.flatMap(([service, count, team], s) => {
    const replicaSet = name(random, 9);
    return Array.from({ length: count }, (_, i) => ({
      key: `${service}/${service.split('/')[1]}-${replicaSet}-${name(random, 5)}`,
      value: record({ s, i, team, random, draining: service === 'shop/search' && i < 2 }),
    }));
  });
}

function record({ s, i, team, random, draining }) {
  const metadata = {
    zone: zones[i % zones.length],
    version: versions[Math.floor(random() * versions.length)],
    weight: i % 5 === 4 ? 50 : 100,
    ...(draining ? { status: 'draining' } : {}),
    team,
    started_at: new Date(startedAt + Math.floor(random() * 5e8)).toISOString(),
  };
  const addr = `10.42.${s + 1}.${10 + Math.floor(random() * 200)}:8443`;
  return JSON.stringify({ Op: 0, Addr: addr, Metadata: metadata });
}

function name(random, length) {
  return Array.from({ length }, () => alphabet[Math.floor(random() * alphabet.length)]).join('');
}

/** Numbers from 0 to 1, always the same (a linear congruential generator). */
function sequence(seed) {
  return () => {
    seed = (seed * 1_664_525 + 1_013_904_223) % 2 ** 32;
    return seed / 2 ** 32;
  };
}
