import { secretOf } from '../../support/canary.js';
import { useEtcd } from '../../support/etcd.js';

/** An etcd with authentication, and a user who may read and write only below `shop/`. Registers mocha hooks. */
export function useShop() {
  const password = secretOf('shop');
  const etcd = useEtcd({
    auth: {
      roles: { shop: [{ access: 'readwrite', prefix: 'shop/' }] },
      users: { shop: { password, roles: ['shop'] } },
    },
  });

  return { etcd, auth: { username: 'shop', password } };
}
