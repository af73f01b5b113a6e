import type { z } from 'zod';
import type { FileBody, FileList, MoveFileRequest } from '../../../api/schemas/file.ts';
import type {
  CreateNamespaceRequest,
  NamespaceBody,
  NamespaceList,
} from '../../../api/schemas/storage.ts';

export type CreateNamespace = z.input<typeof CreateNamespaceRequest>;
export type MoveFile = z.input<typeof MoveFileRequest>;
export type Namespace = z.infer<typeof NamespaceBody>;
export type Namespaces = z.infer<typeof NamespaceList>;
export type StoredFile = z.infer<typeof FileBody>;
export type StoredFiles = z.infer<typeof FileList>;
