import { EtcdClient } from '#src/client/index.js';
import { type RegisterOptions, type Registration, register } from '#src/naming/index.js';
import { useEtcd } from '../../support/etcd.js';
import { eventually } from '../../support/eventually.js';
import { Opened } from '../../support/naming/opened.js';
import { expectNoSocketLeft } from '../../support/sockets.js';

/** Helpers for registrations of one endpoint, closed after each test. Call it inside a `describe`. */
export function useRegistrations() {
  const etcd = useEtcd();
  expectNoSocketLeft();
  const opened = new Opened();
  const endpoint = { addr: '10.0.0.7:50051' };
  const stored = '{"Op":0,"Addr":"10.0.0.7:50051","Metadata":null}';
  const fixture = {} as { admin: EtcdClient; client: EtcdClient; target: string; key: string };

  beforeEach(() => {
    fixture.admin = opened.client(etcd().endpoints);
    fixture.client = opened.client(etcd().endpoints);
    fixture.target = `${etcd().prefix}register/svc`;
    fixture.key = `${fixture.target}/10.0.0.7:50051`;
  });

  afterEach(async () => {
    await opened.close();
    await using cleaner = new EtcdClient({ endpoints: etcd().endpoints });
    await cleaner.kv.delete({ prefix: `${etcd().prefix}register/` });
  });

  async function start(options: Partial<RegisterOptions> = {}, by = fixture.client): Promise<Registration> {
    const registration = await register(by, {
      target: fixture.target,
      ...endpoint,
      ttlSeconds: 2,
      ...options,
    });
    return opened.add(registration, (one) => one.close());
  }

  const record = async (of = fixture.key) => (await fixture.admin.kv.get(of)).kv;
  /** Waits until the record is stored again, under the registration's current lease. */
  const untilRegisteredAgain = (registration: Registration, count: number) =>
    eventually(
      'it is registered again',
      async () => {
        const kv = registration.registrationCount >= count ? await record() : undefined;
        return kv !== undefined && kv.lease === registration.lease && kv.value.toString() === stored;
      },
      20_000,
    );

  /** Returns the lease of a waiting registration: the one that is not in `before`. */
  const newLease = (before: readonly bigint[]) =>
    eventually('it has a lease', async () =>
      (await fixture.admin.lease.list()).find((lease) => !before.includes(lease)),
    );

  return { etcd, opened, fixture, endpoint, stored, start, record, untilRegisteredAgain, newLease };
}
