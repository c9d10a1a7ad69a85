import {
  type Bytes,
  checkWait,
  type KeyRange,
  noOptions,
  oneOf,
  toKeyRange,
  toWireRange,
  withJson,
} from '../model/index.js';
import type { AuthCalls, CallOptions } from '../wire/index.js';
import type { AuthRole, Permission, PermissionType, RoleClient } from './auth-client.js';
import { checkName } from './names.js';
import { unlessDone } from './unless-done.js';

/** By their numbers in the protocol. */
const types = ['read', 'write', 'readwrite'] as const;
const checkType = oneOf(...types);

export class RoleClientImpl implements RoleClient {
  readonly #calls: AuthCalls;

  constructor(calls: AuthCalls) {
    this.#calls = calls;
  }

  async add(name: string, options: CallOptions = noOptions): Promise<void> {
    checkName(name, 'the role name');
    checkWait(options);
    await this.#calls.roleAdd(name, options);
  }

  async get(name: string, options: CallOptions = noOptions): Promise<AuthRole> {
    checkName(name, 'the role name');
    checkWait(options);
    const { perm } = await this.#calls.roleGet(name, options);
    return withJson({
      name,
      permissions: perm.map(({ permType, ...range }): Permission => {
        return withJson({ type: types[permType], range: withJson(toKeyRange(range)) });
      }),
    });
  }

  async list(options: CallOptions = noOptions): Promise<readonly string[]> {
    checkWait(options);
    return (await this.#calls.roleList(options)).roles;
  }

  async delete(name: string, options: CallOptions = noOptions): Promise<void> {
    checkName(name, 'the role name');
    checkWait(options);
    await unlessDone(this.#calls.roleDelete(name, options), 'RoleNotFound');
  }

  async grantPermission(
    role: string,
    type: PermissionType,
    range: Bytes | KeyRange,
    options: CallOptions = noOptions,
  ): Promise<void> {
    checkName(role, 'the role name');
    checkType(type, 'the permission');
    checkWait(options);
    const permType = types.indexOf(type) as 0 | 1 | 2;
    await this.#calls.roleGrantPermission({ name: role, perm: { permType, ...toWireRange(range) } }, options);
  }

  async revokePermission(
    role: string,
    range: Bytes | KeyRange,
    options: CallOptions = noOptions,
  ): Promise<void> {
    checkName(role, 'the role name');
    checkWait(options);
    const revoked = this.#calls.roleRevokePermission({ role, ...toWireRange(range) }, options);
    await unlessDone(revoked, 'PermissionNotGranted');
  }
}
