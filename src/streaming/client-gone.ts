/** Errors of a connection that say no more than that the client has closed it: many do so once they have what they want. */
export function isClientGone(error: unknown): boolean {
  const { code = "" } = (error ?? {}) as NodeJS.ErrnoException;
  return code === "ECONNRESET" || code === "EPIPE";
}
