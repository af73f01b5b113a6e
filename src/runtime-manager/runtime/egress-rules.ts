/** How a customer narrows where a runtime's browser may go; each a list of rules. */
export interface EgressRules {
  /** When it is there, only what matches may be reached. */
  allow?: string[] | undefined;
  /** What matches may not be reached. */
  deny?: string[] | undefined;
}
