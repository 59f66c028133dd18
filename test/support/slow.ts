/** How many times longer things may take than on a usual machine: `CRITTER_TEST_SLOW`, 1 where it is not set. */
export const SLOW = Number(process.env.CRITTER_TEST_SLOW || 1);
