/** critter check: verifies the store of a daemon that does not run, and mends it where asked to. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { DatabaseSync } from "node:sqlite";
import { parseArgs } from "node:util";
import { checkOptions } from "./command-line/commands.ts";
import { optionsHelp } from "./command-line/option.ts";
import { loadConfig } from "./config/load.ts";
import { messageOf } from "./cri/status-error.ts";
import { bootId } from "./linux/boot-id.ts";
import { takeLock } from "./linux/lock-file.ts";
import { volumeImageIds } from "./oci/image-mounts.ts";
import { isContainerRecord } from "./oci/record.ts";
import { isPodSandboxRecord } from "./sandbox/record.ts";
import { openDatabase } from "./state/database.ts";
import { checkStore, type Finding } from "./storage/check.ts";
import { repairStore } from "./storage/check-repair.ts";
import { readRecords, readSnapshot, type StoreSnapshot, type StoreUser } from "./storage/check-snapshot.ts";
import { parseOptions } from "./usage.ts";

const help = `Usage: critter check [OPTIONS]

Verifies the images of a daemon that does not run: records, folders, and what containers refer to. Every finding is a
line. The content of files is not checked beyond their number and sizes: the archives it came in are not kept.

Options:
${optionsHelp(checkOptions)}
The exit status is 0 when nothing is wrong (any more), 1 when something is, 2 when it cannot be checked.
`;

/** Runs the command and answers the exit status. Throws UsageError. */
export async function checkCommand(argv: string[]): Promise<number> {
  const { values } = parseOptions(() => parseArgs({ args: argv, options: checkOptions }));
  if (values.help) {
    process.stdout.write(help);
    return 0;
  }
  try {
    return checkRoot(loadConfig(values.config).crio.root, values.repair ?? false);
  } catch (error) {
    process.stderr.write(`critter: ${messageOf(error)}\n`);
    return 2;
  }
}

function checkRoot(root: string, repair: boolean): number {
  const file = join(root, "state.db");
  if (!existsSync(file)) throw new Error(`crio.root is ${JSON.stringify(root)}: there is no store (${file})`);
  if (!takeLock(join(root, "critter.lock"))) {
    throw new Error(
      `crio.root is ${JSON.stringify(root)}: a critter uses it; stop the daemon, pods may run on`,
    );
  }
  const database = openDatabase(file);
  try {
    const store = snapshotOf(database, root);
    const findings = [...checkDatabase(database), ...checkStore(store)];
    if (repair) repairStore(database, store, findings);
    for (const finding of findings) process.stdout.write(`${lineOf(finding, repair)}\n`);
    const remain = repair ? findings.filter((finding) => !finding.repair) : findings;
    return remain.length === 0 ? 0 : 1;
  } finally {
    database.close();
  }
}

function lineOf({ text, repair }: Finding, repaired: boolean): string {
  return repaired && repair ? `${text} (repaired)` : text;
}

/** SQLite's own check; it answers one row that says "ok" where nothing is wrong. */
function checkDatabase(database: DatabaseSync): Finding[] {
  const rows = database.prepare("PRAGMA integrity_check").all();
  const problems = rows.map((row) => String(row.integrity_check)).filter((text) => text !== "ok");
  return problems.map((text) => ({ text: `state.db: ${text}`, repair: undefined }));
}

/** The store of the daemon whose `crio.root` is `root`, as its database has it and as it is on disk. */
export function snapshotOf(database: DatabaseSync, root: string): StoreSnapshot {
  const unreadable: StoreSnapshot["unreadable"] = [];
  const containers = readRecords(database, "containers", isContainerRecord, unreadable);
  const sandboxes = readRecords(database, "sandboxes", isPodSandboxRecord, unreadable);
  // Whatever cannot be read may still run: its folders are not nobody's.
  const unknown = unreadable.map(({ table, id }): StoreUser => {
    return { kind: table === "containers" ? "container" : "pod sandbox", id, imageIds: [] };
  });
  const users: StoreUser[] = [
    ...unknown,
    ...sandboxes.map(({ id, imageId }): StoreUser => ({ kind: "pod sandbox", id, imageIds: [imageId] })),
    ...containers.map((record): StoreUser => {
      return { kind: "container", id: record.id, imageIds: [record.imageId, ...volumeImageIds(record)] };
    }),
  ];
  const store = readSnapshot(database, join(root, "storage"), users, bootId());
  return { ...store, unreadable: [...unreadable, ...store.unreadable] };
}
