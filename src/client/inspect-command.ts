/** `critter inspect`: a pod with its containers, one container with its pod, or an image. */
import { UsageError } from "../usage.ts";
import { answer, clientOptionsHelp, connectTo, PATIENCE_MS, parseClientOptions } from "./connection.ts";
import { find } from "./find.ts";
import { inspect } from "./inspection.ts";
import { inspectionText } from "./inspection-text.ts";

const help = `Usage: critter inspect [OPTIONS] NAME|ID

Shows a pod with its containers, a container with its pod, or an image with its containers: network, mounts, resources,
cost, last exit, log. It is named as NAMESPACE/POD or POD, as NAMESPACE/POD/CONTAINER or its end, as an image, or by the
beginning of its id. Where several have the name, the only one that runs is meant.

${clientOptionsHelp}`;

export async function inspectCommand(argv: string[]): Promise<number> {
  const options = parseClientOptions(argv);
  if (options.help) return answer(help);
  const [text, extra] = options.positionals;
  if (!text) throw new UsageError("inspect needs a name or an id");
  if (extra !== undefined)
    throw new UsageError(`unexpected ${JSON.stringify(extra)}: inspect takes one name or id`);
  using client = await connectTo(options, PATIENCE_MS);
  const inspection = await inspect(client, await find(client, text));
  return answer(
    options.json ? `${JSON.stringify(inspection, null, 2)}\n` : inspectionText(inspection, Date.now()),
  );
}
