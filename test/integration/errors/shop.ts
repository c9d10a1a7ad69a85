import { AuthGateway } from '../../support/auth-gateway.js';
import { secretOf } from '../../support/canary.js';
import { skipUnlessBreakable, useEtcd } from '../../support/etcd.js';

/** An etcd with authentication, and a user who may read and write only below `shop/`. Registers mocha hooks. */
export function useShop() {
  const etcd = useEtcd();
  const password = secretOf('shop');
  const gateway = new AuthGateway(etcd, secretOf('root'));
  const base64 = (text: string) => Buffer.from(text).toString('base64');

  before(async function () {
    skipUnlessBreakable(this, etcd());
    await gateway.addRoot();
    await gateway.call('user/add', { name: 'shop', password });
    await gateway.call('role/add', { name: 'shop' });
    const perm = { permType: 'READWRITE', key: base64('shop/'), range_end: base64('shop0') };
    await gateway.call('role/grant', { name: 'shop', perm });
    await gateway.call('user/grant', { user: 'shop', role: 'shop' });
    await gateway.enable();
  });

  return { etcd, auth: { username: 'shop', password } };
}
