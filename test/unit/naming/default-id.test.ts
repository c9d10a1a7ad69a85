import assert from 'node:assert/strict';
import { defaultId } from '#src/naming/register/default-id.js';

describe('the id of a registration whose owner gives none', () => {
  const addr = '10.0.0.7:50051';

  it('is the address, which a process that restarts finds again', () => {
    assert.equal(defaultId(addr), addr);
    assert.equal(defaultId(addr, { workerId: undefined, env: {} }), addr);
    // Others use the variable too, for their configuration.
    assert.equal(defaultId(addr, { workerId: undefined, env: { NODE_APP_INSTANCE: '3' } }), addr);
  });

  it('is each worker’s own where workers share a port', () => {
    assert.equal(defaultId(addr, { workerId: 3, env: {} }), `${addr}#3`);
  });

  it('is the instance’s under PM2, which keeps its number when it starts it again', () => {
    const env = { pm_id: '7', NODE_APP_INSTANCE: '0' };
    assert.equal(defaultId(addr, { workerId: 12, env }), `${addr}#0`);
    assert.equal(defaultId(addr, { workerId: undefined, env }), `${addr}#0`);
  });

  it('is the worker’s where PM2 gives no instance a number', () => {
    assert.equal(defaultId(addr, { workerId: 2, env: { pm_id: '7' } }), `${addr}#2`);
  });
});
