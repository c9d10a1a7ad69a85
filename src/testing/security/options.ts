import { InvalidInputError } from '../../errors/index.js';
import {
  boolean,
  type Check,
  checkNewPassword,
  listOf,
  oneOf,
  optionsChecker,
  text,
  wellFormedText,
} from '../../model/index.js';

/** TLS of an etcd that the test kit starts. */
export interface EtcdTlsOptions {
  /**
   * Whether etcd requires a certificate of its clients (`--client-cert-auth`). Default false. `clientOptions` then
   * contains one, whose common name is the user's.
   */
  clientCertificates?: boolean;
}

/** The users and roles of an etcd that the test kit starts. */
export interface EtcdAuthOptions {
  /** The password of `root`, who may do everything; at most 72 bytes in UTF-8. Default: a random one; `clientOptions.auth` has it. */
  rootPassword?: string;
  /** What a role permits, by the role's name. A role permits nothing else. Default: no roles but `root`. */
  roles?: Readonly<Record<string, readonly EtcdPermission[]>>;
  /** The users by name, beside `root`. Default: none. */
  users?: Readonly<Record<string, EtcdUser>>;
}

/** A permission for the keys of a prefix (the empty prefix means all keys), or for one key. */
export type EtcdPermission =
  | {
      /** What the role may do with the keys. `write` includes deleting. */
      readonly access: 'read' | 'write' | 'readwrite';
      /** The keys that start with it. The empty prefix means all keys. */
      readonly prefix: string;
      /** Not with `prefix`. */
      readonly key?: never;
    }
  | {
      /** What the role may do with the key. `write` includes deleting. */
      readonly access: 'read' | 'write' | 'readwrite';
      /** One key. */
      readonly key: string;
      /** Not with `key`. */
      readonly prefix?: never;
    };

/** A user of an etcd that the test kit starts. */
export interface EtcdUser {
  /**
   * The password, of at most 72 bytes in UTF-8. Default: none, so that the user is identified by the common name of a client certificate alone, which
   * needs `tls: { clientCertificates: true }`.
   */
  readonly password?: string;
  /** The names of roles in `roles`, or `root`. Default: none, so that every request for a key is refused. */
  readonly roles?: readonly string[];
}

export const tlsCheck: Check = optionsChecker<EtcdTlsOptions>({ clientCertificates: boolean });

const permissionCheck = optionsChecker<EtcdPermission>({
  access: oneOf('read', 'write', 'readwrite'),
  prefix: text,
  key: text,
});

const checkPermission: Check = (value, name) => {
  permissionCheck(value, name);
  const { access, prefix, key } = value as Partial<Record<'access' | 'prefix' | 'key', string>>;
  if (access === undefined) throw new InvalidInputError(`${name}.access is missing`);
  if ((prefix === undefined) === (key === undefined))
    throw new InvalidInputError(`${name} must have either prefix or key`);
  if (key === '') throw new InvalidInputError(`${name}.key is empty`);
};

const userCheck = optionsChecker<EtcdUser>(
  { password: checkNewPassword, roles: listOf(text) },
  { secret: true },
);

const checkAuthNames = optionsChecker<EtcdAuthOptions>(
  { rootPassword: checkNewPassword, roles: recordOf(listOf(checkPermission)), users: recordOf(userCheck) },
  { secret: true },
);

/** Checks the values, and that each user has the roles and a way to authenticate. */
export const authCheck: Check = (value, name) => {
  checkAuthNames(value, name);
  const { roles = {}, users = {} } = value as EtcdAuthOptions;
  if (Object.hasOwn(roles, 'root'))
    throw new InvalidInputError(`${name}.roles.root is given; etcd's role root permits everything`);
  if (Object.hasOwn(users, 'root'))
    throw new InvalidInputError(`${name}.users.root is given; set ${name}.rootPassword`);
  for (const [user, { roles: granted = [] }] of Object.entries(users))
    for (const role of granted)
      if (role !== 'root' && !Object.hasOwn(roles, role))
        throw new InvalidInputError(
          `${name}.users.${user}.roles has '${role}', which is not in ${name}.roles`,
        );
};

/** @throws {InvalidInputError} for a user who could not authenticate. */
export function checkPasswords(auth: EtcdAuthOptions | undefined, clientCertificates: boolean): void {
  for (const [user, { password: given }] of Object.entries(auth?.users ?? {}))
    if (given === undefined && !clientCertificates)
      throw new InvalidInputError(
        `auth.users.${user}.password is missing; only with tls: { clientCertificates: true } a user needs none`,
      );
}

/** An object whose own members all pass the check. */
function recordOf(check: Check): Check {
  return (value, name) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value))
      throw new InvalidInputError(`${name} must be an object whose members are named by the user or role`);
    for (const [member, each] of Object.entries(value)) {
      if (member === '') throw new InvalidInputError(`${name} has an empty name`);
      wellFormedText(member, `the name in ${name}`);
      if (each === undefined) throw new InvalidInputError(`${name}.${member} is undefined`);
      check(each, `${name}.${member}`);
    }
  };
}
