import type { Profile } from './profile.ts';

/** A profile as its owner sees it; nothing in its `config` is secret. */
export interface BrowserProfile extends Profile {
  name: string;
  /** What the next launch begins from; undefined: nothing was saved yet. */
  currentVersion: number | undefined;
  createdAt: Date;
  updatedAt: Date;
}

/** The configuration with the password of its proxy. */
export type ProfileValues = Pick<
  BrowserProfile,
  'name' | 'config' | 'extensionIds' | 'fingerprint'
>;

/** What is undefined stays as it is. */
export type ProfileChanges = { [Field in keyof ProfileValues]?: ProfileValues[Field] | undefined };

/** The active runtime that writes a profile. */
export interface ProfileWriter {
  runtimeId: string;
  alias: string;
  since: Date;
}
