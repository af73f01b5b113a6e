import { z } from 'zod';
import { REFUSED_KEYS } from './manifest-keys.ts';
import { problemOfMatchPattern } from './match-pattern.ts';
import { problemOfPermission } from './permissions.ts';
import type { Problem } from './package-problems.ts';

const MANIFEST = 'manifest.json';
/** https://developer.chrome.com/docs/extensions/reference/manifest/version */
const VERSION = /^(?:0|[1-9]\d{0,4})(?:\.(?:0|[1-9]\d{0,4})){0,3}$/;
const NAME_MAX = 75;

const Patterns = z.array(
  z.string().superRefine((pattern, context) => {
    const problem = problemOfMatchPattern(pattern);
    if (problem !== undefined) {
      context.addIssue({
        code: 'custom',
        message: `"${pattern}" is not a match pattern: ${problem}`,
      });
    }
  }),
);
const Files = z.array(z.string());
const Icons = z.union([z.string(), z.record(z.string(), z.string())]);
const Permissions = z.array(
  z.string().superRefine((name, context) => {
    const problem = problemOfPermission(name);
    if (problem !== undefined) {
      const message = `The permission "${name}" is not allowed here: ${problem}`;
      context.addIssue({ code: 'custom', message });
    }
  }),
);

/**
 * https://developer.chrome.com/docs/extensions/reference/manifest, with the keys that are checked
 * here.
 */
export const Manifest = z.looseObject({
  manifest_version: z.literal(3, {
    error: ({ input }) =>
      input === 2
        ? 'Manifest V2 no longer loads in this Chromium: migrate to manifest_version 3'
        : 'manifest_version must be 3',
  }),
  name: z.string().min(1),
  version: z
    .string()
    .regex(VERSION, 'One to four numbers up to 65535, with dots between them, such as 1.0.2')
    .refine(
      (text) => text.split('.').every((part) => Number(part) <= 65_535),
      'A number is > 65535',
    ),
  description: z.string().optional(),
  default_locale: z.string().optional(),
  key: z.base64('The key is not base64').optional(),
  permissions: Permissions.optional(),
  optional_permissions: Permissions.optional(),
  host_permissions: Patterns.optional(),
  optional_host_permissions: Patterns.optional(),
  icons: z.record(z.string(), z.string()).optional(),
  background: z.looseObject({ service_worker: z.string().optional() }).optional(),
  action: z
    .looseObject({
      default_popup: z.string().optional(),
      default_icon: Icons.optional(),
      default_title: z.string().optional(),
    })
    .optional(),
  content_scripts: z
    .array(
      z.looseObject({
        matches: Patterns.min(1, 'A content script needs at least one match pattern'),
        exclude_matches: Patterns.optional(),
        js: Files.optional(),
        css: Files.optional(),
      }),
    )
    .optional(),
  options_page: z.string().optional(),
  options_ui: z.looseObject({ page: z.string() }).optional(),
  devtools_page: z.string().optional(),
  side_panel: z.looseObject({ default_path: z.string().optional() }).optional(),
  chrome_url_overrides: z.record(z.string(), z.string()).optional(),
  declarative_net_request: z
    .looseObject({ rule_resources: z.array(z.looseObject({ path: z.string() })).optional() })
    .optional(),
  ...REFUSED_KEYS,
});
export type Manifest = z.infer<typeof Manifest>;

/** The texts of the default locale, by their names in lower case. */
export type Messages = ReadonlyMap<string, string>;

/** What is wrong with the values in a manifest, and where. */
export function problemsOf(error: z.ZodError): Problem[] {
  return error.issues.map(({ path, message }) => ({
    path: `${MANIFEST}#${path.join('.')}`,
    message,
  }));
}

/** Files that a manifest names and the package lacks, and texts that its default locale lacks. */
export function missingParts(
  manifest: Manifest,
  files: ReadonlySet<string>,
  messages: Messages,
): Problem[] {
  const missingFiles = namedFiles(manifest)
    .filter(([, file]) => !files.has(normalize(file)))
    .map(([field, file]) => ({
      path: `${MANIFEST}#${field}`,
      message: `The file "${file}" is not in the package`,
    }));
  const { name, description = '', action } = manifest;
  const texts = { name, description, 'action.default_title': action?.default_title ?? '' };
  const missingTexts = Object.entries(texts).flatMap(([field, text]) =>
    messageNames(text)
      // Messages with @@ are Chromium's own.
      .filter((message) => !message.startsWith('@@') && !messages.has(message.toLowerCase()))
      .map((message) => ({
        path: `${MANIFEST}#${field}`,
        message: `The message "${message}" is not in the default locale`,
      })),
  );
  const resolved = resolveMessages(name, messages);
  const tooLong = resolved.length > NAME_MAX;
  return [
    ...missingFiles,
    ...missingTexts,
    ...(tooLong
      ? [{ path: `${MANIFEST}#name`, message: `It has more than ${NAME_MAX} letters` }]
      : []),
  ];
}

/** A text of the manifest in the default locale. */
export function resolveMessages(text: string, messages: Messages): string {
  return text.replaceAll(/__MSG_([\w@]+)__/g, (whole, name: string) => {
    return messages.get(name.toLowerCase()) ?? whole;
  });
}

function messageNames(text: string): string[] {
  return [...text.matchAll(/__MSG_([\w@]+)__/g)].flatMap(([, name]) => name ?? []);
}

function one(field: string, file: string | undefined): [string, string][] {
  return file === undefined || file === '' ? [] : [[field, file]];
}

/** The files that a manifest names, each with the field that names it. */
function namedFiles(manifest: Manifest): [string, string][] {
  const { background, action, options_ui, side_panel, declarative_net_request: rules } = manifest;
  const icons = (field: string, icon: z.infer<typeof Icons> | undefined) =>
    typeof icon === 'string'
      ? one(field, icon)
      : Object.entries(icon ?? {}).flatMap(([size, file]) => one(`${field}.${size}`, file));
  return [
    ...one('background.service_worker', background?.service_worker),
    ...one('action.default_popup', action?.default_popup),
    ...icons('action.default_icon', action?.default_icon),
    ...icons('icons', manifest.icons),
    ...one('options_page', manifest.options_page),
    ...one('options_ui.page', options_ui?.page),
    ...one('devtools_page', manifest.devtools_page),
    ...one('side_panel.default_path', side_panel?.default_path),
    ...icons('chrome_url_overrides', manifest.chrome_url_overrides),
    ...(rules?.rule_resources ?? []).flatMap(({ path }, at) =>
      one(`declarative_net_request.rule_resources.${at}.path`, path),
    ),
    ...(manifest.content_scripts ?? []).flatMap(({ js = [], css = [] }, at) => [
      ...js.flatMap((file, index) => one(`content_scripts.${at}.js.${index}`, file)),
      ...css.flatMap((file, index) => one(`content_scripts.${at}.css.${index}`, file)),
    ]),
  ];
}

/** A path as Chromium looks it up: without a leading slash, a query or a fragment. */
function normalize(file: string): string {
  const path = file.replace(/^\.?\/+/, '').replace(/[?#].*$/, '');
  try {
    return decodeURI(path);
  } catch {
    return path;
  }
}
