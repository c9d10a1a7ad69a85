import type { Bytes, KeyRange } from '../model/index.js';
import type { CallOptions } from '../wire/index.js';

/** Whether authentication is on. */
export interface AuthStatus {
  /** Whether etcd requires a user for each request. */
  readonly enabled: boolean;
  /** Counts the changes of users, roles and permissions. */
  readonly authRevision: bigint;
}

/** A user and the roles granted to it. */
export interface AuthUser {
  /** The user's name. */
  readonly name: string;
  /** The names of the roles, in alphabetical order. */
  readonly roles: readonly string[];
}

/** A role and its permissions. */
export interface AuthRole {
  /** The role's name. */
  readonly name: string;
  /** The permissions, in the order of their keys. The role `root` needs none. */
  readonly permissions: readonly Permission[];
}

/** What a role may do with its keys. */
export type PermissionType = 'read' | 'write' | 'readwrite';

/** A permission of a role. */
export interface Permission {
  /** What the role may do. */
  readonly type: PermissionType;
  /** The keys, in bytes: one key, the keys up to another one, or those from one on. `revokePermission` takes it as it is. */
  readonly range: KeyRange;
}

/** Options of a call that sends a password. */
export interface PasswordOptions extends CallOptions {
  /**
   * Allows sending the password in plaintext to a host that is not loopback, where anyone on the path can read it.
   * Default: the client's `auth.allowPlaintext`, else false: the call then throws.
   */
  readonly allowPlaintext?: boolean;
}

/** Options of {@link UserClient.add}: a password, or none. */
export type NewUser = PasswordOptions &
  (
    | {
        /** The user's password. etcd stores its bcrypt hash, which covers 72 bytes: a longer one is refused. */
        readonly password: string;
        /** See the other form. */
        readonly noPassword?: false;
      }
    | {
        /** Whether the user has no password and authenticates by the common name of its client certificate. */
        readonly noPassword: true;
        /** See the other form. */
        readonly password?: undefined;
      }
  );

/**
 * The users of etcd's authentication. Names are case-sensitive, and have at most 32,768 bytes in UTF-8: at a longer one etcd
 * would exit for good, so every method refuses it with {@link InvalidInputError}.
 */
export interface UserClient {
  /**
   * Adds a user without roles.
   * @throws {EtcdError} with reason `UserAlreadyExist`; {AmbiguousWriteError} if the answer was lost.
   */
  add(name: string, options: NewUser): Promise<void>;
  /** Returns a user and its roles. @throws {EtcdError} with reason `UserNotFound`. */
  get(name: string, options?: CallOptions): Promise<AuthUser>;
  /** Returns the names of all users. */
  list(options?: CallOptions): Promise<readonly string[]>;
  /** Deletes a user; its tokens are refused from then on. @throws {EtcdError} with reason `UserNotFound`. */
  delete(name: string, options?: CallOptions): Promise<void>;
  /**
   * Changes a user's password; its tokens are refused from then on.
   * @throws {EtcdError} with reason `UserNotFound`.
   */
  changePassword(name: string, password: string, options?: PasswordOptions): Promise<void>;
  /** Grants a role to a user. @throws {EtcdError} with reason `UserNotFound` or `RoleNotFound`. */
  grantRole(name: string, role: string, options?: CallOptions): Promise<void>;
  /** Revokes a role of a user. @throws {EtcdError} with reason `UserNotFound` or `RoleNotGranted`. */
  revokeRole(name: string, role: string, options?: CallOptions): Promise<void>;
}

/** The roles of etcd's authentication, with names as those of users. The role `root` may do everything. */
export interface RoleClient {
  /**
   * Adds a role without permissions.
   * @throws {EtcdError} with reason `RoleAlreadyExist`; {AmbiguousWriteError} if the answer was lost.
   */
  add(name: string, options?: CallOptions): Promise<void>;
  /** Returns a role and its permissions. @throws {EtcdError} with reason `RoleNotFound`. */
  get(name: string, options?: CallOptions): Promise<AuthRole>;
  /** Returns the names of all roles. */
  list(options?: CallOptions): Promise<readonly string[]>;
  /** Deletes a role and revokes it of all users. @throws {EtcdError} with reason `RoleNotFound`. */
  delete(name: string, options?: CallOptions): Promise<void>;
  /**
   * Permits a role to use a key or a range of keys. A permission for exactly the same range is replaced.
   * @throws {EtcdError} with reason `RoleNotFound`.
   * @example
   * ```ts
   * await client.auth.roles.add('shop-servers');
   * await client.auth.roles.grantPermission('shop-servers', 'readwrite', { prefix: 'shop/' });
   * ```
   */
  grantPermission(
    role: string,
    type: PermissionType,
    range: Bytes | KeyRange,
    options?: CallOptions,
  ): Promise<void>;
  /**
   * Revokes the permission of a role for exactly this key or range.
   * @throws {EtcdError} with reason `RoleNotFound` or `PermissionNotGranted`.
   */
  revokePermission(role: string, range: Bytes | KeyRange, options?: CallOptions): Promise<void>;
}

/**
 * etcd's Auth service: users, roles and permissions. With authentication, every method needs the role root. Methods throw
 * the errors that {@link KvClient} lists; no error contains a password.
 */
export interface AuthClient {
  /** Adds, lists, changes and deletes users. */
  readonly users: UserClient;
  /** Adds, lists, changes and deletes roles and their permissions. */
  readonly roles: RoleClient;
  /**
   * Turns authentication on: from then on every request needs a user. A client without `auth` is refused, so create one
   * with the user root.
   * @throws {EtcdError} with reason `RootUserNotExist` unless there is a user `root`, `RootRoleNotExist` unless it has
   *   the role `root`.
   */
  enable(options?: CallOptions): Promise<void>;
  /** Turns authentication off. Dangerous: every client that reaches etcd may then read and change everything. */
  disable(options?: CallOptions): Promise<void>;
  /**
   * Returns whether authentication is on. Since etcd 3.5.
   * @throws {EtcdError} with reason `MethodUnsupported` from an older etcd.
   */
  status(options?: CallOptions): Promise<AuthStatus>;
}
