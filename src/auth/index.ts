export type {
  AuthClient,
  AuthRole,
  AuthStatus,
  AuthUser,
  NewUser,
  PasswordOptions,
  Permission,
  PermissionType,
  RoleClient,
  UserClient,
} from './auth-client.js';
export { AuthClientImpl } from './auth-client-impl.js';
