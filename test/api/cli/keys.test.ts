import { expect, onTestFinished, test } from 'vitest';
import { findKeyHolder } from '../../../src/db/queries/api-keys.ts';
import { insertOrganization } from '../../../src/db/queries/organizations.ts';
import { findWorkspace } from '../../../src/db/queries/workspaces.ts';
import { MEMBER_SCOPES } from '../../../src/runtime-manager/runtime/index.ts';
import { commandEnvironment, runCommand } from '../../support/command-line.ts';
import { openTestDatabase } from '../../support/database.ts';

/** A database with one organization, and the command line beside it. */
async function openKeys() {
  const database = await openTestDatabase();
  onTestFinished(() => database[Symbol.asyncDispose]());
  const { db } = database;
  const organization = await insertOrganization(db, 'acme');
  const env = await commandEnvironment(database);
  const ask = (...args: string[]) =>
    runCommand('cli/keys', args, env).then(
      ({ stdout }) => stdout.trim(),
      ({ stderr }) => String(stderr),
    );
  return { db, organization, ask };
}

test('the command line creates keys with all scopes or some, lists them and revokes them', async () => {
  const { db, organization, ask } = await openKeys();
  const create = (...args: string[]) => ask('create', '--organization', 'acme', ...args);
  const [member, admin, limited] = await Promise.all([
    create(),
    create('--name', 'ops', '--admin'),
    create('--scopes', 'runtimes:read,runtimes:write', '--workspaces', 'default'),
  ]);
  const workspace = await findWorkspace(db, organization.id, 'default');
  expect(await findKeyHolder(db, member)).toMatchObject({
    organizationId: organization.id,
    scopes: MEMBER_SCOPES,
    workspaceIds: undefined,
  });
  expect(await findKeyHolder(db, limited)).toMatchObject({
    scopes: ['runtimes:read', 'runtimes:write'],
    workspaceIds: [workspace?.id],
  });
  const listed = (await ask('list')).split('\n').map((line) => line.split('\t'));
  expect(listed.map((fields) => fields.slice(2))).toEqual(
    expect.arrayContaining([
      ['acme', 'cli', 'member', 'all workspaces', 'active'],
      ['acme', 'ops', 'admin', 'all workspaces', 'active'],
      ['acme', 'cli', 'runtimes:read,runtimes:write', `workspaces ${workspace?.id}`, 'active'],
    ]),
  );
  // The operator may revoke even the last key that can create others.
  const id = (await findKeyHolder(db, admin))?.keyId ?? '';
  expect(await ask('revoke', id)).toBe(`revoked ${id}`);
  expect(await findKeyHolder(db, admin)).toBeUndefined();
});

test('an unknown scope is refused', async () => {
  const { ask } = await openKeys();
  expect(await ask('create', '--scopes', 'runtimes:fly')).toContain('no scope runtimes:fly');
});
