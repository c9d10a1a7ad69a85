import assert from 'node:assert/strict';
import { defaultId } from '#src/naming/register/default-id.js';

describe('the default id of a registration', () => {
  const addr = '10.0.0.7:50051';

  it('is the address, so that a restarted process finds its record', () => {
    assert.equal(defaultId(addr), addr);
    assert.equal(defaultId(addr, { workerId: undefined, env: {} }), addr);
    // Other programs use this variable for their configuration.
    assert.equal(defaultId(addr, { workerId: undefined, env: { NODE_APP_INSTANCE: '3' } }), addr);
  });

  it('is unique for each worker if workers share a port', () => {
    assert.equal(defaultId(addr, { workerId: 3, env: {} }), `${addr}#3`);
  });

  it('contains PM2’s instance number, which survives a restart', () => {
    const env = { pm_id: '7', NODE_APP_INSTANCE: '0' };
    assert.equal(defaultId(addr, { workerId: 12, env }), `${addr}#0`);
    assert.equal(defaultId(addr, { workerId: undefined, env }), `${addr}#0`);
  });

  it('contains the worker number if PM2 sets no instance number', () => {
    assert.equal(defaultId(addr, { workerId: 2, env: { pm_id: '7' } }), `${addr}#2`);
  });
});
