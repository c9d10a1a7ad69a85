import { InvalidInputError } from '../errors/index.js';
import {
  anything,
  boolean,
  checkNewPassword,
  checkWait,
  noOptions,
  optionsChecker,
  waitChecks,
  withJson,
} from '../model/index.js';
import type { AuthCalls, CallOptions } from '../wire/index.js';
import type { AuthUser, NewUser, PasswordOptions, UserClient } from './auth-client.js';
import { checkName } from './names.js';
import { unlessDone } from './unless-done.js';

const checkPasswordOptions = optionsChecker<PasswordOptions>({ allowPlaintext: boolean, ...waitChecks });

/** The password is checked by {@link checkPassword}, whose errors do not contain it. */
const checkNewUser = optionsChecker<NewUser>(
  { password: anything, noPassword: boolean, allowPlaintext: boolean, ...waitChecks },
  { secret: true, required: 'give { password } or { noPassword: true }' },
);

export class UserClientImpl implements UserClient {
  readonly #calls: AuthCalls;

  constructor(calls: AuthCalls) {
    this.#calls = calls;
  }

  async add(name: string, options: NewUser): Promise<void> {
    checkName(name, 'the user name');
    checkNewUser(options);
    const { password, noPassword = false, allowPlaintext = false } = options;
    if (noPassword && password !== undefined)
      throw new InvalidInputError('password and noPassword exclude each other');
    const request = { name, password: password ?? '', options: { noPassword }, hashedPassword: '' };
    if (!noPassword) checkPassword(password, 'give one, or noPassword: true');
    const callOptions = noPassword
      ? options
      : await this.#calls.checkPasswordMayBeSent(allowPlaintext, options);
    await this.#calls.userAdd(request, callOptions);
  }

  async get(name: string, options: CallOptions = noOptions): Promise<AuthUser> {
    checkName(name, 'the user name');
    checkWait(options);
    const { roles } = await this.#calls.userGet(name, options);
    return withJson({ name, roles });
  }

  async list(options: CallOptions = noOptions): Promise<readonly string[]> {
    checkWait(options);
    return (await this.#calls.userList(options)).users;
  }

  async delete(name: string, options: CallOptions = noOptions): Promise<void> {
    checkName(name, 'the user name');
    checkWait(options);
    await unlessDone(this.#calls.userDelete(name, options), 'UserNotFound');
  }

  async changePassword(name: string, password: string, options: PasswordOptions = noOptions): Promise<void> {
    checkName(name, 'the user name');
    checkPasswordOptions(options);
    checkPassword(password, 'give one');
    const callOptions = await this.#calls.checkPasswordMayBeSent(options.allowPlaintext ?? false, options);
    await this.#calls.userChangePassword({ name, password, hashedPassword: '' }, callOptions);
  }

  async grantRole(name: string, role: string, options: CallOptions = noOptions): Promise<void> {
    checkName(name, 'the user name');
    checkName(role, 'the role name');
    checkWait(options);
    await this.#calls.userGrantRole(name, role, options);
  }

  async revokeRole(name: string, role: string, options: CallOptions = noOptions): Promise<void> {
    checkName(name, 'the user name');
    checkName(role, 'the role name');
    checkWait(options);
    await unlessDone(this.#calls.userRevokeRole(name, role, options), 'RoleNotGranted');
  }
}

function checkPassword(password: unknown, remedy: string): void {
  if (typeof password !== 'string' || password === '')
    throw new InvalidInputError(`the password is missing, empty or not a string: ${remedy}`);
  checkNewPassword(password, 'the password');
}
