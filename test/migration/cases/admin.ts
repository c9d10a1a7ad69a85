import assert from 'node:assert/strict';
import type { AuthRole } from '#src/index.js';
import { type Case, type Cases, type Check, rejects } from '../support/case.js';

const anything: Check = () => undefined;
const nothing = { roles: {}, users: {} };
const role = { roles: { r: [] }, users: {} };
const user = { roles: {}, users: { u: [] } };
const apart = { roles: { r: [] }, users: { u: [] } };
const granted = { roles: { r: [] }, users: { u: ['r'] } };
const reader = { roles: { r: ['p/*'] }, users: {} };
const keyReader = { roles: { r: ['k'] }, users: {} };

const grantsRole: Case = { access: apart, both: anything, leaves: granted };
const removesRole: Case = { access: granted, both: anything, leaves: apart };
const addsRole: Case = { access: nothing, both: anything, leaves: role };
const deletesRole: Case = { access: role, both: anything, leaves: nothing };
const addsUser: Case = { access: nothing, both: anything, leaves: user };
const deletesUser: Case = { access: user, both: anything, leaves: nothing };
const changesPassword: Case = { access: user, both: anything, leaves: user };

const roles: Cases = {
  'etcd3.getRoles()': {
    access: role,
    etcd3: (found: readonly { readonly name: string }[]) =>
      assert.deepEqual(
        found.map(({ name }) => name),
        ['r'],
      ),
    ours: (names: readonly string[]) => assert.deepEqual(names, ['r']),
  },
  "etcd3.role('r').name": { both: 'r' },
  "etcd3.role('r').create()": addsRole,
  "etcd3.role('r').delete()": deletesRole,
  "etcd3.role('r').grant({ permission: 'Read', range: etcd3.range({ prefix: 'p/' }) })": {
    access: role,
    both: anything,
    leaves: reader,
  },
  "etcd3.role('r').revoke({ permission: 'Read', range: etcd3.range({ prefix: 'p/' }) })": {
    access: reader,
    both: anything,
    leaves: role,
  },
  "etcd3.role('r').revoke([{ permission: 'Read', key: 'k' }])": {
    access: keyReader,
    both: anything,
    etcd3Leaves: keyReader,
    leaves: role,
  },
  "etcd3.role('r').permissions()": {
    access: reader,
    etcd3: ([first]: readonly { readonly permission: string }[]) => assert.equal(first?.permission, 'Read'),
    ours: ({ permissions: [first] }: AuthRole) =>
      assert.deepEqual({ ...first?.range }, { key: Buffer.from('p/'), rangeEnd: Buffer.from('p0') }),
  },
  "etcd3.role('r').addUser('u')": grantsRole,
  "etcd3.role('r').removeUser('u')": removesRole,
};

const users: Cases = {
  'etcd3.getUsers()': {
    access: user,
    etcd3: (found: readonly { readonly name: string }[]) =>
      assert.deepEqual(
        found.map(({ name }) => name),
        ['u'],
      ),
    ours: (names: readonly string[]) => assert.deepEqual(names, ['u']),
  },
  "etcd3.user('u').name": { both: 'u' },
  "etcd3.user('u').create(password)": addsUser,
  "etcd3.user('u').setPassword(newPassword)": changesPassword,
  "etcd3.user('u').delete()": deletesUser,
  "etcd3.user('u').roles()": {
    access: granted,
    etcd3: (found: readonly { readonly name: string }[]) =>
      assert.deepEqual(
        found.map(({ name }) => name),
        ['r'],
      ),
    ours: ({ roles: names }: { readonly roles: readonly string[] }) => assert.deepEqual(names, ['r']),
  },
  "etcd3.user('u').addRole('r')": grantsRole,
  "etcd3.user('u').removeRole('r')": removesRole,
};

const auth: Cases = {
  // Before 3.5, etcd has no such method.
  'etcd3.auth.authStatus()': { sameOutcome: true },
  'etcd3.auth.authEnable()': { access: nothing, both: rejects(/root user does not exist/) },
  'etcd3.auth.authDisable()': { sameOutcome: true },
  "etcd3.auth.authenticate({ name: 'u', password })": {
    both: rejects(/authentication is not enabled/),
  },
  'etcd3.auth.roleList()': { access: role, both: anything },
  "etcd3.auth.roleAdd({ name: 'r' })": addsRole,
  "etcd3.auth.roleGet({ role: 'r' })": { access: role, both: anything },
  "etcd3.auth.roleDelete({ role: 'r' })": deletesRole,
  "etcd3.auth.roleGrantPermission({ name: 'r', perm: { permType: 'Read', key: Buffer.from('k'), range_end: Buffer.alloc(0) } })":
    { access: role, both: anything, leaves: keyReader },
  "etcd3.auth.roleRevokePermission({ role: 'r', key: Buffer.from('k') })": {
    access: keyReader,
    both: anything,
    leaves: role,
  },
  'etcd3.auth.userList()': { access: user, both: anything },
  "etcd3.auth.userAdd({ name: 'u', password })": addsUser,
  "etcd3.auth.userGet({ name: 'u' })": { access: user, both: anything },
  "etcd3.auth.userDelete({ name: 'u' })": deletesUser,
  "etcd3.auth.userChangePassword({ name: 'u', password: newPassword })": changesPassword,
  "etcd3.auth.userGrantRole({ user: 'u', role: 'r' })": grantsRole,
  "etcd3.auth.userRevokeRole({ name: 'u', role: 'r' })": removesRole,
};

const one = { k: 'v' };

const kvAndLeases: Cases = {
  "etcd3.kv.range({ key: Buffer.from('k') })": {
    given: one,
    etcd3: ({ count }: { readonly count: string }) => assert.equal(count, '1'),
    ours: ({ count }: { readonly count: bigint }) => assert.equal(count, 1n),
  },
  "etcd3.kv.put({ key: Buffer.from('k'), value: Buffer.from('v') })": { both: anything, stored: one },
  "etcd3.kv.deleteRange({ key: Buffer.from('k') })": { given: one, both: anything, stored: {} },
  "etcd3.kv.txn({ success: [{ request_put: { key: Buffer.from('k'), value: Buffer.from('v') } }] })": {
    both: anything,
    stored: one,
  },
  'etcd3.kv.compact({ revision })': { given: one, both: anything },
  '(await etcd3.watchClient.watch()).cancel()': { both: undefined },
  'etcd3.leaseClient.leaseGrant({ TTL: 60 })': {
    both: async (_: unknown, { admin }) => assert.equal((await admin.lease.list()).length, 1),
  },
  'etcd3.leaseClient.leaseRevoke({ ID: leaseId })': {
    both: async (_: unknown, { admin }) => assert.equal((await admin.lease.list()).length, 0),
  },
  '(await etcd3.leaseClient.leaseKeepAlive()).cancel()': { both: anything },
  'etcd3.leaseClient.leaseTimeToLive({ ID: leaseId, keys: true })': {
    etcd3: ({ grantedTTL }: { readonly grantedTTL: string }) => assert.equal(grantedTTL, '60'),
    ours: ({ grantedSeconds }: { readonly grantedSeconds: number }) => assert.equal(grantedSeconds, 60),
  },
  'etcd3.leaseClient.leaseLeases()': {
    etcd3: ({ leases }: { readonly leases: readonly object[] }) => assert.equal(leases.length, 0),
    ours: (leases: readonly bigint[]) => assert.equal(leases.length, 0),
  },
};

const members: Cases = {
  'etcd3.cluster.memberList({})': {
    both: ({ members: all }: { readonly members: readonly object[] }) => assert.equal(all.length, 1),
  },
  "etcd3.cluster.memberAdd({ peerURLs: ['http://127.0.0.1:1'], isLearner: true })": { both: anything },
  "etcd3.cluster.memberUpdate({ ID: 1, peerURLs: ['http://127.0.0.1:1'] })": {
    both: rejects(/member not found/),
  },
  'etcd3.cluster.memberPromote({ ID: 1 })': { both: rejects(/member not found/) },
  'etcd3.cluster.memberRemove({ ID: 1 })': { both: rejects(/member not found/) },
  'etcd3.maintenance.status()': {
    both: ({ version }: { readonly version: string }) => assert.match(version, /^3\.\d/),
  },
  "etcd3.maintenance.alarm({ action: 'Get', memberID: 0, alarm: 'None' })": {
    etcd3: ({ alarms }: { readonly alarms: readonly object[] }) => assert.equal(alarms.length, 0),
    ours: (alarms: readonly object[]) => assert.equal(alarms.length, 0),
  },
  'etcd3.maintenance.defragment()': { both: anything },
  'etcd3.maintenance.hash()': { both: anything },
  'etcd3.maintenance.hashKV({ revision: 0 })': { etcd3: rejects(/is not a function/), ours: anything },
  'etcd3.maintenance.moveLeader({ targetID: 1 })': { both: rejects(/bad leader transferee/) },
  "etcd3.maintenance.downgrade({ action: 'Validate', version: '3.0.0' })": { sameOutcome: true },
  "(await etcd3.maintenance.snapshot()).on('data', ({ blob }) => print(blob.length > 0))": {
    act: () => undefined,
    prints: [true],
  },
};

export const adminCases: Cases = { ...roles, ...users, ...auth, ...kvAndLeases, ...members };
