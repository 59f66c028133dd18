/** Memory that the C library keeps after it was freed. */
import { promisify } from "node:util";
import { declare } from "./libc.ts";

const mallocTrimCall = declare("int malloc_trim(size_t keep)");

/** Gives the kernel back what threads that have ended left behind; off this thread, since it takes milliseconds. */
export async function trimMemory(): Promise<void> {
  await promisify<number, number>(mallocTrimCall.async)(0);
}
