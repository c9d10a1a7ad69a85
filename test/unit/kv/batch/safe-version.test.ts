import { equal } from 'node:assert/strict';
import { isSafeForBatches } from '#src/kv/batch/core/safe-version.js';

describe('a version of etcd', () => {
  it('is safe for batches from 3.4.23, 3.5.7 and 3.6.0 on', () => {
    for (const version of ['3.4.23', '3.4.30', '3.5.7', '3.5.21', '3.6.0', '3.7.1', '3.10.12'])
      equal(isSafeForBatches(version), true, version);
    for (const version of ['3.4.22', '3.5.0', '3.5.6', '3.3.27', '2.9.9', '4.7.30'])
      equal(isSafeForBatches(version), false, version);
  });

  it('is not, with a suffix, a prefix or a part missing', () => {
    for (const version of ['3.7.1-rc.0', 'v3.7.1', '3.7', '3.7.1.2', ' 3.7.1', ''])
      equal(isSafeForBatches(version), false, version);
  });
});
