import type { z } from 'zod';
import type {
  ForkProfileRequest,
  profileRequests,
  VersionBody,
  VersionList,
} from '../../../api/schemas/browser-profile.ts';

export type CreateProfile = z.input<ReturnType<typeof profileRequests>['create']>;
export type UpdateProfile = z.input<ReturnType<typeof profileRequests>['update']>;
export type ForkProfile = z.input<typeof ForkProfileRequest>;
export type Version = z.infer<typeof VersionBody>;
export type Versions = z.infer<typeof VersionList>;
