import { Client, credentials, type MethodDefinition } from '@grpc/grpc-js';
import { AuthService, authpb, ClusterService, etcdserverpb } from '#src/raw/index.js';
import { until } from '#src/testing/wait.js';
import { secretOf } from '../../support/canary.js';
import { unproxied } from '../../support/proxy.js';
import { rawCall } from '../../support/raw-call.js';

/** The password of every user. */
export const accessPassword = secretOf('migration');

/** Roles with their permissions, and users with their roles, sorted. */
export interface Access {
  readonly roles: Readonly<Record<string, readonly string[]>>;
  readonly users: Readonly<Record<string, readonly string[]>>;
}

/** Sets up and reads the roles and users of an etcd whose authentication is off. */
export class AccessControl {
  readonly #client: Client;

  constructor(endpoint: string) {
    this.#client = new Client(endpoint, credentials.createInsecure(), unproxied);
  }

  close(): void {
    this.#client.close();
  }

  /** Replaces all roles and users. A permission is `k` or `p/*`, to read; passwords are {@link accessPassword}. */
  async set({ roles, users }: Access): Promise<void> {
    const now = await this.read();
    for (const name of Object.keys(now.users)) await this.#userDelete(name);
    for (const role of Object.keys(now.roles))
      await this.#call(AuthService.roleDelete, etcdserverpb.AuthRoleDeleteRequest.create({ role }));
    for (const [name, permissions] of Object.entries(roles)) await this.#addRole(name, permissions);
    for (const [name, granted] of Object.entries(users)) await this.#addUser(name, granted);
  }

  async read(): Promise<Access> {
    const list = await this.#call(AuthService.roleList, etcdserverpb.AuthRoleListRequest.create());
    const roles: Record<string, string[]> = {};
    for (const role of list.roles) {
      const { perm } = await this.#call(
        AuthService.roleGet,
        etcdserverpb.AuthRoleGetRequest.create({ role }),
      );
      roles[role] = perm.map(({ key, rangeEnd }) => (rangeEnd.length > 0 ? `${key}*` : String(key)));
    }
    const found = await this.#call(AuthService.userList, etcdserverpb.AuthUserListRequest.create());
    const users: Record<string, string[]> = {};
    for (const name of found.users) {
      const user = await this.#call(AuthService.userGet, etcdserverpb.AuthUserGetRequest.create({ name }));
      users[name] = [...user.roles].sort();
    }
    return { roles, users };
  }

  /** Removes the members that have not started. */
  async removeLearners(): Promise<void> {
    const { members } = await this.#call(ClusterService.memberList, etcdserverpb.MemberListRequest.create());
    const learners = members.filter(({ isLearner }) => isLearner);
    for (const { ID } of learners)
      await this.#call(ClusterService.memberRemove, etcdserverpb.MemberRemoveRequest.create({ ID }));
    if (learners.length === 0) return;
    // An id is a hash of the addresses and the second. etcd refuses the id of a removed member.
    const removedAt = Math.floor(Date.now() / 1_000);
    await until('the next second', { timeoutMs: 2_000 }, () => Math.floor(Date.now() / 1_000) > removedAt);
  }

  async #addRole(name: string, permissions: readonly string[]): Promise<void> {
    await this.#call(AuthService.roleAdd, etcdserverpb.AuthRoleAddRequest.create({ name }));
    for (const permission of permissions) {
      const key = Buffer.from(permission.replace('*', ''));
      const rangeEnd = permission.endsWith('/*')
        ? Buffer.from(`${permission.slice(0, -2)}0`)
        : Buffer.alloc(0);
      const perm = { permType: authpb.Permission_Type.READ, key, rangeEnd };
      const request = etcdserverpb.AuthRoleGrantPermissionRequest.create({ name, perm });
      await this.#call(AuthService.roleGrantPermission, request);
    }
  }

  async #addUser(name: string, roles: readonly string[]): Promise<void> {
    await this.#call(
      AuthService.userAdd,
      etcdserverpb.AuthUserAddRequest.create({ name, password: accessPassword }),
    );
    for (const role of roles)
      await this.#call(
        AuthService.userGrantRole,
        etcdserverpb.AuthUserGrantRoleRequest.create({ user: name, role }),
      );
  }

  #userDelete(name: string) {
    return this.#call(AuthService.userDelete, etcdserverpb.AuthUserDeleteRequest.create({ name }));
  }

  #call<Request, Answer>(method: MethodDefinition<Request, Answer>, request: Request): Promise<Answer> {
    return rawCall(this.#client, method, request);
  }
}
