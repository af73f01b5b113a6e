import type { TestService } from './service.ts';
import type { TestWorkspace } from './test.ts';

/** Where a runtime is made and connected to at once, with these fields, as a program writes them. */
export function connectOnceUrl(
  { url }: Pick<TestService, 'url'>,
  { id }: Pick<TestWorkspace, 'id'>,
  fields: Record<string, unknown> = {},
): string {
  const entries = Object.entries(fields).map(([name, value]) => [
    name,
    typeof value === 'string' ? value : JSON.stringify(value),
  ]);
  const query = new URLSearchParams(Object.fromEntries(entries)).toString();
  const path = `/v1/workspaces/${id}/connect${query && `?${query}`}`;
  return url.replace('http', 'ws') + path;
}
