/** What ids look like, where a reader has none yet. */
export const EXAMPLE_ID = '0198c1f6-7a1e-7c3a-9b1e-2f6a4d5e6f70';
