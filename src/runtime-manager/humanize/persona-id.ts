/** Ids of personas go from 0 to this. */
export const PERSONA_ID_MAX = 2 ** 31 - 1;
