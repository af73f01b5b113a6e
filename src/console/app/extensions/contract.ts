import type { z } from 'zod';
import type { ExtensionImport } from '../../../api/schemas/browser-extension.ts';

export type ImportExtension = z.input<typeof ExtensionImport>;
