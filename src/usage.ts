/** Errors of the command line. */

/** The command line is wrong; the process ends with status 2. */
export class UsageError extends Error {}

/** Runs `parse` (a call of parseArgs); what it refuses becomes a UsageError. */
export function parseOptions<T>(parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    const refused =
      error instanceof TypeError && "code" in error && String(error.code).startsWith("ERR_PARSE_ARGS");
    throw refused ? new UsageError(error.message, { cause: error }) : error;
  }
}
