import type { BrowserConfig } from '../runtime/launch.ts';

/** How a profile's browser presents itself; what is absent stays as the browser has it. */
export interface Fingerprint {
  /** A BCP 47 language tag, such as `de-DE`. */
  locale?: string | undefined;
  /** An IANA time zone, such as `Europe/Berlin`. */
  timezone?: string | undefined;
  /** The size of pages, in CSS pixels. */
  viewport?: { width: number; height: number } | undefined;
  userAgent?: string | undefined;
}

/**
 * Where a version comes from: `saved` at the end of a runtime, `checkpoint` while it ran,
 * `recovered` from what a crash left or from a writer that had been replaced, `imported` or
 * `forked`.
 */
export const VERSION_KINDS = ['saved', 'checkpoint', 'recovered', 'imported', 'forked'] as const;
export type VersionKind = (typeof VERSION_KINDS)[number];

/** A profile as a launch needs it. */
export interface Profile {
  id: string;
  organizationId: string;
  config: BrowserConfig;
  extensionIds: string[];
  fingerprint: Fingerprint;
}

/** A file in the object storage, with the size and hash that it must have. */
export interface Archive {
  key: string;
  sizeBytes: number;
  /** In hexadecimal. */
  sha256: string;
}

export interface ProfileVersion extends Archive {
  profileId: string;
  version: number;
  kind: VersionKind;
  runtimeId: string | undefined;
  createdAt: Date;
}

/**
 * A profile that a runtime has taken: what the runtime begins from, and what its saves have to
 * name.
 */
export interface ProfileLease {
  profile: Profile;
  /** Higher than the fence of any earlier writer; a reader gets the present one. */
  fence: number;
  /** Undefined: nothing was saved yet. */
  version: ProfileVersion | undefined;
}

/** A version to be recorded; only one of the newest writer becomes current. */
export interface NewVersion {
  kind: VersionKind;
  archive: Archive;
  fence: number;
  runtimeId: string | undefined;
}
