import { MATRIX } from './matrix';
import type { Role } from './queries';

/** What each role is for, in a sentence. */
export const PURPOSE: Readonly<Record<Role, string>> = {
  'fleet-admin': 'everything',
  operator: 'runs nodes and deployments',
  'model-approver': 'decides which models and whose signatures are good',
  auditor: 'reads all that is on record, changes nothing',
  developer: 'builds on the models',
  user: 'asks models',
  'vendor-support': 'sees how the fleet is, never what is asked of it',
};

/** What somebody with these roles may do, in the order of the table. */
export function allowed(roles: readonly Role[]): string[] {
  return Object.entries(MATRIX).filter(([, may]) => roles.some((role) => may.includes(role))).map(([action]) => action);
}

/** What a change of roles adds and takes away. */
export function difference(before: readonly Role[], after: readonly Role[]): { adds: string[]; takes: string[] } {
  const [had, has] = [allowed(before), allowed(after)];
  return { adds: has.filter((action) => !had.includes(action)), takes: had.filter((action) => !has.includes(action)) };
}
