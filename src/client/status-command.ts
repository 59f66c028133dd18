/** `critter status`: what runs, since when, what it costs, and what the daemon's last start found. */
import { UsageError } from "../usage.ts";
import { answer, clientOptionsHelp, connectTo, PATIENCE_MS, parseClientOptions } from "./connection.ts";
import { statusReport } from "./status-report.ts";
import { statusText } from "./status-text.ts";

const help = `Usage: critter status [OPTIONS]

Shows the daemon and all pods and containers: since when they are in their state, what share of one processor they take
at the moment, their memory (working set) and what their containers have written. "#2" is a container's attempt.

${clientOptionsHelp}`;

export async function statusCommand(argv: string[]): Promise<number> {
  const options = parseClientOptions(argv);
  if (options.help) return answer(help);
  const [extra] = options.positionals;
  if (extra !== undefined) throw new UsageError(`status takes no argument ${JSON.stringify(extra)}`);
  using client = await connectTo(options, PATIENCE_MS);
  const report = await statusReport(client);
  return answer(options.json ? `${JSON.stringify(report, null, 2)}\n` : statusText(report, Date.now()));
}
