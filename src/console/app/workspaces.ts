import { signal } from '@preact/signals';
import { pagesOf, sentenceOf } from './api.ts';
import type { Workspace, Workspaces } from './contract.ts';
import { currentSession } from './current-session.ts';
import { toast } from './toasts.tsx';

export const workspaces = signal<Workspace[]>([]);

/** Loads their names, if the key may see them: pages show ids otherwise. */
export async function loadWorkspaces(): Promise<void> {
  if (!currentSession.peek()?.scopes.includes('workspaces:read')) return;
  try {
    const found: Workspace[] = [];
    for await (const page of pagesOf<Workspaces>('/v1/workspaces')) found.push(...page.workspaces);
    workspaces.value = found;
  } catch (error) {
    toast(`The workspaces could not be loaded. ${sentenceOf(error)}`, { isBad: true });
  }
}

/** The name of a workspace, or the beginning of its id where the name is not known. */
export function nameOfWorkspace(workspaceId: string): string {
  return workspaces.value.find(({ id }) => id === workspaceId)?.name ?? workspaceId.slice(0, 8);
}
