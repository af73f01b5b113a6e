import { z } from 'zod';
import type { FileLimits, S3Options } from '../../../runtime-manager/index.ts';
import { DAY_MS, httpUrl, integer, MIB, oneOf, setting, type ValuesOf } from './setting.ts';

const GIB = 1024 * MIB;
const SECONDS_MAX = 365 * 86_400;

/** Profiles, extensions and files, and where they lie. */
export const STORAGE_SETTINGS = {
  BCTRL_PROFILE_SAVE_INTERVAL: setting(
    integer(0, SECONDS_MAX).default(300),
    'Seconds between checkpoints of running profiles; 0 for none',
  ),
  BCTRL_PROFILE_VERSIONS: setting(
    integer(1, 10_000).default(20),
    'How many versions of a profile are kept',
  ),
  BCTRL_PROFILE_VERSIONS_AGE_DAYS: setting(
    integer(1, 36_500).default(365),
    'For how many days versions are kept',
  ),
  BCTRL_IMPORT_MAX_MB: setting(
    integer(1, 1_000_000).default(4096),
    'The largest zip that may be imported',
  ),
  BCTRL_EXTENSIONS_PER_RUNTIME: setting(
    integer(0, 1000).default(16),
    'How many extensions a runtime may have',
  ),
  BCTRL_EXTENSION_MAX_MB: setting(
    integer(1, 10_000).default(64),
    'The largest extension that may be uploaded',
  ),
  BCTRL_FILE_MAX_MB: setting(
    integer(1, 10_000_000).default(5120),
    'The largest file that is stored, from an upload or a download',
  ),
  BCTRL_STORAGE_MAX_GB: setting(
    integer(1, 1_000_000).default(100),
    'The storage limit for all files of an organization, unless its row in the database has another one',
  ),
  BCTRL_DOWNLOADS_PER_RUNTIME: setting(
    integer(0, 1_000_000).default(1000),
    'How many downloads of a runtime are stored between its start and its end',
  ),
  BCTRL_S3_BUCKET: setting(
    z.string().optional(),
    'The bucket for archives and files. Without it, they are in the data directory',
  ),
  BCTRL_S3_ENDPOINT: setting(
    httpUrl('https://s3.example.com').optional(),
    'The URL of an S3-compatible store other than AWS',
    { default: 'AWS' },
  ),
  BCTRL_S3_REGION: setting(z.string().default('us-east-1'), 'The region of the bucket'),
  BCTRL_S3_PREFIX: setting(
    z
      .string()
      .regex(/^(?:[\w.-]+\/)*$/, 'not names that each end in a slash, such as archives/bctrl/')
      .default(''),
    'A prefix for every object key, with a slash at its end',
  ),
  BCTRL_S3_ACCESS_KEY_ID: setting(z.string().optional(), 'The access key for the bucket', {
    default: 'from the AWS SDK',
  }),
  BCTRL_S3_SECRET_ACCESS_KEY: setting(z.string().optional(), "The access key's secret", {
    default: 'from the AWS SDK',
  }),
  BCTRL_S3_FORCE_PATH_STYLE: setting(
    oneOf(['true', 'false']).default('true'),
    '`false` for stores that expect the bucket in the host name',
  ),
};

export interface StorageConfig {
  /** Undefined: archives are kept in the data directory. */
  s3: S3Options | undefined;
  /** 0 for never. */
  saveIntervalMs: number;
  importMaxBytes: number;
  extensionMaxBytes: number;
  fileLimits: FileLimits;
  /** From one start of a runtime to its end. */
  downloadsMax: number;
  keepVersions: { count: number; ageMs: number };
}

type Values = ValuesOf<typeof STORAGE_SETTINGS>;

export function storageConfig(values: Values): StorageConfig {
  return {
    s3: s3Options(values),
    saveIntervalMs: values.BCTRL_PROFILE_SAVE_INTERVAL * 1000,
    importMaxBytes: values.BCTRL_IMPORT_MAX_MB * MIB,
    extensionMaxBytes: values.BCTRL_EXTENSION_MAX_MB * MIB,
    fileLimits: {
      fileBytes: values.BCTRL_FILE_MAX_MB * MIB,
      organizationBytes: values.BCTRL_STORAGE_MAX_GB * GIB,
    },
    downloadsMax: values.BCTRL_DOWNLOADS_PER_RUNTIME,
    keepVersions: {
      count: values.BCTRL_PROFILE_VERSIONS,
      ageMs: values.BCTRL_PROFILE_VERSIONS_AGE_DAYS * DAY_MS,
    },
  };
}

function s3Options(values: Values): S3Options | undefined {
  const { BCTRL_S3_BUCKET: bucket, BCTRL_S3_ACCESS_KEY_ID: accessKeyId } = values;
  const secretAccessKey = values.BCTRL_S3_SECRET_ACCESS_KEY;
  if (bucket === undefined) return undefined;
  return {
    bucket,
    endpoint: values.BCTRL_S3_ENDPOINT,
    region: values.BCTRL_S3_REGION,
    prefix: values.BCTRL_S3_PREFIX,
    forcePathStyle: values.BCTRL_S3_FORCE_PATH_STYLE === 'true',
    credentials:
      accessKeyId === undefined || secretAccessKey === undefined
        ? undefined
        : { accessKeyId, secretAccessKey },
  };
}
