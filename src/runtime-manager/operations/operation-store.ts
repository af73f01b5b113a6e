import type { NewOperation, Operation, OperationEnd, OperationProgress } from './operation.ts';

/** Where operations are recorded. The node that has the runtime makes all writes. */
export interface OperationStore {
  /** Resolves with false when there is one with this id, and when the runtime's record is gone. */
  insert(operation: NewOperation): Promise<boolean>;
  begin(id: string): Promise<void>;
  progress(id: string, progress: OperationProgress): Promise<void>;
  /** Resolves with the operation; does nothing to one that is over. */
  end(id: string, end: OperationEnd): Promise<Operation | undefined>;
  find(organizationId: string, id: string): Promise<Operation | undefined>;
  /** Fails what a node has not ended, and never will: its process ended, or was taken for lost. */
  interrupt(nodeId: string): Promise<void>;
}
